"""Readiness of desired rows: everything the vendor would refuse is found before a plan is made.

Belongs here: limits of the destination and whether the record can still be written. What a field should be is
decided in dbt; how much may change at once is a guard of the plan.
"""

from __future__ import annotations

from typing import Any

from expectations.suite import Facts, says

TEXT_LIMIT = 255  # Salesforce text fields of ours; HubSpot takes more
SCORE_LIMIT = 100


def ready(gxe: Any, facts: Facts, *, names: dict[str, str]) -> list[Any]:
    """`names` maps score, touches, revenue and texts to the columns of this object."""
    made = [
        gxe.ExpectColumnValuesToBeInSet(
            column="writable", value_set=[True], meta=says("{bad} of {rows} records can no longer be written")
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="owner_active", value_set=[True],
            meta=says("{bad} of {rows} records would go to an owner who is not active"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column=names["score"], min_value=0, max_value=SCORE_LIMIT,
            meta=says(f"{{bad}} of {{rows}} records have a score outside 0 to {SCORE_LIMIT}"),
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column=names["touches"], min_value=0,
            meta=says("{bad} of {rows} records have a touch count below zero")
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column=names["revenue"], min_value=0, meta=says("{bad} of {rows} records have negative revenue")
        ),
    ]  # fmt: skip
    made += [
        gxe.ExpectColumnValueLengthsToBeBetween(
            column=names[text], min_value=1, max_value=TEXT_LIMIT,
            meta=says(f"{names[text]} is blank or over {TEXT_LIMIT} letters in {{bad}} of {{rows}} records"),
        )
        for text in ("first_source", "first_campaign", "last_source")
    ]  # fmt: skip
    return made


HUBSPOT = {
    "score": "lead_score", "touches": "touch_count", "revenue": "attributed_revenue",
    "first_source": "first_touch_source", "first_campaign": "first_touch_campaign",
    "last_source": "last_touch_source",
}  # fmt: skip
SALESFORCE = {
    "score": "Lead_Score__c", "touches": "Touch_Count__c", "revenue": "Attributed_Revenue__c",
    "first_source": "First_Touch_Source__c", "first_campaign": "First_Touch_Campaign__c",
    "last_source": "Last_Touch_Source__c",
}  # fmt: skip


def ready_for_hubspot(gxe: Any, facts: Facts) -> list[Any]:
    """A HubSpot contact can take what is desired of it."""
    return ready(gxe, facts, names=HUBSPOT)


def ready_for_salesforce(gxe: Any, facts: Facts) -> list[Any]:
    """A Salesforce lead or contact can take what is desired of it."""
    return ready(gxe, facts, names=SALESFORCE)


HUBSPOT_CONTACTS_QUERY = f"""
select d.record_id, r.id is not null as writable,
       case when d.hubspot_owner_id is not null then o.id is not null end as owner_active,
       {", ".join(f"d.{column}" for column in HUBSPOT.values() if column != "attributed_revenue")},
       d.attributed_revenue::double as attributed_revenue
from reverse_sync.sync_hubspot__contacts d
left join raw_hubspot.contacts r on r.id = d.record_id and r.deleted_at is null
left join raw_hubspot.owners o on o.id = d.hubspot_owner_id and not coalesce(o.archived, false)
"""


def salesforce_query(model: str, raw: str, writable: str) -> str:
    """Desired rows of one Salesforce object beside whether the record and its owner still are."""
    texts = ", ".join(f"d.{column}" for column in SALESFORCE.values() if not column.endswith("Revenue__c"))
    return f"""
        select d.record_id, coalesce({writable}, false) as writable,
               case when d.OwnerId is not null then u.Id is not null end as owner_active,
               {texts}, d.Attributed_Revenue__c::double as Attributed_Revenue__c
        from reverse_sync.{model} d
        left join raw_salesforce.{raw} r on r.Id = d.record_id and r.deleted_at is null
        left join raw_salesforce."user" u on u.Id = d.OwnerId and coalesce(u.IsActive, false)
    """
