"""The fast ways of rendering say the same as the plain ones."""

from __future__ import annotations

import csv
import io
from array import array
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import times
from sandbox.hubspot.catalog import TYPES
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import Records
from sandbox.hubspot.render import View
from sandbox.hubspot.visibility import Visibility
from sandbox.salesforce import results
from sandbox.salesforce.fields import SObject, parse
from sandbox.salesforce.soql.compiler import Column, Compiled
from sandbox.store import Store
from sandbox.worlds.create import Wish, open_home

NAMES = st.sampled_from([f"p{n}" for n in range(8)])


@given(st.integers(-(10**13), 10**13))
def test_an_instant_is_spelled_as_the_calendar_has_it(ms: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert times.iso(ms) == moment.strftime(f"{moment.year:04d}-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


@given(st.sets(NAMES), st.dictionaries(NAMES, st.text()))
def test_a_view_shows_what_is_wanted_and_null_for_the_rest(names: set[str], props: dict[str, str]) -> None:
    before = dict(props)
    view = View(TYPES["contacts"], tuple(sorted(names)))
    for _ in range(2):
        assert list(view.properties(props).items()) == [(name, props.get(name)) for name in sorted(names)]
    assert props == before


def test_csv_of_a_bulk_job_is_what_the_csv_module_writes(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["a", 'say "hi", twice', "line\nbreak\r\n", "naïve ☃ %w %s", 0.1 + 0.2, 1e20, 7, None],
        ["b", "", '""', "'quoted'", -2.5, 1e-7, -3, "x" * 70_000],
        ["c", None, ",", "\\", 12.0, 123456789.125, 0, "z"],
    ]
    kinds = ["id", "string", "textarea", "string", "double", "currency", "int", "textarea"]
    store = Store(tmp_path / "org.sqlite")
    fields = {f"F{n}": parse(f"F{n} {kind}", {}) for n, kind in enumerate(kinds)}
    store.db.execute(
        f"create table T ({', '.join(f'{name} {field.sql_type}' for name, field in fields.items())})"
    )
    store.db.executemany(f"insert into T values ({', '.join('?' * len(kinds))})", rows)
    wide = list(fields) * 40
    query = Compiled(
        wide, " from T", [], SObject("T", "T", "Ts", "a00", fields),
        [Column((name,), fields[name].type) for name in wide],
    )  # fmt: skip
    assert results.write(tmp_path / "org.sqlite", tmp_path / "job.csv", query, lambda _: None) == len(rows)
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([wide, *(row * 40 for row in rows)])
    assert (tmp_path / "job.csv").read_bytes() == text.getvalue().encode()
    assert results.read(tmp_path / "job.csv", 1, 1)[1] == 1
    store.close()


def test_many_finds_what_get_finds_one_by_one(tmp_path: Path) -> None:
    open_home(tmp_path / "home", Wish("bulk:20x25"), lambda _: None)
    store = Store(tmp_path / "home" / "hubspot.sqlite")
    store.db.execute("insert into aliases values ('contacts', 99, 100003), ('companies', 100004, 100005)")
    store.db.execute("update contacts set archived = 1, archived_at = 5 where id = 100006")
    seen = Visibility(lambda: times.parse("2026-06-30T12:00:00Z"))
    seen.hidden["contacts", 100007] = times.parse("2027-01-01T00:00:00Z")
    records, kind = Records(Portal(store), seen), TYPES["contacts"]
    wanted = ["100001", "99", "100003", "100004", "100001", "100006", "100007", "7", "x", "", "1" * 19, "²"]
    assert list(records.many(kind, wanted)) == [(each, records.get(kind, each)) for each in wanted]
    addresses = ["Person100002@company1.example", "nobody@nowhere.example"]
    assert [each for _, each in records.many(kind, addresses, "email")] == [
        records.get(kind, each, "email") for each in addresses
    ]
    store.close()


@pytest.mark.parametrize("told", [True, False])
def test_pages_of_a_result_file_are_its_rows_wherever_they_begin(tmp_path: Path, told: bool) -> None:
    rows = [b'"%d","plain"\n' % n for n in range(2_600)]
    rows[2_100] = b'"2100","on ""two""\nlines"\n'
    path, starts = tmp_path / "job.csv", [3]
    for first in range(0, len(rows), results.BLOCK):
        starts.append(starts[-1] + sum(map(len, rows[first : first + results.BLOCK])))
    path.write_bytes(b"a,\n" + b"".join(rows))
    index = [-len(rows), *starts] if told else starts
    path.with_suffix(".index").write_bytes(array("q", index).tobytes())
    pages = ((0, 1), (7, 20), (0, 1_000), (990, 30), (2_000, 600), (2_090, 50), (2_500, 900), (0, 9_999))
    for start, most in pages:
        wanted = rows[start : start + most]
        assert results.read(path, start, most) == (b"a,\n" + b"".join(wanted), len(wanted))
