"""A refusal in any of the three is in the others after one run; only a newer recorded consent lifts it."""

from __future__ import annotations

import pytest

from tests.e2e.pairs.deeds import AGREED_AGAIN, REFUSED, TAKEN_OFF


@pytest.mark.parametrize("name", REFUSED)
def test_an_opt_out_in_any_of_the_three_is_in_the_others_after_one_run(done, name):
    contact = done.hubspot(name, "contacts")
    assert contact["hs_email_optout"] == "true"
    assert statuses(done, contact["email"]) == ["UNSUBSCRIBED"] * 3
    assert done.salesforce(name, "Lead")["HasOptedOutOfEmail"] == "true"
    assert done.subscriber(name) == "Unsubscribed"
    written = [run for run, some in enumerate(opt_outs(done)) if some & {*done.taken[name]}]
    assert written == [1], "in the first run after it, and never again"


def test_an_opt_out_of_a_salesforce_contact_is_in_the_others_after_one_run(done):
    assert done.hubspot("refused as contact", "contacts")["hs_email_optout"] == "true"
    assert done.subscriber("refused as contact") == "Unsubscribed"


def test_a_newer_recorded_consent_lifts_a_refusal(done):
    assert done.salesforce(AGREED_AGAIN, "Lead")["HasOptedOutOfEmail"] == "false"
    assert done.subscriber(AGREED_AGAIN) == "Active"
    assert "SUBSCRIBED" in statuses(done, done.hubspot(AGREED_AGAIN, "contacts")["email"])


def test_a_refusal_that_is_taken_off_without_consent_is_put_back(done):
    assert done.salesforce(TAKEN_OFF, "Lead")["HasOptedOutOfEmail"] == "true"
    assert done.subscriber(TAKEN_OFF) == "Unsubscribed"


def statuses(done, address: str) -> list[str]:
    query = "select json_extract(shown, '$.status') from subscription_statuses where recipient = ? order by 1"
    return [status for (status,) in done.rows("hubspot", query, address.lower())]


def opt_outs(done) -> list[set[str]]:
    """The records whose refusal each of the three rounds wrote."""
    rows = done.published(
        "with rounds as (select run_id, row_number() over (order by min(intended_at) desc) as back "
        "from ops.journal group by 1) "
        "select 3 - r.back, j.record_id from ops.journal j join rounds r on r.run_id = j.run_id "
        "where j.field in ('hs_email_optout', 'HasOptedOutOfEmail', 'Status') "
        "and j.reversibility = 'final' and j.state = 'confirmed' and r.back <= 3"
    )
    return [{i for n, i in rows if n == run} for run in range(3)]
