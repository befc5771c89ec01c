"""What arrived from the vendors: freshness of the loads, and values that cannot be.

Belongs here: warnings about rows as the vendors hold them, with examples, so that they can be mended there.
Volume is in `volume`; keys and references are dbt tests.
"""

from __future__ import annotations

from typing import Any

from expectations.suite import Facts, says

EMAIL = r"^[^@\s,;]+@[^@\s,;]+\.[^@\s.,;]{2,}$"
ENOUGH = 0.5
NEARLY_ALL = 0.95
FRESH_HOURS = 24

LOADS = """
select vendor || ' ' || object as object, status = 'stale' as stale,
       date_diff('hour', window_to, {as_of}) as hours_behind
from ops.loads
where status <> 'absent'
qualify row_number() over (partition by vendor, object order by loaded_at desc, window_to desc) = 1
"""


FIRST_LOADS = """
select vendor || ' ' || object as object, bool_or(status in ('loaded', 'unchanged')) as was_read
from ops.loads
where
    status <> 'absent'
    and (
        vendor <> 'marketing_cloud'
        or vendor in (select vendor from ops.loads where status in ('loaded', 'unchanged'))
    )
group by all
"""
"""Marketing Cloud that never let us in is as if it were not connected: the CRMs go on without it."""


def first_loads(gxe: Any, facts: Facts) -> list[Any]:
    """Every object was read at least once: what was never read would look like a world that has none."""
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="was_read", value_set=[True],
            meta=says("{bad} of {rows} objects have never been read whole"),
        ),
    ]  # fmt: skip


def loads(gxe: Any, facts: Facts) -> list[Any]:
    """Every object was read by this run, and none is far behind."""
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column="stale", value_set=[False],
            meta=says("{bad} of {rows} objects could not be read and keep their old rows"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="hours_behind", max_value=FRESH_HOURS,
            meta=says(f"{{bad}} of {{rows}} objects were last read more than {FRESH_HOURS} hours ago"),
        ),
    ]  # fmt: skip


def people(gxe: Any, facts: Facts) -> list[Any]:
    """Contacts and leads: addresses that are addresses, dates that have been."""
    return [
        gxe.ExpectColumnValuesToMatchRegex(
            column="email",
            regex=EMAIL,
            meta=says("{bad} of {rows} records have an e-mail that is no address"),
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="email", mostly=ENOUGH, meta=says("{bad} of {rows} records ({share}) have no e-mail")
        ),
        _not_in_future(gxe, "created_days_ahead", "records were created after now"),
    ]


PEOPLE_HUBSPOT = {"email": "trim(email)", "created_days_ahead": "date_diff('day', {as_of}, createdate)"}
PEOPLE_SALESFORCE = {"email": "trim(Email)", "created_days_ahead": "date_diff('day', {as_of}, CreatedDate)"}


def companies(gxe: Any, facts: Facts) -> list[Any]:
    """Companies and accounts can be recognised: they have a name and mostly a domain."""
    return [
        gxe.ExpectColumnValuesToNotBeNull(column="name", meta=says("{bad} of {rows} companies have no name")),
        gxe.ExpectColumnValuesToNotBeNull(
            column="domain", mostly=ENOUGH, meta=says("{bad} of {rows} companies ({share}) have no domain")
        ),
    ]


COMPANIES_HUBSPOT = {"name": "name", "domain": "domain"}
COMPANIES_SALESFORCE = {"name": "Name", "domain": "Website"}


def deals(gxe: Any, facts: Facts) -> list[Any]:
    """Deals and opportunities: amounts that can be money, dates in order, the fields every report needs."""
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column="amount", min_value=0, meta=says("{bad} of {rows} deals have an amount below zero")
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="amount", mostly=ENOUGH, meta=says("{bad} of {rows} deals ({share}) have no amount")
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="close_date",
            mostly=NEARLY_ALL,
            meta=says("{bad} of {rows} deals ({share}) have no close date"),
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="owner", mostly=NEARLY_ALL, meta=says("{bad} of {rows} deals ({share}) have no owner")
        ),
        _not_in_future(gxe, "created_days_ahead", "deals were created after now"),
        _not_in_future(gxe, "won_days_ahead", "won deals close after now"),
    ]


DEALS_HUBSPOT = {
    "amount": "amount::double",
    "close_date": "closedate::date::varchar",
    "owner": "hubspot_owner_id",
    "created_days_ahead": "date_diff('day', {as_of}, createdate)",
    "won_days_ahead": "case when hs_is_closed_won then date_diff('day', {as_of}, closedate) end",
}
DEALS_SALESFORCE = {
    "amount": "Amount::double",
    "close_date": "CloseDate::varchar",
    "owner": "OwnerId",
    "created_days_ahead": "date_diff('day', {as_of}, CreatedDate)",
    "won_days_ahead": "case when IsWon then date_diff('day', ({as_of})::date, CloseDate) end",
}


def accounts_of_deals(gxe: Any, facts: Facts) -> list[Any]:
    """Salesforce opportunities, in addition to what every deal must be."""
    return [
        *deals(gxe, facts),
        gxe.ExpectColumnValuesToNotBeNull(
            column="account", mostly=NEARLY_ALL,
            meta=says("{bad} of {rows} opportunities ({share}) have no account"),
        ),
    ]  # fmt: skip


def members(gxe: Any, facts: Facts) -> list[Any]:
    """Campaign members: a person is named, and a response has a date, else it can earn no credit in time."""
    return [
        gxe.ExpectColumnValuesToNotBeNull(
            column="person", meta=says("{bad} of {rows} campaign members name neither lead nor contact")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="undated_response", value_set=[False],
            meta=says("{bad} of {rows} campaign members responded without a date"),
        ),
    ]  # fmt: skip


MEMBERS = {
    "person": "coalesce(LeadId, ContactId)",
    "undated_response": "coalesce(HasResponded, false) and FirstRespondedDate is null",
}


def _not_in_future(gxe: Any, column: str, seen: str) -> Any:
    """A day of grace: vendors' clocks and time zones differ from ours."""
    return gxe.ExpectColumnValuesToBeBetween(
        column=column, max_value=1, meta=says(f"{{bad}} of {{rows}} {seen}")
    )
