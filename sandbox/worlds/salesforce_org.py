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

ORG_ID = ids.full("00DSB0000001aZ9")
INTEGRATION_USER = ids.make("005", 1)
QUEUE_ID = ids.make("00G", 1)
Row = dict[str, Any]
# Without these a row could not be found by anyone who asks what changed.
_ALWAYS = ("LastModifiedDate", "SystemModstamp")


class Loader:
    """Puts rows into the tables of an org, filling in what every row has. Nothing is checked."""

    def __init__(self, store: Store, objects: dict[str, SObject], now: int) -> None:
        self.store, self.objects, self.now = store, objects, now
        self._numbers: dict[str, int] = {}

    def new_id(self, name: str) -> str:
        self._numbers[name] = self._numbers.get(name, 0) + 1
        return ids.make(self.objects[name].prefix, self._numbers[name])

    def add(self, name: str, rows: Iterable[Mapping[str, Any]], *, explicit: bool = False) -> int:
        """Insert rows; how many. Times given as milliseconds become Salesforce's text.

        `explicit`: a system field a row names without a value stays empty, because its source had none.
        """
        sobject = self.objects[name]
        sql = f'insert into "{name}" values ({", ".join("?" * len(sobject.fields))})'
        plan = [(f.name, f.type, "false" if f.type == "boolean" else None) for f in sobject.fields.values()]
        values = [self._values(plan, row, explicit) for row in rows]
        self.store.db.executemany(sql, values)
        return len(values)

    def _values(
        self, plan: list[tuple[str, str, str | None]], row: Mapping[str, Any], explicit: bool
    ) -> list[Any]:
        created, modified = row.get("CreatedDate"), row.get("SystemModstamp")
        created = created if isinstance(created, int) else self.now
        modified = modified if isinstance(modified, int) else created
        system = {
            "CreatedDate": created,
            "LastModifiedDate": modified,
            "SystemModstamp": modified,
            "CreatedById": INTEGRATION_USER,
            "LastModifiedById": INTEGRATION_USER,
            "OwnerId": INTEGRATION_USER,
        }
        found = []
        for name, kind, default in plan:
            value = row.get(name)
            if value is None:
                unknown = explicit and name in row and name not in _ALWAYS
                value = default if unknown else system.get(name, default)
            if kind == "datetime" and isinstance(value, int):
                value = iso_seconds(value)
            elif kind == "boolean" and isinstance(value, bool):
                value = "true" if value else "false"
            found.append(None if value == "" else value)
        return found


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
        "Id": ORG_ID, "Name": name, "TimeZoneSidKey": "America/New_York", "DefaultLocaleSidKey": "en_US",
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
