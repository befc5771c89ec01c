"""An org before it has customers: itself, a user, a queue, its stages; and rows put in unasked.

Used by every world that has Salesforce in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sandbox.salesforce import ids, org, picklists, rsa, schema
from sandbox.salesforce.fields import SObject
from sandbox.store import Store
from sandbox.times import iso_seconds
from sandbox.worlds.reps import HEADQUARTERS

ORG_ID = ids.full("00DSB0000001aZ9")
INTEGRATION_USER = ids.make("005", 1)
QUEUE_ID = ids.make("00G", 1)
Row = dict[str, Any]
# Without these a row could not be found by anyone who asks what changed.
_ALWAYS = ("LastModifiedDate", "SystemModstamp")
_BY_US = ("CreatedById", "LastModifiedById", "OwnerId")


class Loader:
    """Puts rows into the tables of an org, filling in what every row has. Nothing is checked."""

    def __init__(self, store: Store, objects: dict[str, SObject], now: int) -> None:
        self.store, self.objects, self.now = store, objects, now
        self._numbers: dict[str, int] = {}
        self._shapes: dict[str, _Shape] = {}

    def new_id(self, name: str) -> str:
        self._numbers[name] = self._numbers.get(name, 0) + 1
        return ids.make(self.objects[name].prefix, self._numbers[name])

    def last_id(self, name: str) -> str:
        """The latest id of an object; ids sort as they were made."""
        return ids.make(self.objects[name].prefix, self._numbers.get(name, 0))

    def add(self, name: str, rows: Iterable[Mapping[str, Any]], *, explicit: bool = False) -> int:
        """Insert rows; how many. Times given as milliseconds become Salesforce's text.

        `explicit`: a system field a row names without a value stays empty, because its source had none.
        """
        sobject = self.objects[name]
        sql = f'insert into "{name}" values ({", ".join("?" * len(sobject.fields))})'
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = _Shape(sobject)
        before = self.store.db.total_changes
        self.store.db.executemany(sql, (shape.values(row, self.now, explicit) for row in rows))
        return self.store.db.total_changes - before


class _Shape:
    """How a row of an object becomes a row of its table: what stands where, and what stands there unasked."""

    def __init__(self, sobject: SObject) -> None:
        fields = list(sobject.fields.values())
        self.at = {f.name: i for i, f in enumerate(fields)}
        self.empty: list[Any] = ["false" if f.type == "boolean" else None for f in fields]
        self.blank = self.empty.copy()
        """What a row has unasked: by the integration user."""
        for name in _BY_US:
            if name in self.at:
                self.blank[self.at[name]] = INTEGRATION_USER
        self.made, self.moved = self.at.get("CreatedDate"), [self.at[n] for n in _ALWAYS if n in self.at]
        self.times = {f.name for f in fields if f.type == "datetime"}
        self._plans: dict[tuple[str, ...], list[tuple[int, bool]]] = {}

    def values(self, row: Mapping[str, Any], now: int, explicit: bool) -> list[Any]:
        created, modified = row.get("CreatedDate"), row.get("SystemModstamp")
        made = iso_seconds(created if isinstance(created, int) else now)
        changed = iso_seconds(modified) if isinstance(modified, int) and modified != created else made
        found = self.blank.copy()
        if self.made is not None:
            found[self.made] = made
        for i in self.moved:
            found[i] = changed
        # Where every value of a large world passes, nothing is called that need not be.
        for (at, is_time), value in zip(self._plan(tuple(row)), row.values(), strict=True):
            if at < 0:
                continue
            if value is None:
                if explicit and at not in self.moved:
                    found[at] = self.empty[at]
            elif value is True:
                found[at] = "true"
            elif value is False:
                found[at] = "false"
            elif is_time and isinstance(value, int):
                found[at] = made if value == created else changed if value == modified else iso_seconds(value)
            else:
                found[at] = None if value == "" else value
        return found

    def _plan(self, names: tuple[str, ...]) -> list[tuple[int, bool]]:
        """Where each value of a row with these names goes, -1 for nowhere, and whether it is an instant."""
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plans[names] = [(self.at.get(name, -1), name in self.times) for name in names]
        return plan


def prepare(
    store: Store, home: Path, *, seed: int, at: int, name: str, currency: str, objects: dict[str, SObject],
    stages: tuple[tuple[str, int, bool, bool, str], ...] = picklists.STAGES,
) -> Loader:  # fmt: skip
    """Make an org with its own rows and credentials; a loader for the rest."""
    objects = schema.with_stages(objects, tuple(stage[0] for stage in stages))
    username = "integration@northwind.example.sandbox"
    meta = {
        "organization_id": ORG_ID,
        "integration_user_id": INTEGRATION_USER,
        "username": username,
        "currency": currency,
        "client_id": "3MVG9" + _secret(seed, "client", 80),
        "client_secret": _secret(seed, "secret", 64).upper(),
        "refresh_token": "5Aep861" + _secret(seed, "refresh", 80),
    }
    org.prepare(store, objects, meta)
    rsa.make(home / "salesforce_jwt_key.pem", f"{seed}:jwt")
    loader = Loader(store, objects, at)
    loader.add("Organization", [{
        "Id": ORG_ID, "Name": name, "TimeZoneSidKey": HEADQUARTERS, "DefaultLocaleSidKey": "en_US",
        "OrganizationType": "Enterprise Edition", "InstanceName": "SB0", "IsSandbox": True, "CreatedDate": at,
    }])  # fmt: skip
    loader.add("User", [{
        "Id": loader.new_id("User"), "Username": username, "Email": "integration@northwind.example",
        "FirstName": "Integration", "LastName": "User", "Name": "Integration User", "Alias": "integ",
        "IsActive": True, "UserType": "Standard", "TimeZoneSidKey": "UTC", "CreatedDate": at,
    }])  # fmt: skip
    loader.add(
        "Group",
        [
            {
                "Id": loader.new_id("Group"),
                "Name": "Unassigned Leads",
                "DeveloperName": "Unassigned_Leads",
                "Type": "Queue",
                "CreatedDate": at,
            }
        ],
    )
    loader.add(
        "OpportunityStage",
        [
            {
                "Id": loader.new_id("OpportunityStage"),
                "MasterLabel": stage,
                "ApiName": stage,
                "IsActive": True,
                "SortOrder": order,
                "IsClosed": closed,
                "IsWon": won,
                "ForecastCategory": forecast,
                "ForecastCategoryName": picklists.FORECAST_NAMES[forecast],
                "DefaultProbability": float(probability),
                "CreatedDate": at,
            }
            for order, (stage, probability, closed, won, forecast) in enumerate(stages, start=1)
        ],
    )
    return loader


def _secret(seed: int, name: str, length: int) -> str:
    digest = hashlib.sha512(f"salesforce:{seed}:{name}".encode()).hexdigest()
    return digest[:length]
