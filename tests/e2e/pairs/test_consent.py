"""A refusal in any of the three, of all or of one purpose, is in the others after one run; only a newer
recorded consent lifts it.
"""

from __future__ import annotations

import pytest

from tests.e2e.pairs.deeds import AGREED_AGAIN, BACK, LEFT, REFUSED, TAKEN_OFF
from tests.e2e.pairs.team import NO_NEWS


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


@pytest.mark.parametrize("name", LEFT)
def test_who_leaves_the_newsletter_in_any_of_the_three_is_off_it_in_the_others_and_nowhere_else(done, name):
    contact = done.hubspot(name, "contacts")
    assert of_newsletter(done, name) == "UNSUBSCRIBED"
    assert statuses(done, contact["email"]).count("UNSUBSCRIBED") == 1
    assert contact.get("hs_email_optout") != "true"
    assert done.on_the_newsletter(name) == "Unsubscribed"
    assert done.subscriber(name) == "Active"
    lead = done.salesforce(name, "Lead")
    assert (lead[NO_NEWS], lead["HasOptedOutOfEmail"]) == ("true", "false")


def test_a_newer_recorded_consent_to_the_newsletter_lifts_its_refusal(done):
    assert of_newsletter(done, BACK) == "SUBSCRIBED"
    assert done.on_the_newsletter(BACK) == "Active"
    assert done.salesforce(BACK, "Lead")[NO_NEWS] == "false"


def test_refusals_cost_the_calls_that_the_plan_said(done):
    said = {name: each for name, each in done.calls.items() if "consent" in name}
    assert {"consent_newsletter_hubspot", "consent_newsletter_marketing_cloud",
            "consent_newsletter_salesforce_lead", "hubspot_consents"} <= said.keys()  # fmt: skip
    assert [pair for each in said.values() for pair in each if pair[0] != pair[1]] == []


def of_newsletter(done, name: str) -> str:
    query = (
        "select json_extract(shown, '$.status') from subscription_statuses "
        "where recipient = ? and type_id = 501"
    )
    address = done.hubspot(name, "contacts")["email"].lower()
    return next((status for (status,) in done.rows("hubspot", query, address)), "")


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
