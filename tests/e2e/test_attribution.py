"""What attribution finds out is what truly happened: against the answer key of the smallest world."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.attribution_truth import agreements, deals_caused
from tests.e2e import stores
from tests.e2e.conftest import Built
from tests.e2e.marts import one, query

pytestmark = pytest.mark.loop

TODAY = "select business_date::varchar from marts.business"
COSTS = """
select campaigns."CurrencyIsoCode", round("ActualCost" / rates."ConversionRate", 2)
from "Campaign" as campaigns
join "DatedConversionRate" as rates on campaigns."CurrencyIsoCode" = rates."IsoCode"
    and min("EndDate", ?1) >= rates."StartDate" and min("EndDate", ?1) < rates."NextStartDate"
"""
"""At the rate of the day on which it ended, or of today: how much of its money one of the company's is."""
CAME = """
select seats.record_id, members.record_id, date(seats.occurred_at), date(seats.occurred_at, '-5 hours')
from touches as seats
join touches as members on seats.person = members.person and seats.occurred_at = members.occurred_at
where seats.object = 'participations' and members.object = 'CampaignMember'
"""


def key(built: Built, sql: str) -> list[tuple[Any, ...]]:
    return stores.rows(built.home, "answer_key", sql)


def won(built: Built, deal_of: dict[tuple[str, str], int]) -> set[int]:
    """The deals that the CRMs themselves say are won; where both have one Salesforce speaks."""
    asked = {
        "hubspot": "select id, props ->> 'hs_is_closed_won' from deals where not archived",
        "salesforce": 'select "Id", "IsWon" from "Opportunity" where "IsDeleted" = \'false\'',
    }
    said: dict[int, bool] = {}
    for vendor, sql in asked.items():
        for record, is_won in stores.rows(built.home, vendor, sql):
            if (vendor, str(record)) in deal_of:
                said[deal_of[vendor, str(record)]] = is_won == "true"
    return {deal for deal, is_won in said.items() if is_won}


def test_coverage_of_every_won_deal_is_that_of_the_answer_key(built_once: Built) -> None:
    truly = dict(key(built_once, "select deal, covered from coverage"))
    deal_of = {
        (vendor, record): deal
        for deal, vendor, record in key(built_once, "select deal, vendor, record_id from deals")
    }
    found = {
        deal_of[("salesforce", salesforce)] if salesforce else deal_of[("hubspot", hubspot)]: (
            covered,
            reason,
        )
        for hubspot, salesforce, covered, reason in query(
            built_once.home,
            "select opportunity_id_hubspot, opportunity_id_salesforce, is_covered, reason "
            "from marts.attribution_coverage join marts.opportunities using (opportunity_id)",
        )
    }
    assert set(found) == {deal for deal in truly if deal in won(built_once, deal_of)}, "none is missing"
    assert {deal: covered for deal, (covered, _) in found.items()} == {d: bool(truly[d]) for d in found}
    without = {reason for covered, reason in found.values() if not covered}
    assert without, "the world has won deals that marketing had no part in"
    assert without <= {"only_offline_or_unknown_sources", "only_sales_and_lists", "only_after_creation"}


def test_campaigns_that_truly_brought_deals_stand_above_those_that_did_not(built_once: Built) -> None:
    caused = deals_caused(built_once.home)
    assert 10 < sum(deals > 0 for deals in caused.values()) < len(caused)
    found = {each.model: each for each in agreements(built_once.home)}
    assert {model for model, each in found.items() if each.above <= 0.55} == set()
    assert {model for model, each in found.items() if each.rank_correlation <= 0.15} == set()
    best = {model for model, each in found.items() if each.rank_correlation > 0.5}
    assert {"linear", "markov", "shapley"} <= best


def test_a_campaign_of_all_three_systems_is_one_and_its_cost_counts_once(built_once: Built) -> None:
    campaigns = query(
        built_once.home,
        "select count(*), count(campaign_id_hubspot), count(campaign_id_salesforce), min(records), "
        "max(records), bool_and(records = 2 + (campaign_id_marketing_cloud is not null)::int) "
        "from marts.unified_campaigns",
    )
    assert campaigns == [(40, 40, 40, 2, 3, True)]
    costs = stores.rows(built_once.home, "salesforce", COSTS, one(built_once.home, TODAY))
    assert (len(costs), {currency for currency, _ in costs}) == (40, {"USD", "EUR", "GBP"})
    told = query(built_once.home, "select distinct sum(cost) from marts.campaign_performance group by model")
    assert [float(cost) for (cost,) in told] == [pytest.approx(sum(cost for _, cost in costs), abs=0.005)]


def test_who_came_to_an_evening_on_the_west_coast_came_once(built_once: Built) -> None:
    """HubSpot knows the hour, which is the next day's in UTC, and Salesforce the day at its headquarters."""
    responses = 'select "Id", "FirstRespondedDate" from "CampaignMember"'
    dated = dict(stores.rows(built_once.home, "salesforce", responses))
    # Some memberships have no date or a wrong one, and stand by themselves.
    evening = [
        (seat, member)
        for seat, member, day, day_before in key(built_once, CAME)
        if dated[member] == day_before != day
    ]
    assert len(evening) >= 3
    counted = {
        record
        for (record,) in query(
            built_once.home, "select split_part(source_record_key, ':', 4) from marts.attribution_touchpoints"
        )
    }
    assert [member for _, member in evening if member in counted] == []
    assert [seat for seat, _ in evening if seat not in counted] == []


def test_every_kind_of_touch_is_there_and_machines_are_not_counted(built_once: Built) -> None:
    kinds = dict(
        query(built_once.home, "select touch_type, count(*) from marts.attribution_touchpoints group by all")
    )
    assert set(kinds) == {
        "membership", "original_source", "latest_source", "conversion", "form", "event", "email_click",
        "email_open", "page_visit", "call", "email", "meeting", "task", "message", "list_import",
    }  # fmt: skip
    [(clicks,)] = key(built_once, "select count(*) from touches where kind = 'click' and vendor = 'hubspot'")
    counted = (
        "select count(*) from marts.attribution_touchpoints "
        "where touch_type = 'email_click' and source_record_key like 'hubspot:%'"
    )
    assert one(built_once.home, counted) == clicks
    earning = query(
        built_once.home,
        "select touch_type, bool_or(earns_credit) from marts.attribution_touchpoints group by all",
    )
    assert {kind for kind, earns in earning if earns} == {
        "membership", "original_source", "latest_source", "conversion", "form", "event", "email_click",
        "page_visit",
    }  # fmt: skip
    assert (
        one(built_once.home, "select count(*) from marts.attribution_touchpoints where person_id is null")
        == 0
    )
    # Of whom HubSpot lists for a campaign only those stand of whom nothing else tells, and they earn nothing.
    [(listed, pairs, earning, told_twice)] = query(
        built_once.home,
        "with touches as (select *, source_record_key like 'hubspot:%:campaign_contacts:%' as listed, "
        "count(*) over (partition by person_id, campaign_id) as of_campaign "
        "from marts.attribution_touchpoints) "
        "select count(*), count(distinct (person_id, campaign_id)), count(*) filter (where earns_credit), "
        "count(*) filter (where of_campaign > 1) from touches where listed",
    )
    assert listed == pairs > 20
    assert (earning, told_twice) == (0, 0)
