"""A team that keeps its pairs in step, and what is read of it: the sandbox stores, plans, the published file.

Belongs here: who was taken for which deed, and looking things up. What people do is `deeds.py`, the team's
configuration `team.py`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from pipelines.reverse_sync import planfile
from pipelines.reverse_sync.mirror import choices
from pipelines.settings import Settings
from pipelines.state import State, conflict_choices
from pipelines.steps import Loop
from pipelines.warehouse import Warehouse
from tests.e2e import marts, stores
from tests.e2e.stores import pairs, sobject
from tests.fixtures import sandbox
from tests.fixtures.checks import NoChecks

LEFT = {"Account": "companies", "Opportunity": "deals", "Campaign": "campaigns"}


@dataclass
class Scenario:
    """What people did, by name: (HubSpot id, Salesforce id) of the records they did it to."""

    home: Path
    settings: Settings | None = None
    ready: dict[str, Any] = field(default_factory=dict)
    taken: dict[str, tuple[str, str]] = field(default_factory=dict)
    pairs: list[tuple[str, str, str]] = field(default_factory=list)
    """Everybody who was mirrored when the first was taken."""
    planned: list[int] = field(default_factory=list)
    wrote: list[set[tuple[str, str]]] = field(default_factory=list)
    """(record id, field) of each round."""
    did: list[list[dict[str, Any]]] = field(default_factory=list)
    """The actions of each round."""
    made: dict[str, str] = field(default_factory=dict)
    """What people made by hand, by name: its id."""
    calls: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Of each sync that wrote: calls as forecast and as made, round by round."""
    twice: set[tuple[str, str]] = field(default_factory=set)
    """(record id, field) of what people changed in both rounds, so that it is carried over in both."""

    @property
    def live(self) -> Settings:
        assert self.settings is not None
        return self.settings

    def take(self, name: str, right: str, where: str = "", salesforce: str = "") -> tuple[str, str]:
        """The next pair of an object that no earlier deed has touched, its records passing the conditions."""
        left, used = LEFT.get(right, "contacts"), set(self.taken.values())
        self.pairs = self.pairs or sorted(pairs(self.home))
        for left_id, kind, right_id in self.pairs:
            if kind != right or (left_id, right_id) in used:
                continue
            fits = self.rows("hubspot", f"select 1 from {left} where id = ? and {where or '1 = 1'}", left_id)
            query = f'select 1 from "{right}" where Id = ? and {salesforce or "1 = 1"}'
            if fits and self.rows("salesforce", query, right_id):
                self.taken[name] = (left_id, right_id)
                return left_id, right_id
        raise AssertionError(f"the world has no {right} for {name}")

    def left(self, name: str) -> str:
        return self.taken[name][0]

    def right(self, name: str) -> str:
        return self.taken[name][1]

    def hubspot(self, name: str, table: str) -> dict[str, Any]:
        [(props,)] = self.rows("hubspot", f"select props from {table} where id = ?", self.left(name))
        return dict(json.loads(props))

    def salesforce(self, name: str, kind: str) -> dict[str, Any]:
        return sobject(self.home, kind, self.right(name))

    def subscriber(self, name: str) -> str:
        """The status of this person on All Subscribers."""
        [(status,)] = self.rows(
            "marketing_cloud", "select status from subscribers where key = ?", self.right(name)
        )
        return str(status)

    def on_the_newsletter(self, name: str) -> str:
        """The status of this person on the list Newsletter."""
        query = "select status from list_subscribers where list = 109 and subscriber = ?"
        [(status,)] = self.rows("marketing_cloud", query, self.right(name))
        return str(status)

    def is_archived(self, name: str, table: str) -> bool:
        return bool(self.rows("hubspot", f"select archived from {table} where id = ?", self.left(name))[0][0])

    def rows(self, store: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return stores.rows(self.home, store, query, *values)

    def published(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return marts.query(self.home, query, *values)

    def carried(self, kind: str, name: str, value: str) -> dict[str, Any]:
        """The one HubSpot engagement, or Salesforce activity, whose field holds this."""
        if kind[0].isupper():
            [(i,)] = self.rows("salesforce", f'select Id from "{kind}" where "{name}" = ?', value)
            return sobject(self.home, kind, i)
        query = f"select id, props from {kind} where json_extract(props, '$.{name}') = ?"
        [(i, props)] = self.rows("hubspot", query, value)
        return {"id": i, **json.loads(props)}

    def round(self, *, data_tests: bool = False) -> None:
        """A refresh some minutes later, its plan, its apply, and what is kept of it."""
        self.pass_time(600)
        with Loop(self.live, NoChecks(), data_tests=data_tests) as loop:
            loop.refresh()
            plan = loop.plan()
            if not plan.is_empty:
                done = loop.apply(plan.path)
                assert not done.is_partial, done.notes
                for name, result in done.syncs.items():
                    if name in plan.syncs and result.records:
                        forecast = plan.syncs[name].calls.total
                        self.calls.setdefault(name, []).append((forecast, result.calls))
            loop.record()
        self.planned.append(plan.records)
        latest = planfile.latest(self.home / "plans")
        assert latest is not None
        self.wrote.append({
            (each.record_id, name) for each in planfile.read_changes(latest)
            for name, change in each.fields.items() if change.provider == "mirrored"
        })  # fmt: skip
        self.did.append(list(planfile.read_actions(latest)))

    def choose(self, name: str, field: str, winner: conflict_choices.Side) -> None:
        """Kim settles the one conflict of this record's field."""
        query = "select conflict_id from reverse_sync.conflicts_open where field_left = ? and left_key like ?"
        [(conflict_id,)] = self.published(query, field, f"%:contacts:{self.left(name)}")
        with Warehouse(self.live.paths).reading() as connection:
            [conflict] = choices.open_ones(connection, conflict_id)
        made = choices.chosen(conflict, winner, (), "Kim", datetime.now(UTC))
        with State.open(self.live) as state, state.writing() as writing:
            conflict_choices.save(writing, made)

    def pass_time(self, seconds: int) -> None:
        sandbox.pass_time(self.ready, seconds)

    def org(self, **deed: Any) -> None:
        """What people do in Salesforce that no API call of ours does."""
        url = f"{self.ready['salesforce']['url']}/_sandbox/org"
        httpx.post(url, json=deed).raise_for_status()
