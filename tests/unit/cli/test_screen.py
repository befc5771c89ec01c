"""What the CRMs say reaches people letter for letter: brackets are text, never markup."""

from __future__ import annotations

import io
from types import SimpleNamespace as Some

import duckdb
from rich.console import Console

from cli import activate, summary
from cli.screen import MAX_NOTES, MAX_NOTES_OF_TROUBLE, Screen, table
from pipelines.run import StepResult

SAID = "Required fields are missing: [Company] in [not provided], see [/] and [bold]"


def told() -> Console:
    return Console(file=io.StringIO(), width=300, highlight=False)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_plan_shows_names_values_and_reasons_as_they_are():
    change = Some(before="[not provided]", after="Acme [EU]", rule="from [HubSpot]")
    sample = Some(label="Ann [not provided]", record_id="1", sync="leads", fields={"Company": change})
    plan = Some(
        syncs={}, samples=[sample], held=[Some(record_key="k", reason=SAID)], stopped=[SAID], findings=[],
        actions={}, is_empty=True,
    )  # fmt: skip
    console = told()
    activate.print_plan(console, plan)
    shown = text(console)
    assert "Ann [not provided]" in shown
    assert "[not provided] → Acme [EU]" in shown
    assert "from [HubSpot]" in shown
    assert shown.count(SAID) == 2


def test_the_summary_shows_the_vendors_words_as_they_are():
    connection = duckdb.connect()
    connection.execute("create schema ops")
    connection.execute(
        "create table ops.loads as select 'salesforce' vendor, 'lead' table_name, 'stale' status, ? note, "
        "'1' run_id, 0 as rows", [SAID],
    )  # fmt: skip
    console = told()
    summary._empty(console, connection)
    assert SAID in text(console)


def test_notes_are_shown_as_they_are_and_of_trouble_all_of_them():
    for status, most in (("done", MAX_NOTES), ("partial", MAX_NOTES_OF_TROUBLE)):
        console = told()
        notes = tuple(f"{number} {SAID}" for number in range(30))
        screen = Screen(console)
        screen.ended(StepResult(step="extract", run_id="1", status=status, seconds=1.0, notes=notes))
        assert text(console).count(SAID) == most
        assert f"and {30 - most} more" in text(console)


def test_an_apply_of_many_syncs_says_how_its_rows_ended():
    console = told()
    counts = {f"sync{n}": 2 for n in range(8)} | {"confirmed": 40, "rejected": 1, "unknown": 0, "calls": 9}
    Screen(console).ended(StepResult(step="apply", run_id="1", status="partial", seconds=1.0, counts=counts))
    assert "16 records of 8 syncs: 40 confirmed, 1 rejected, 9 calls" in text(console)


def test_a_long_name_is_whole_on_a_narrow_screen_where_its_column_wraps():
    console = Console(file=io.StringIO(), width=80, highlight=False)
    names = ["hs_analytics_first_touch_converting_campaign", "people.json:contacts_to_leads:118"]
    rows = [("error", *names, "Salesforce has no such field; make it with crm schema apply, then try again")]
    console.print(table("Field mappings", ("", "where", "field", "finding"), rows, wrapping=(1, 2, 3)))
    lines = text(console).splitlines()
    starts = [lines[1].index(name) for name in ("where", "field", "finding")]
    for name, start, end in zip(names, starts, starts[1:], strict=False):
        assert "".join(line[start:end].strip() for line in lines[2:]) == name
    assert "…" not in text(console)
