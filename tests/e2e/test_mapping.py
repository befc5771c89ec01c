"""The mapping people bring along, run unchanged: what both stores hold after it, and the rounds that
follow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.steps import Loop
from tests.e2e.conftest import PEOPLE, Built, begun
from tests.e2e.marts import query
from tests.e2e.stores import pairs, rows, sobject, twins
from tests.fixtures.brought_along import GIVEN, LINES
from tests.fixtures.checks import NoChecks
from tests.fixtures.sandbox import pass_time, served

STATUS: dict[str, str] = LINES[2]["transformRules"]  # type: ignore[assignment]
QUIET_SECONDS = 3000


def config(folder: Path, mapping: dict[str, Any]) -> Path:
    target = folder / "config"
    shutil.copytree(PROJECT_ROOT / "config", target)
    (target / "field_mappings").mkdir(exist_ok=True)
    (target / "field_mappings" / "field_mapping.json").write_text(json.dumps(mapping, indent=2))
    return target


@dataclass(frozen=True)
class Mapped:
    """A team that begins to use the given mapping on records that a build left, with its sandbox running."""

    home: Path
    settings: Settings
    ready: dict[str, Any]
    left_over: int
    """Records that a second plan right after the first round would still change."""


@pytest.fixture(scope="module")
def mapped(settled_once: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapped]:
    folder = tmp_path_factory.mktemp("mapped")
    home = begun(settled_once.home, folder, PEOPLE)
    with served(home, config(folder, GIVEN)) as (settings, ready):
        one_round(settings, ready)
        with Loop(settings, NoChecks(), data_tests=False) as loop:
            left_over = loop.plan().records
        yield Mapped(home, settings, ready, left_over)


def contact(home: Path, record_id: str) -> dict[str, Any]:
    [(properties,)] = rows(home, "hubspot", "select props from contacts where id = ?", record_id)
    return dict(json.loads(properties))


def people_edit(
    settings: Settings, contacts: dict[str, dict[str, str]], leads: dict[str, dict[str, str]]
) -> None:
    """What people type into the two CRMs."""
    with open_hubspot(settings) as hubspot:
        done = hubspot.batch_update("contacts", [{"id": i, "properties": v} for i, v in contacts.items()])
        assert all(row.ok for row in done)
    with open_salesforce(settings) as salesforce:
        done = salesforce.update_collection("Lead", [{"Id": i, **values} for i, values in leads.items()])
        assert all(row.ok for row in done)


@dataclass(frozen=True)
class Round:
    """How many records a round planned to write, how many companies, and whether it found nothing to do."""

    records: int
    companies: int
    is_idle: bool


def one_round(settings: Settings, ready: dict[str, Any], seconds: int = 600) -> Round:
    """A refresh some minutes later, a plan, its apply."""
    pass_time(ready, seconds)
    with Loop(settings, NoChecks(), data_tests=False) as loop:
        loop.refresh()
        is_idle = {result.status for result in loop.results} == {"skipped"}
        plan = loop.plan()
        if not plan.is_empty:
            assert not loop.apply(plan.path).is_partial
        companies = (s.fields.get("company", 0) + s.fields.get("Company", 0) for s in plan.syncs.values())
        return Round(plan.records, sum(companies), is_idle)


def said(value: str | None) -> str:
    return (value or "").strip().lower()


def held_fields(home: Path) -> set[tuple[str, str]]:
    """(record id, field) of what cannot be written, each with a reason."""
    held = query(home, "select record_id, field, reason from reverse_sync.mirror_held")
    assert all(reason for *_, reason in held)
    return {(record_id, field) for record_id, field, _ in held}


def writes(home: Path) -> int:
    """Changes of companies that the two stores have logged."""
    logged = "select count(*) from writes where before is not after and lower(field) = 'company'"
    return sum(rows(home, name, logged)[0][0] for name in ("hubspot", "salesforce"))


def test_the_given_mapping_ends_with_its_values_in_both_stores(mapped):
    home = mapped.home
    found = pairs(home)
    assert {name for _, name, _ in found} == {"Lead", "Contact"}
    held = held_fields(home)
    for left_id, name, right_id in found:
        left, right = contact(home, left_id), sobject(home, name, right_id)
        if not {(left_id, "email"), (right_id, "Email")} & held:
            assert said(left.get("email")) == said(right["Email"]), (left_id, right_id)
        assert float(left.get("lead_score") or 0) == right["Lead_Score__c"]
        if name == "Lead":
            assert said(left.get("company")) == said(right["Company"]), (left_id, right_id)
            assert STATUS.get(left["lifecyclestage"], right["Lead_Status__c"]) == right["Lead_Status__c"]
    assert len(found) > 100
    assert mapped.left_over == 0


def test_two_ways_settle_in_one_round_and_stay_quiet(mapped):
    """One round writes and the next reads that; after it each finds everything as the one before left it."""
    home = mapped.home
    leads = [pair for pair in pairs(home) if pair[1] == "Lead"]
    twice = twins(home, [left for left, *_ in leads])
    (left_id, _, right_id), (other_left, _, other_right) = sorted(
        leads, key=lambda pair: pair[0] not in twice
    )[:2]
    twin = twice[left_id]
    people_edit(
        mapped.settings,
        {left_id: {"company": "Said in HubSpot"}, twin: {"company": "Said of the twin"}},
        {other_right: {"Company": "Said in Salesforce"}},
    )
    before = writes(home)
    wrote, read = (one_round(mapped.settings, mapped.ready) for _ in range(2))
    quiet = [one_round(mapped.settings, mapped.ready, QUIET_SECONDS) for _ in range(2)]
    assert sobject(home, "Lead", right_id)["Company"] == "Said in HubSpot"
    assert contact(home, left_id)["company"] == "Said in HubSpot"
    assert contact(home, twin)["company"] == "Said of the twin"
    assert contact(home, other_left)["company"] == "Said in Salesforce"
    assert wrote.companies == 2
    assert (read.records, read.companies) == (0, 0)
    assert quiet == [Round(0, 0, is_idle=True)] * 2
    assert writes(home) - before == 2
