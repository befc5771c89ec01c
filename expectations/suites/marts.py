"""What the marts must add up to: agreement with what arrived, agreement between the CRMs, distribution.

Belongs here: totals and shares across tables. Keys, references and accepted values are dbt tests; a single
computed column has a dbt unit test.
"""

from __future__ import annotations

from typing import Any

from expectations.suite import Facts, says

NEARLY_ALL = 0.95
MANY = 50  # below this a distribution says nothing

PLACED = """
select placed, records, case when records > 0 then placed / records end as share
from (
    select (select count(*) from marts.lead_identities)::double as placed,
           (select count(*) from raw_hubspot.contacts where deleted_at is null)
           + (select count(*) from raw_salesforce.lead where deleted_at is null)
           + (select count(*) from raw_salesforce.contact where deleted_at is null) as records
)
where records > 0
"""

DEAL_TOTALS = """
select merged - greatest(deals, opportunities) as over_larger, deals + opportunities - merged as under_sum,
       merged, deals, opportunities
from (
    select (select count(*) from marts.opportunities) as merged,
           (select count(*) from raw_hubspot.deals where deleted_at is null) as deals,
           (select count(*) from raw_salesforce.opportunity where deleted_at is null) as opportunities
)
"""

LINKED_DEALS = """
select d.id, abs(d.amount - o.Amount)::double / greatest(abs(o.Amount), 1)::double as difference
from raw_hubspot.deals d
join raw_salesforce.opportunity o on left(o.Id, 15) = left(d.hs_salesforceopportunityid, 15)
where d.deleted_at is null and o.deleted_at is null and d.amount is not null and o.Amount is not null
"""

LINKED_PEOPLE = """
select c.id, lower(trim(c.email)) = lower(trim(s.Email)) as same_email
from raw_hubspot.contacts c
join raw_salesforce.contact s on left(s.Id, 15) = left(c.salesforcecontactid, 15)
where c.deleted_at is null and s.deleted_at is null and c.email is not null and s.Email is not null
"""


def every_record_placed(gxe: Any, facts: Facts) -> list[Any]:
    """Each live person record belongs to one person: none lost, none counted twice."""
    return [
        gxe.ExpectColumnMinToBeBetween(
            column="share", min_value=NEARLY_ALL,
            meta=says("places only {seen:.1%} of the person records that the CRMs hold"),
        ),
        gxe.ExpectColumnMaxToBeBetween(
            column="share", max_value=1.0,
            meta=says("holds {seen:.2f} times the person records that the CRMs hold, so some count twice"),
        ),
    ]  # fmt: skip


def deals_counted_once(gxe: Any, facts: Facts) -> list[Any]:
    """Merged deals number at least the larger CRM's and at most both together."""
    return [
        gxe.ExpectColumnMinToBeBetween(
            column="over_larger", min_value=0,
            meta=says("holds fewer deals than one CRM alone ({seen} against it)"),
        ),
        gxe.ExpectColumnMinToBeBetween(
            column="under_sum", min_value=0,
            meta=says("holds more deals than both CRMs together ({seen} against it)"),
        ),
    ]  # fmt: skip


def linked_deals_agree(gxe: Any, facts: Facts) -> list[Any]:
    """A deal and the opportunity it is linked to have the same amount, within a hundredth."""
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="difference", max_value=0.01,
            meta=says("{bad} of {rows} linked deals have another amount in HubSpot than in Salesforce"),
        )
    ]  # fmt: skip


def linked_people_agree(gxe: Any, facts: Facts) -> list[Any]:
    """A HubSpot contact and the Salesforce contact it is linked to have the same e-mail."""
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="same_email", value_set=[True],
            meta=says("{bad} of {rows} linked contacts have another e-mail in HubSpot than in Salesforce"),
        )
    ]  # fmt: skip


def leads_distribution(gxe: Any, facts: Facts) -> list[Any]:
    """People have an address and a stage, and scores tell them apart."""
    made = [
        gxe.ExpectColumnValuesToNotBeNull(
            column="email", mostly=0.5, meta=says("{bad} of {rows} people ({share}) have no e-mail")
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="lifecycle_stage", mostly=NEARLY_ALL,
            meta=says("{bad} of {rows} people ({share}) have no lifecycle stage"),
        ),
    ]  # fmt: skip
    if facts.rows >= MANY:
        made.append(
            gxe.ExpectColumnUniqueValueCountToBeBetween(
                column="lead_score", min_value=2, meta=says("gives everyone the same lead score")
            )
        )
    return made


LEADS = {"email": "email", "lifecycle_stage": "lifecycle_stage", "lead_score": "lead_score"}


def deals_distribution(gxe: Any, facts: Facts) -> list[Any]:
    """Won deals have a value, and wins are neither none nor all where there are enough closed deals."""
    made = [
        gxe.ExpectColumnValuesToBeInSet(
            column="worthless_win", value_set=[False],
            meta=says("{bad} of {rows} won deals have no amount or one of nothing"),
        )
    ]  # fmt: skip
    if facts.rows >= MANY:
        made.append(
            gxe.ExpectColumnMeanToBeBetween(
                column="won", min_value=0.01, max_value=0.99,
                meta=says("counts {seen:.1%} of closed deals as won; look at config/stages.yml"),
            )
        )  # fmt: skip
    return made


DEALS = {
    "won": "case when is_closed then is_won::int end",
    "worthless_win": "case when is_won then coalesce(amount, 0) <= 0 end",
}


def touches_distribution(gxe: Any, facts: Facts) -> list[Any]:
    """Touches have happened already and mostly have a channel that attribution can speak of."""
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="days_ahead", max_value=1, meta=says("{bad} of {rows} touches happened after now")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="known_channel", value_set=[True], mostly=0.8,
            meta=says("{bad} of {rows} touches ({share}) have no channel; look at config/attribution.yml"),
        ),
    ]  # fmt: skip


TOUCHES = {
    "days_ahead": "date_diff('day', {as_of}, occurred_at)",
    "known_channel": "channel is not null and lower(channel) not in ('', 'unknown', 'other', 'unmapped')",
}
