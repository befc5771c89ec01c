"""Every tenth call goes wrong: what can be stored is stored once, the rest is a dead letter.

A field that is refused by its name does not take its record along.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.clients.errors import ClientError
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.reverse_sync import apply as applying
from pipelines.reverse_sync import plan as planning
from pipelines.reverse_sync.destinations.base import Cell, Destination, RecordWrite
from pipelines.reverse_sync.destinations.hubspot import HubSpotDestination
from pipelines.reverse_sync.destinations.salesforce import SalesforceDestination
from pipelines.run import Run, silent
from pipelines.settings import Settings, load_settings
from pipelines.state import State, dead_letters
from pipelines.warehouse import Warehouse

from .conftest import Crms

SYNCS = """
syncs:
  contacts:
    vendor: hubspot
    object: contacts
    desired: sync_contacts
    existing: existing_contacts
    fields:
      jobtitle: {type: text, provider: computed, owner: us, rule: r}
      email: {type: text, provider: computed, owner: us, rule: r}
  leads:
    vendor: salesforce
    object: Lead
    desired: sync_leads
    existing: existing_leads
    fields:
      Title: {type: text, provider: computed, owner: us, rule: r}
      Email: {type: text, provider: computed, owner: us, rule: r}
"""
OBJECTS = {"hubspot": ("contacts", "jobtitle", "email"), "salesforce": ("Lead", "Title", "Email")}
TABLES = {"hubspot": "contacts", "salesforce": "leads"}
CODES = {"hubspot": "INVALID_EMAIL", "salesforce": "INVALID_EMAIL_ADDRESS"}
RECORDS, BAD, BATCH, CALLS, SHARE = 18, 3, 2, 40, 0.1
KINDS: tuple[int | str, ...] = (429, 500, 503, "reset", "drop_answer", "cut_body")


class Unhurried:
    """A clock that passes when somebody waits for it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        self.seconds += 0.001
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@contextmanager
def _opened(settings: Settings, vendor: str) -> Iterator[Destination]:
    """The destinations as they are, few records a call, and nobody waits."""
    assert settings.hubspot is not None
    assert settings.salesforce is not None
    if vendor == "hubspot":
        with HubSpotClient(settings.hubspot, allow_write=True, clock=Unhurried()) as hubspot:
            yield HubSpotDestination(hubspot)
    else:
        with SalesforceClient(settings.salesforce, allow_write=True, clock=Unhurried()) as salesforce:
            yield SalesforceDestination(salesforce)


def _publish(
    crms: Crms, settings: Settings, warehouse: Warehouse, ids: dict[str, list[str]], seed: int
) -> None:
    """Each record gets a title; the last ones also an address that no CRM takes."""
    with warehouse.locked("test"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute("create schema if not exists reverse_sync")
            for vendor, (name, title, email) in OBJECTS.items():
                with _opened(settings, vendor) as destination:
                    there = destination.read(name, ids[vendor], [title])
                columns = "record_id varchar, record_key varchar, person_id varchar"
                columns += f", {title} varchar, {email} varchar"
                for model in ("existing", "sync"):
                    connection.execute(f"create table reverse_sync.{model}_{TABLES[vendor]} ({columns})")
                for number, record_id in enumerate(ids[vendor]):
                    key = f"{vendor}:{crms.orgs[vendor]}:{name}:{record_id}"
                    bad = "no address" if number >= RECORDS - BAD else None
                    for model, values in (
                        ("existing", (there[record_id][title], None)),
                        ("sync", (f"head {seed}", bad)),
                    ):
                        connection.execute(
                            f"insert into reverse_sync.{model}_{TABLES[vendor]} values (?, ?, '', ?, ?)",
                            [record_id, key, *values],
                        )
        warehouse.publish("p1")


def _faults(crms: Crms, seed: int) -> int:
    """Of the next calls to each vendor every tenth or so, drawn, meets a fault. Returns how many of both."""
    drawn = random.Random(seed)
    count = 0
    for url in crms.urls.values():
        met = [n for n in range(CALLS) if drawn.random() < SHARE]
        specs = [
            {"match": "composite|batch|jobs/ingest", "status": drawn.choice(KINDS), "times": 1, "after": n}
            for n in met
        ]
        httpx.post(f"{url}/_sandbox/faults", json=specs).raise_for_status()
        count += len(specs)
    return count


def _held(crms: Crms, vendor: str, ids: list[str], field: str) -> dict[str, list[tuple[Any, Any]]]:
    """Record id -> (before, after) of every write to a field, from the sandbox's own log."""
    found: dict[str, list[tuple[Any, Any]]] = {}
    for record_id in ids:
        params = {"record_id": record_id, "field": field, "noop": "1"}
        answer = httpx.get(f"{crms.urls[vendor]}/_sandbox/writes", params=params).raise_for_status()
        found[record_id] = [(row["before"], row["after"]) for row in answer.json()["writes"]]
    return found


def _refused(settings: Settings, vendor: str, ids: list[str], seed: int) -> dict[str, str]:
    """Record id -> code, of the same rows sent once more, one by one and without faults: the sandbox's own
    verdict on each."""
    name, title, email = OBJECTS[vendor]
    found = {}
    with _opened(settings, vendor) as destination:
        for number, record_id in enumerate(ids):
            cells = [Cell(title, "text", f"head {seed}")]
            cells += [Cell(email, "text", "no address")] if number >= RECORDS - BAD else []
            try:
                (row,) = destination.update(name, [RecordWrite(record_id, tuple(cells))])
                code = "" if row.ok else row.code
            except ClientError as error:
                code = error.code
            if code:
                found[record_id] = code
    return found


@pytest.mark.parametrize(("seed", "jobs_above"), [(1, 10_000), (2, BATCH)])
def test_under_ten_percent_faults_all_that_can_be_stored_is_and_the_rest_is_a_dead_letter(
    crms: Crms, tmp_path: Path, seed: int, jobs_above: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "syncs.yml").write_text(SYNCS)
    env = {"CRM_HOME": str(tmp_path), "CRM_CONFIG": str(tmp_path), **crms.env}
    settings = load_settings(env, dotenv=tmp_path / "none")
    ids = {vendor: [free.pop() for _ in range(RECORDS)] for vendor, free in crms.free.items()}
    warehouse = Warehouse(settings.paths)
    _publish(crms, settings, warehouse, ids, seed)
    monkeypatch.setattr(HubSpotDestination, "batch_size", BATCH)
    monkeypatch.setattr(SalesforceDestination, "batch_size", BATCH)
    monkeypatch.setattr(SalesforceDestination, "bulk_above", jobs_above)
    with State.open(settings) as state:
        plan = planning.make(warehouse, state, settings, Run("p"), silent)
        assert plan.records == 2 * RECORDS
        assert _faults(crms, seed) >= 4
        done = applying.apply(
            plan.path, warehouse, state, settings, Run("r"), silent, pause=lambda seconds: None,
            open_destination=lambda vendor: _opened(settings, vendor),
        )  # fmt: skip
        for url in crms.urls.values():
            httpx.post(f"{url}/_sandbox/faults", json=[]).raise_for_status()
        with state.reading() as connection:
            letters = dead_letters.unreleased(connection)
    assert not any(result.stopped for result in done.syncs.values()), done.notes
    for vendor, (_, title, email) in OBJECTS.items():
        bad = ids[vendor][-BAD:]
        written = _held(crms, vendor, ids[vendor], title)
        assert all(len(each) == 1 and each[0][1] == f"head {seed}" for each in written.values()), written
        assert not any(_held(crms, vendor, ids[vendor], email).values())
        mine = {(row["record_id"], row["field"]): row["code"] for row in letters if row["vendor"] == vendor}
        assert mine == {(i, email): CODES[vendor] for i in bad}
        own = _refused(settings, vendor, ids[vendor], seed)
        assert {i: code for (i, _), code in mine.items()} == own
    assert (done.confirmed, done.rejected, done.unknown) == (2 * RECORDS, 2 * BAD, 0)
