"""The properties every portal of the sandbox has, as plain data, and the object types they belong to.

A world or a client may add more; those live in the store. Lines read `name type fieldType flags`, flags being
r (read-only value), c (calculated, so read-only too) and u (unique value).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.hubspot import commerce_objects, further_objects, standard_properties


@dataclass(frozen=True)
class ObjectType:
    """A CRM object type and its names. `modified` and `created` are its properties of these times."""

    plural: str
    singular: str
    type_id: str
    defaults: tuple[str, ...]
    modified: str = "hs_lastmodifieddate"
    required: tuple[str, ...] = ()
    searchable: tuple[str, ...] = ()
    created: str = "createdate"


FURTHER = (*further_objects.FURTHER, *commerce_objects.COMMERCE)
TYPES: dict[str, ObjectType] = {
    t.plural: t
    for t in (
        ObjectType(
            "contacts", "contact", "0-1", ("email", "firstname", "lastname"), "lastmodifieddate",
            searchable=("firstname", "lastname", "email", "phone", "company"),
        ),
        ObjectType("companies", "company", "0-2", ("name", "domain"), searchable=("name", "domain", "phone")),
        ObjectType(
            "deals", "deal", "0-3", ("dealname", "dealstage", "pipeline", "amount", "closedate"),
            required=("dealname", "dealstage", "pipeline"), searchable=("dealname", "description"),
        ),
        *(
            ObjectType(
                f.plural, f.singular, f.type_id, f.defaults, required=f.required, searchable=f.searchable,
                created=f.created,
            )
            for f in FURTHER
        ),
    )
}  # fmt: skip
# (from, to) -> type ids: plain, and primary where there is one
TYPE_IDS: dict[tuple[str, str], tuple[int, int | None]] = {
    ("contacts", "companies"): (279, 1), ("companies", "contacts"): (280, 2),
    ("deals", "contacts"): (3, None), ("contacts", "deals"): (4, None),
    ("deals", "companies"): (341, 5), ("companies", "deals"): (342, 6),
    **further_objects.ASSOCIATION_IDS,
    **commerce_objects.COMMERCE_IDS,
}  # fmt: skip

LIFECYCLE = (
    "subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer",
    "evangelist", "other",
)  # fmt: skip
SOURCES = (
    "ORGANIC_SEARCH", "PAID_SEARCH", "EMAIL_MARKETING", "SOCIAL_MEDIA", "REFERRALS", "OTHER_CAMPAIGNS",
    "DIRECT_TRAFFIC", "OFFLINE", "PAID_SOCIAL",
)  # fmt: skip
DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", 0.2),
    ("qualifiedtobuy", "Qualified To Buy", 0.4),
    ("presentationscheduled", "Presentation Scheduled", 0.6),
    ("decisionmakerboughtin", "Decision Maker Bought-In", 0.8),
    ("contractsent", "Contract Sent", 0.9),
    ("closedwon", "Closed Won", 1.0),
    ("closedlost", "Closed Lost", 0.0),
)
CURRENCIES = ("USD", "EUR", "GBP")
OPTIONS: dict[str, tuple[str, ...]] = {
    "lifecyclestage": LIFECYCLE,
    "hs_lead_status": (
        "NEW",
        "OPEN",
        "IN_PROGRESS",
        "OPEN_DEAL",
        "UNQUALIFIED",
        "ATTEMPTED_TO_CONTACT",
        "CONNECTED",
        "BAD_TIMING",
    ),
    "hs_analytics_source": SOURCES,
    "hs_latest_source": SOURCES,
    "dealtype": ("newbusiness", "existingbusiness"),
    "hs_manual_forecast_category": ("OMIT", "PIPELINE", "BEST_CASE", "COMMIT", "CLOSED"),
    "deal_currency_code": CURRENCIES,
    "industry": tuple(standard_properties.INDUSTRIES.split()),
    "hs_annual_revenue_currency_code": CURRENCIES,
    **standard_properties.OPTIONS,
    **further_objects.OPTIONS,
    **commerce_objects.OPTIONS,
}

_COMMON = """
hs_object_id number number r
createdate datetime date r
hubspot_owner_id enumeration select
hs_merged_object_ids enumeration checkbox c
hs_created_by_user_id number number r
"""
_ADDRESS = """
address string text
city string text
state string text
zip string text
country string text
phone string phonenumber
"""
_DEFINITIONS = {
    "contacts": _COMMON + _ADDRESS + """
lastmodifieddate datetime date r
email string text u
firstname string text
lastname string text
mobilephone string phonenumber
company string text
jobtitle string text
website string text
lifecyclestage enumeration radio
hs_lead_status enumeration radio
associatedcompanyid number number
hs_additional_emails enumeration checkbox
hs_email_optout bool booleancheckbox
hs_v2_date_entered_subscriber datetime calculation_read_time c
hs_v2_date_entered_lead datetime calculation_read_time c
hs_v2_date_entered_marketingqualifiedlead datetime calculation_read_time c
hs_v2_date_entered_salesqualifiedlead datetime calculation_read_time c
hs_v2_date_entered_opportunity datetime calculation_read_time c
hs_v2_date_entered_customer datetime calculation_read_time c
hs_analytics_source enumeration select r
hs_analytics_source_data_1 string text r
hs_analytics_source_data_2 string text r
hs_analytics_first_timestamp datetime date r
hs_latest_source enumeration select r
hs_latest_source_data_1 string text r
hs_latest_source_data_2 string text r
hs_latest_source_timestamp datetime date r
first_conversion_date datetime date r
first_conversion_event_name string text r
recent_conversion_date datetime date r
recent_conversion_event_name string text r
num_conversion_events number number r
hubspotscore number calculation_score c
salesforceleadid string text
salesforcecontactid string text
lead_score number number
first_touch_source string text
first_touch_campaign string text
last_touch_source string text
touch_count number number
attributed_revenue number number
""",
    "companies": _COMMON + _ADDRESS + """
hs_lastmodifieddate datetime date r
name string text
domain string text
description string textarea
industry enumeration select
numberofemployees number number
annualrevenue number number
lifecyclestage enumeration radio
salesforceaccountid string text
""",
    "deals": _COMMON + """
hs_lastmodifieddate datetime date r
dealname string text
description string textarea
pipeline enumeration select
dealstage enumeration radio
amount number number
deal_currency_code enumeration select
closedate datetime date
dealtype enumeration radio
closed_lost_reason string textarea
closed_won_reason string textarea
hs_manual_forecast_category enumeration select
hs_is_closed bool booleancheckbox c
hs_is_closed_won bool booleancheckbox c
hs_deal_stage_probability number number c
hs_salesforceopportunityid string text
first_touch_source string text
first_touch_campaign string text
last_touch_source string text
touch_count number number
attributed_revenue number number
""",
    **{further.plural: further.lines for further in FURTHER},
}  # fmt: skip
CREATED_AT = "2023-01-02T08:00:00.000Z"
OURS = {
    "lead_score", "first_touch_source", "first_touch_campaign", "last_touch_source", "touch_count",
    "attributed_revenue", "salesforceleadid", "salesforcecontactid", "salesforceaccountid",
    "hs_salesforceopportunityid",
}  # fmt: skip


def definition(
    name: str, kind: str, field_type: str, group: str, flags: str = "", options: tuple[str, ...] = (),
    *, label: str = "", defined_by_hubspot: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """A property as HubSpot's properties API shows it."""
    owner = name == "hubspot_owner_id"
    shown = {
        "updatedAt": CREATED_AT, "createdAt": CREATED_AT, "name": name,
        "label": label or name.replace("_", " ").strip().capitalize(),
        "type": kind, "fieldType": field_type, "description": "", "groupName": group,
        "options": [
            {"label": o.replace("_", " ").title(), "value": o, "displayOrder": i, "hidden": False}
            for i, o in enumerate(options)
        ],
        "displayOrder": -1, "calculated": "c" in flags, "externalOptions": owner, "archived": False,
        "hasUniqueValue": "u" in flags, "hidden": False, "hubspotDefined": defined_by_hubspot,
        "modificationMetadata": {
            "archivable": not defined_by_hubspot, "readOnlyDefinition": defined_by_hubspot,
            "readOnlyValue": "r" in flags or "c" in flags,
        },
        "formField": "r" not in flags and "c" not in flags, "dataSensitivity": "non_sensitive",
    }  # fmt: skip
    if owner:
        shown["referencedObjectType"] = "OWNER"
    return shown


def definitions(plural: str) -> list[dict[str, Any]]:
    """The properties an object type starts with."""
    found = []
    lines = _DEFINITIONS[plural] + standard_properties.LINES.get(plural, "")
    for line in lines.split("\n"):
        if not line:
            continue
        name, kind, field_type, *flags = line.split()
        options = OPTIONS.get(f"{plural}.{name}", OPTIONS.get(name, ())) if kind == "enumeration" else ()
        found.append(
            definition(
                name, kind, field_type, f"{TYPES[plural].singular}information", flags[0] if flags else "",
                options,
                defined_by_hubspot=name not in OURS
                and (plural != further_objects.CUSTOM_OBJECT or name.startswith("hs_")),
            )
        )  # fmt: skip
    return found
