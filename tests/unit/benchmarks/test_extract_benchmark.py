"""The extraction benchmark on few rows: what it measures is all there. How long it takes is not looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import extract
from benchmarks.extract import Wishes
from benchmarks.sandboxes import CONTACTS, Sandbox, bulk

ROWS = 2_000


def test_ours_and_the_floor_read_every_contact_of_a_bulk_world() -> None:
    wishes = Wishes([ROWS], [30], [], peer_cells=0, taps=False)
    [[floor, ours]] = list(extract.hubspot(ROWS, 30, wishes, with_peers=False))
    assert (floor.calls, floor.least) == (20, 20)
    assert ours.rows == ROWS
    assert ours.calls >= ours.least
    assert min(floor.run.peak_mib, ours.run.peak_mib) > 10
    assert 0 < ours.busy < ours.run.wall


def test_the_table_relates_each_reader_to_the_floor_above_it() -> None:
    wishes = Wishes([], [], [ROWS], peer_cells=0, taps=False)
    table = extract._table(extract.salesforce(ROWS, wishes))
    head, _, floor, ours = table.splitlines()
    assert floor.startswith(f"| {extract.FLOOR} | {ROWS:,} |")
    assert ours.startswith(f"| crm extract | {ROWS:,} |")
    assert {line.count("|") for line in (head, floor, ours)} == {11}
    assert [line.split("|")[5].strip() == "" for line in (floor, ours)] == [True, False]


@pytest.fixture(scope="module")
def few() -> Iterator[Sandbox]:
    with bulk(300, 25, 200) as served:
        yield served


@pytest.mark.parametrize(("vendor", "rows"), [("hubspot", 300), ("salesforce", 200)])
def test_dlt_reads_what_the_sandbox_serves(few: Sandbox, vendor: str, rows: int) -> None:
    names = extract.property_names(25) if vendor == "hubspot" else ["Id", "Email"]
    result = extract._reader(few, vendor, rows, names, "dlt-parquet", "dlt")
    assert result.calls == result.least


def test_edits_change_the_asked_share_in_both_crms(few: Sandbox) -> None:
    assert few.edit(0.01) == 3 + 2
    body = {"filters": [{"propertyName": "jobtitle", "operator": "EQ", "value": "head 0.01"}]}
    assert few.ask("hubspot", "POST", f"{CONTACTS}/search", body)["total"] == 3
    changed = few.ask("salesforce", "GET", "/_sandbox/writes?field=Title")["writes"]
    assert len(changed) == 2
