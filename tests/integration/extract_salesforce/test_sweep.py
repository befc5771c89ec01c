"""What windows and getDeleted cannot find, the comparison of all ids does: and says so in a table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipelines.sources.salesforce import query, sweep

SWEPT = "select counted_at_vendor, counted_here, missing, extra, mended from ops.sweeps where object = "


def _late(loop, sobject: str, record: str, seconds: float) -> None:
    """A row whose transaction ends long after it stamped the row."""
    loop.org(
        "show_later", object=sobject, ids=[record], at=(loop.now() + timedelta(seconds=seconds)).isoformat()
    )


def _alive(loop, sobject: str) -> int:
    return loop.store(f"select count(*) from \"{sobject}\" where IsDeleted = 'false'")[0][0]


def test_a_sweep_of_a_true_copy_finds_nothing_and_tells_each_object(loop):
    assert loop.extract(sweep=True).stale == ()
    found = loop.rows("select sum(missing), sum(extra), sum(mended), count(*) from ops.sweeps")
    assert found[0][:3] == (0, 0, 0)
    assert found[0][3] > 15
    assert loop.rows(SWEPT + "'Lead'")[0][:2] == (_alive(loop, "Lead"),) * 2
    assert loop.differences() == []
    loop.later()
    assert not loop.extract().has_changes


def test_rows_purged_beyond_the_reach_of_getdeleted_are_found_at_once(loop):
    purged, also = loop.some("Task", 2)
    loop.later(3600)
    loop.org("purge", object="Task", ids=[purged, also])
    loop.later(60)
    loop.org("forget_deletions")
    loop.later(60)
    loop.extract()
    how = dict(loop.rows("select Id, deleted_how from raw_salesforce.task where deleted_how is not null"))
    assert (how[purged], how[also]) == ("swept", "swept")
    here = _alive(loop, "Task") + 2
    assert loop.rows(SWEPT + "'Task'") == [(here - 2, here, 0, 2, 2)]
    loop.later(60)
    assert not loop.extract().has_changes


def test_a_month_without_an_extract_is_compared_as_a_whole(loop):
    [purged] = loop.some("Contact", 1)
    loop.org("purge", object="Contact", ids=[purged])
    loop.later(40 * 24 * 3600)
    loop.extract()
    found = f"select deleted_how from raw_salesforce.contact where Id = '{purged}'"
    assert loop.rows(found) == [("swept",)]


@pytest.mark.parametrize("bulk_from", [10_000, 50])
def test_history_that_went_with_its_record_is_swept(loop, monkeypatch, bulk_from):
    monkeypatch.setattr(query, "BULK_FROM_ROWS", bulk_from)
    deal = loop.store("select OpportunityId from OpportunityFieldHistory order by Id limit 1")[0][0]
    loop.org("purge", object="Opportunity", ids=[deal])
    loop.later()
    loop.extract()
    left = (
        "select count(*) from raw_salesforce.opportunity_field_history "
        f"where OpportunityId = '{deal}' and deleted_how is null"
    )
    assert loop.rows(left)[0][0] > 0
    loop.later()
    loop.extract(sweep=True)
    assert loop.rows(left) == [(0,)]
    assert loop.differences(gone=True) == []


def test_a_row_that_shows_itself_later_than_the_overlap_is_swept_in(loop):
    lead = loop.create("Lead", LastName="Late", Company="Late Ltd")
    _late(loop, "Lead", lead, 3_600)
    loop.later(1_800)
    loop.extract()
    loop.later(2_400)
    loop.extract()
    assert loop.rows(f"select 1 from raw_salesforce.lead where Id = '{lead}'") == []
    loop.later(7 * 24 * 3600)
    loop.extract()
    assert loop.rows(SWEPT + "'Lead'") == [(_alive(loop, "Lead"), _alive(loop, "Lead") - 1, 1, 0, 1)]
    assert loop.differences() == []


def test_a_change_that_no_stamp_told_of_is_mended_also_among_all_rows(loop, monkeypatch):
    monkeypatch.setattr(sweep, "_MOST_QUERIES", 0)
    stamp = (loop.now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    leads = loop.some("Lead", 12)
    loop.set("Lead", leads[:9], Title="written long ago", SystemModstamp=stamp)
    loop.set("Lead", leads[9:], IsDeleted="true", SystemModstamp=stamp)
    loop.later()
    loop.extract()
    assert loop.differences(only="Lead") != []
    loop.extract(sweep=True)
    assert loop.rows(SWEPT + "'Lead'")[0][2:] == (0, 3, 12)
    assert loop.differences() == []
