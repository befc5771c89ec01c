"""An org before it has customers: itself, a user, a queue, its stages; and rows put in unasked.

Used by every world that has Salesforce in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sandbox.salesforce import ids, org, picklists, rsa, schema
from sandbox.salesforce.fields import SObject
from sandbox.store import Store
from sandbox.worlds.reps import HEADQUARTERS
from sandbox.worlds.salesforce_rows import Shape

ORG_ID = ids.full("00DSB0000001aZ9")
INTEGRATION_USER = ids.make("005", 1)
QUEUE_ID = ids.make("00G", 1)
Row = dict[str, Any]


class Loader:
    """Puts rows into the tables of an org, filling in what every row has. Nothing is checked."""

    def __init__(self, store: Store, objects: dict[str, SObject], now: int) -> None:
        self.store, self.objects, self.now = store, objects, now
        self._ids: dict[str, Iterator[str]] = {}
        self._last: dict[str, str] = {}
        self._shapes: dict[str, Shape] = {}

    def new_id(self, name: str) -> str:
        following = self._ids.get(name)
        if following is None:
            following = self._ids[name] = ids.following(self.objects[name].prefix)
        found = self._last[name] = next(following)
        return found

    def last_id(self, name: str) -> str:
        """The latest id of an object; ids sort as they were made."""
        return self._last.get(name, "")

    def add(self, name: str, rows: Iterable[Mapping[str, Any]], *, explicit: bool = False) -> int:
        """Insert rows; how many. Times given as milliseconds become Salesforce's text.

        `explicit`: a system field a row names without a value stays empty, because its source had none.
        """
        return self._insert(self._shape(name).batches(rows, self.now, explicit=explicit))

    def add_values(self, name: str, names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> int:
        """As `add`, of very many rows: the values of each, which `names` tells."""
        return self._insert(self._shape(name).of_values(names, rows, self.now))

    def _shape(self, name: str) -> Shape:
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = Shape(self.objects[name], INTEGRATION_USER)
        return shape

    def _insert(self, batches: Iterable[tuple[str, Iterable[tuple[Any, ...]]]]) -> int:
        before = self.store.db.total_changes
        for statement, values in batches:
            self.store.db.executemany(statement, values)
        return self.store.db.total_changes - before


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
