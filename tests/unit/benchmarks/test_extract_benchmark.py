"""The extraction benchmark on few rows: what it measures is all there. How long it takes is not looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from benchmarks import extract
from benchmarks.extract import Wishes
from benchmarks.sandboxes import CONTACTS, Sandbox, bulk

HUBSPOT, SALESFORCE, COLUMNS = 300, 200, 25
Worlds = list[tuple[int, ...]]


@pytest.fixture(scope="module")
def few() -> Iterator[Sandbox]:
    with bulk(HUBSPOT, COLUMNS, SALESFORCE) as served:
        yield served


@pytest.fixture
def asked(few: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Worlds:
    """The worlds that a measurement asks for; it has the one that is there."""
    worlds: Worlds = []
    monkeypatch.setattr(extract, "bulk", lambda *world: worlds.append(world) or nullcontext(few))
    return worlds


def test_ours_and_the_floor_read_every_contact_of_a_bulk_world(asked: Worlds) -> None:
    wishes = Wishes([HUBSPOT], [COLUMNS], [], peer_cells=0, taps=False)
    [[floor, ours]] = list(extract.hubspot(HUBSPOT, COLUMNS, wishes, with_peers=False))
    assert asked == [(HUBSPOT, COLUMNS)]
    assert (floor.calls, floor.least) == (3, 3)
    assert ours.rows == HUBSPOT
    assert ours.calls >= ours.least
    assert min(floor.run.peak_mib, ours.run.peak_mib) > 10
    assert 0 < ours.busy < ours.run.wall


def test_the_table_relates_each_reader_to_the_floor_above_it(asked: Worlds) -> None:
    wishes = Wishes([], [], [SALESFORCE], peer_cells=0, taps=False)
    table = extract._table(extract.salesforce(SALESFORCE, wishes))
    assert asked == [(0, 25, SALESFORCE)]
    head, _, floor, ours = table.splitlines()
    assert floor.startswith(f"| {extract.FLOOR} | {SALESFORCE:,} |")
    assert ours.startswith(f"| crm extract | {SALESFORCE:,} |")
    assert {line.count("|") for line in (head, floor, ours)} == {11}
    assert [line.split("|")[5].strip() == "" for line in (floor, ours)] == [True, False]


@pytest.mark.parametrize(("vendor", "rows"), [("hubspot", HUBSPOT), ("salesforce", SALESFORCE)])
def test_dlt_reads_what_the_sandbox_serves(few: Sandbox, vendor: str, rows: int) -> None:
    names = extract.property_names(COLUMNS) if vendor == "hubspot" else ["Id", "Email"]
    result = extract._reader(few, vendor, rows, names, "dlt-parquet", "dlt")
    assert result.calls == result.least


def test_edits_change_the_asked_share_in_both_crms(few: Sandbox) -> None:
    assert few.edit(0.01) == 3 + 2
    body = {"filters": [{"propertyName": "jobtitle", "operator": "EQ", "value": "head 0.01"}]}
    assert few.ask("hubspot", "POST", f"{CONTACTS}/search", body)["total"] == 3
    changed = few.ask("salesforce", "GET", "/_sandbox/writes?field=Title")["writes"]
    assert len(changed) == 2
