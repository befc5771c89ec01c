"""Where people are in the raw tables: how the rows of a person are found, table by table.

Belongs here: that declaration, which keeping erased people out (`screen`) and erasing them both follow. Every
table of the catalogs is named; one that is not (a custom object, found at run time) goes by the names of its
columns. A test fails when a catalog gets a table or column with people in it that is not covered here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

PERSON_OBJECTS = {
    "hubspot": ("contacts",), "salesforce": ("Lead", "Contact"), "marketing_cloud": ("Subscriber",),
}  # fmt: skip
"""The objects whose records are people, by the API's own names."""
PREFIXES = {"00Q": "Lead", "003": "Contact"}
"""What a Salesforce id begins with says which object it is of."""


@dataclass(frozen=True, kw_only=True)
class Holds:
    """What a table holds of people. `record` names the object when each row is a person's own record.

    A row goes when one of `ids`, one of the `typed` pairs (object type, id) or one of `emails` is theirs; in
    a column of `cleared` only the cell does. With `via` rows go whose only associated contact is theirs, and
    with what went so goes what is `of` it: (object, column of its id).
    """

    record: str = ""
    key: str = ""
    ids: tuple[str, ...] = ()
    typed: tuple[tuple[str, str], ...] = ()
    emails: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    via: bool = False
    of: tuple[str, str] = ("", "")
    first_name: str = ""
    last_name: str = ""
    phones: tuple[str, ...] = ()
    staff: bool = False
    """The people in it are colleagues, who own records; their rows stay."""

    @property
    def columns(self) -> frozenset[str]:
        """Every column that is looked at, in lower case."""
        pairs = [name for pair in self.typed for name in pair]
        found = (*self.ids, *pairs, *self.emails, *self.cleared, self.of[1])
        return frozenset(each.lower() for each in found if each)


NONE = Holds()
STAFF = Holds(staff=True)
_ENGAGED = Holds(via=True)
_PHONES = ("phone", "mobilephone", "hs_whatsapp_phone_number", "fax")
_SF_PHONES = ("Phone", "MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone", "Fax")
CONTACT_TYPES = ("contacts", "contact", "0-1")
"""How HubSpot spells the type of a contact."""
_PAIRS = (("from_type", "from_id"), ("to_type", "to_id"))

HUBSPOT: dict[str, Holds] = {
    "contacts": Holds(
        record="contacts", key="id", emails=("email", "hs_additional_emails"), first_name="firstname",
        last_name="lastname", phones=_PHONES,
    ),
    "companies": NONE,
    "deals": NONE,
    "contacts_property_history": Holds(ids=("id",)),
    "companies_property_history": NONE,
    "deals_property_history": NONE,
    "tickets_property_history": Holds(of=("tickets", "id")),
    "leads_property_history": Holds(of=("leads", "id")),
    "pipelines": NONE,
    "pipeline_stages": NONE,
    "properties": NONE,
    "campaigns": NONE,
    "associations": Holds(typed=_PAIRS),
    "owners": STAFF,
    "tickets": _ENGAGED,
    "leads": Holds(ids=("hs_primary_contact_id",), via=True),
    "calls": _ENGAGED,
    "emails": Holds(emails=("hs_email_from_email", "hs_email_to_email"), via=True),
    "meetings": _ENGAGED,
    "notes": _ENGAGED,
    "tasks": _ENGAGED,
    "communications": _ENGAGED,
    "products": NONE,
    "line_items": NONE,
    "goal_targets": NONE,
    "users": STAFF,
    "lists": NONE,
    "list_members": Holds(typed=(("object_type", "record_id"),)),
    "forms": NONE,
    "form_submissions": Holds(emails=("email",)),
    "marketing_events": NONE,
    "marketing_event_participations": Holds(ids=("contact_id",), emails=("email",)),
    "campaign_assets": NONE,
    "campaign_items": NONE,
    "campaign_reports": NONE,
    "campaign_contacts": Holds(ids=("contact_id",)),
    "email_campaigns": NONE,
    "email_events": Holds(emails=("recipient",)),
    "subscription_types": NONE,
    "subscription_changes": Holds(emails=("email",)),
    "subscription_statuses": Holds(emails=("email",)),
    "behavioral_events": Holds(typed=(("object_type", "object_id"),)),
    "teams": STAFF,
    "currencies": NONE,
    "exchange_rates": NONE,
    "meeting_links": STAFF,
    "schemas": NONE,
}  # fmt: skip

SALESFORCE: dict[str, Holds] = {
    "lead": Holds(
        record="Lead", key="Id", emails=("Email",), first_name="FirstName", last_name="LastName",
        phones=_SF_PHONES, cleared=("ConvertedContactId",),
    ),
    "contact": Holds(
        record="Contact", key="Id", emails=("Email",), first_name="FirstName", last_name="LastName",
        phones=_SF_PHONES,
    ),
    **dict.fromkeys(
        ("account", "account_history", "opportunity_field_history", "opportunity_line_item", "product2",
         "pricebook_entry", "campaign_member_status", "object_territory2_association", "territory2",
         "record_type", "lead_status", "currency_type", "dated_conversion_rate", "organization", "period",
         "forecasting_quota", "forecasting_item", "business_hours", "holiday"), NONE,
    ),
    "lead_history": Holds(ids=("LeadId",)),
    "contact_history": Holds(ids=("ContactId",)),
    "case": Holds(ids=("ContactId",)),
    "case_history": Holds(of=("Case", "CaseId")),
    "event": Holds(ids=("WhoId",)),
    "email_message": Holds(emails=("FromAddress", "ToAddress"), of=("Case", "ParentId")),
    "campaign_influence": Holds(ids=("ContactId",)),
    "opportunity": Holds(cleared=("ContactId",)),
    "opportunity_history": NONE,
    "opportunity_stage": NONE,
    "opportunity_contact_role": Holds(ids=("ContactId",)),
    "campaign": NONE,
    "campaign_member": Holds(ids=("LeadId", "ContactId")),
    "task": Holds(ids=("WhoId",)),
    **dict.fromkeys(
        ("user", "user_role", "group", "group_member", "queue_sobject", "user_territory2_association"), STAFF
    ),
}  # fmt: skip

MARKETING_CLOUD: dict[str, Holds] = {
    "subscribers": Holds(record="Subscriber", key="SubscriberKey", emails=("EmailAddress", "SubscriberKey")),
    "contacts": Holds(ids=("contactKey",), emails=("contactKey",)),
    **dict.fromkeys(
        ("list_subscribers", "sent_events", "open_events", "click_events", "bounce_events",
         "unsubscribe_events", "complaints", "journey_activity"),
        Holds(ids=("SubscriberKey",), emails=("SubscriberKey",)),
    ),
    "journey_history": Holds(ids=("ContactKey",), emails=("ContactKey",)),
    "journey_entries": Holds(ids=("ContactKey",), emails=("ContactKey",)),
    "people": Holds(ids=("ContactKey",), emails=("EmailAddress", "ContactKey")),
    **dict.fromkeys(
        ("lists", "data_extensions", "data_extension_fields", "sends", "campaigns", "journeys",
         "event_definitions"), NONE,
    ),
}  # fmt: skip

DECLARED: Mapping[str, Mapping[str, Holds]] = {
    "hubspot": HUBSPOT, "salesforce": SALESFORCE, "marketing_cloud": MARKETING_CLOUD,
}  # fmt: skip
_IDS = {
    "hubspot": re.compile(r"(\w+_)?(associated_?)?(primary_?)?contact_?(id|vid)|(contact_)?vid", re.I),
    "salesforce": re.compile(
        r"(\w*(lead|contact|who|individual|subscriber)|relation|leadorcontact|recipient\w*)id", re.I
    ),
    "marketing_cloud": re.compile(r"_?(contact|subscriber)_?key", re.I),
}
_EMAILS = {
    "hubspot": re.compile(r"(\w+_)?(e?mail|recipient|attendee)s?(_address|_email)?(es)?", re.I),
    "marketing_cloud": re.compile(r"(\w+_)?e?mail(_?address)?|_?(contact|subscriber)_?key", re.I),
    "salesforce": re.compile(
        r"\w*e_?mail(__c)?|(from|to|cc|bcc|reply)address|bounced\w*address|validated\w*address", re.I
    ),
}
_OF_CONTACTS = re.compile(r"contacts?_\w+")
_ENGAGEMENTS = {
    "calls", "emails", "meetings", "notes", "tasks", "communications", "postal_mail", "leads", "tickets",
}  # fmt: skip


def is_declared(vendor: str, table: str) -> bool:
    """Whether the declaration above names this table."""
    return table in DECLARED[vendor]


def holds_of(vendor: str, table: str, columns: Collection[str]) -> Holds:
    """What a table holds of people; of one that nobody declared, what its columns' names say.

    In a portal's own column, which nobody promised, an id of theirs is emptied: the row is of something else.
    """
    declared = DECLARED[vendor].get(table)
    if declared is None:
        return guessed(vendor, table, columns)
    found = guessed(vendor, table, columns).ids if not declared.staff else ()
    more = tuple(name for name in found if name != "id" and name.lower() not in declared.columns)
    return replace(declared, cleared=(*declared.cleared, *more)) if more else declared


def guessed(vendor: str, table: str, columns: Collection[str]) -> Holds:
    """By names alone. `columns` are those that hold text."""
    there = set(columns)
    ids = [name for name in columns if _IDS[vendor].fullmatch(name)]
    if vendor == "hubspot" and _OF_CONTACTS.fullmatch(table) and "id" in there:
        ids.append("id")
    pairs = (*_PAIRS, ("object_type", "object_id"), ("object_type", "record_id"))
    typed = [(kind, each) for kind, each in pairs if vendor == "hubspot" and {kind, each} <= there]
    emails = [name for name in columns if _EMAILS[vendor].fullmatch(name)]
    via = vendor == "hubspot" and table in _ENGAGEMENTS
    return Holds(ids=tuple(ids), typed=tuple(typed), emails=tuple(emails), via=via)


def record_key(vendor: str, org: str, identifier: str, record: str = "") -> str:
    """The record key behind an id that a column holds; of an id that is no person's, a key nobody has."""
    plain = {"hubspot": "contacts", "marketing_cloud": "Subscriber"}
    named = record or plain.get(vendor) or PREFIXES.get(identifier[:3], "")
    return f"{vendor}:{org}:{named}:{identifier}"
