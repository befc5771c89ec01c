"""What stops a run and what does not, asked of real Great Expectations over a real file."""

from __future__ import annotations

import jinja2
import pytest

from expectations import runner, step
from expectations.results import CheckResult, SuiteResult
from pipelines.errors import Exit, GateFailed
from pipelines.run import Run

RUN = Run("01TEST")


def check(home, scope: str = "raw") -> CheckResult:
    return runner.run(scope, home.warehouse, home.settings, RUN)


def suite(result: CheckResult, table: str, name: str) -> SuiteResult:
    return next(s for s in result.suites if (s.table, s.suite) == (table, name))


def test_a_table_that_lost_more_than_half_of_its_rows_is_a_gate(home):
    home.contacts(100)
    home.keep()
    with home.sql() as connection:
        connection.execute("delete from raw_hubspot.contacts where id > 'c3'")
    result = check(home)
    assert not result.passed_gates
    assert suite(result, "raw_hubspot.contacts", "volume").failures == (
        "raw_hubspot.contacts: has 24 rows, less than half of the 100 published last.",
    )


def test_rows_deleted_at_the_vendor_count_as_lost(home):
    home.contacts(100)
    home.keep()
    with home.sql() as connection:
        connection.execute("update raw_hubspot.contacts set deleted_at = '2026-01-31' where id > 'c3'")
    assert not check(home).passed_gates


def test_a_table_emptied_altogether_is_a_gate(home):
    home.contacts(100)
    home.keep()
    with home.sql() as connection:
        connection.execute("delete from raw_hubspot.contacts")
    assert suite(check(home), "raw_hubspot.contacts", "volume").status == "failed"


def test_a_column_that_was_filled_and_is_empty_now_is_a_gate(home):
    home.contacts(100)
    home.keep()
    with home.sql() as connection:
        connection.execute("update raw_hubspot.contacts set email = null")
    failures = suite(check(home), "raw_hubspot.contacts", "volume").failures
    assert failures[0].startswith("raw_hubspot.contacts: email is empty in 100 of 100 rows; last time 100%")


def test_small_tables_may_shrink(home):
    home.contacts(10)
    home.keep()
    with home.sql() as connection:
        connection.execute("delete from raw_hubspot.contacts")
    assert check(home).passed_gates


def test_the_same_rows_twice_pass(home):
    home.contacts(100)
    home.keep()
    assert check(home).passed_gates


@pytest.mark.parametrize(
    ("status", "note"),
    [("absent", "the vendor does not have this object"),
     ("loaded", "no rows in this world")],
)  # fmt: skip
def test_what_the_world_does_not_have_is_skipped_with_the_reason(home, status, note):
    home.loaded("salesforce", "task", status=status)
    skipped = suite(check(home), "raw_salesforce.task", "volume")
    assert (skipped.status, skipped.note, skipped.passed) == ("skipped", note, True)


def test_a_vendor_that_is_not_connected_is_skipped_with_the_reason(home):
    home.contacts(5)
    assert suite(check(home), "raw_salesforce.lead", "volume").note == "salesforce is not connected"


def test_rows_that_were_brought_and_are_not_there_are_a_gate(home):
    home.loaded("hubspot", "contacts", rows=70)
    assert suite(check(home), "raw_hubspot.contacts", "volume").failures == (
        "raw_hubspot.contacts: is empty although this run brought 70 rows.",
    )


def test_invalid_emails_warn_with_counts_and_examples(home):
    home.contacts(40, email="case when i < 2 then 'no address ' || i else 'p' || i || '@example.com' end")
    result = check(home)
    warned = suite(result, "raw_hubspot.contacts", "plausible")
    assert result.passed_gates
    assert warned.failures == (
        "raw_hubspot.contacts: 2 of 40 records have an e-mail that is no address, "
        "e.g. 'no address 0' (c0), 'no address 1' (c1).",
    )


def test_an_object_that_could_not_be_read_warns(home):
    home.contacts(30)
    home.loaded("hubspot", "deals", status="stale")
    warned = suite(check(home), "ops.loads", "freshness")
    assert warned.failures == (
        "ops.loads: 1 of 2 objects could not be read and keep their old rows, e.g. hubspot deals.",
    )


def test_a_mart_that_was_not_built_is_a_gate(home):
    assert suite(check(home, "marts"), "marts.unified_leads", "volume").failures == (
        "marts.unified_leads was not built.",
    )


def test_a_person_record_without_a_person_is_a_gate(home):
    home.contacts(40)
    with home.sql() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.lead_identities as select * from range(20) t(person_id)")
    assert suite(check(home, "marts"), "marts.lead_identities", "agreement").failures == (
        "marts.lead_identities: places only 50.0% of the person records that the CRMs hold.",
    )


def test_a_desired_row_that_the_vendor_would_refuse_is_a_gate(home):
    home.contacts(2)
    with home.sql() as connection:
        connection.execute("create schema reverse_sync")
        connection.execute("""
            create table reverse_sync.sync_hubspot__contacts as
            select 'c' || i as record_id, 101 as lead_score, 'gone' as hubspot_owner_id, 1 as touch_count,
                   'web' as first_touch_source, repeat('x', 300) as first_touch_campaign,
                   null::varchar as last_touch_source, 5.00 as attributed_revenue
            from range(3) t(i)
        """)
    ready = suite(check(home, "desired"), "reverse_sync.sync_hubspot__contacts", "ready")
    failures = " ".join(ready.failures)
    assert "1 of 3 records can no longer be written, e.g. c2" in failures
    assert "3 of 3 records would go to an owner who is not active" in failures
    assert "score outside 0 to 100, e.g. 101 (c0)" in failures
    assert "first_touch_campaign is blank or over 255 letters" in failures


def test_a_failed_gate_says_table_suite_and_what_was_seen(home):
    home.contacts(100)
    home.keep()
    with home.sql() as connection:
        connection.execute("delete from raw_hubspot.contacts")
    checker = step.Checker()
    with pytest.raises(GateFailed) as raised:
        checker("raw", home.warehouse, home.settings, RUN)
    assert raised.value.exit_code == Exit.GATE
    assert "the volume gate stopped the run: raw_hubspot.contacts: has 0 rows, less than half" in str(
        raised.value
    )
    assert not checker.seen["raw"].passed_gates


def test_a_passed_check_counts_gates_and_notes_warnings_and_skips(home):
    home.contacts(40, email="'nobody'")
    done = step.check("raw", home.warehouse, home.settings, RUN)
    assert done.counts["gates_passed"] == 2  # volume, and that every object was read once
    assert done.counts["warnings"] == 1
    assert any("40 of 40 records have an e-mail that is no address" in note for note in done.notes)
    skipped = [note for note in done.notes if note.startswith("not checked, salesforce is not connected: ")]
    assert len(skipped) == 1
    assert "raw_salesforce.lead, raw_salesforce.contact" in skipped[0]


def test_pages_are_written_for_what_was_checked_and_hold_no_more_than_the_last_run(home, monkeypatch):
    home.contacts(30)
    check(home)
    monkeypatch.setattr(jinja2.Environment, "compile", None)  # their templates are kept
    result = check(home)
    assert result.docs is not None
    assert 'href="raw/index.html"' in result.docs.read_text()
    assert "not checked yet" in result.docs.read_text()
    assert len(list((home.settings.paths.data_docs / "raw" / "validations").rglob("*volume*/**/*.html"))) == 1
    assert not (home.settings.paths.data_docs / "raw" / "expectations").exists(), (
        "pages that say less of the same"
    )


def test_nothing_is_rendered_when_nothing_was_asked(home):
    assert check(home).docs is None
    assert not home.settings.paths.data_docs.exists()
