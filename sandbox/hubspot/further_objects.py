"""Object types beside contacts, companies and deals, as plain data: names, properties, options, pipelines.

Belongs here: what a portal starts with. Property lines read as in `catalog`: `name type fieldType flags`.
"""

from __future__ import annotations

from dataclasses import dataclass

OWN = """
hs_object_id number number r
hs_createdate datetime date r
hs_lastmodifieddate datetime date r
hubspot_owner_id enumeration select
hs_created_by_user_id number number r
hs_merged_object_ids enumeration checkbox c
"""
ACTIVITY = OWN + "hs_timestamp datetime date\nhs_attachment_ids enumeration checkbox\n"
ENGAGEMENTS = ("calls", "emails", "meetings", "notes", "tasks")
"""Types whose records share one row of ids, for the old API knows them by an id alone."""
CUSTOM_OBJECT = "p48290173_installations"


@dataclass(frozen=True)
class Further:
    """One object type. `created` is its creation property."""

    plural: str
    singular: str
    type_id: str
    defaults: tuple[str, ...]
    lines: str
    required: tuple[str, ...] = ()
    searchable: tuple[str, ...] = ()
    created: str = "hs_createdate"


FURTHER: tuple[Further, ...] = (
    Further(
        "tickets", "ticket", "0-5", ("subject", "content", "hs_pipeline", "hs_pipeline_stage"),
        OWN.replace("hs_createdate", "createdate") + """
subject string text
content string textarea
hs_pipeline enumeration select
hs_pipeline_stage enumeration select
hs_ticket_priority enumeration select
hs_ticket_category enumeration checkbox
source_type enumeration select
closed_date datetime date
first_agent_reply_date datetime date r
""",
        required=("subject", "hs_pipeline", "hs_pipeline_stage"), searchable=("subject", "content"),
        created="createdate",
    ),
    Further(
        "leads", "lead", "0-136", ("hs_lead_name", "hs_pipeline", "hs_pipeline_stage"),
        OWN + """
hs_lead_name string text
hs_lead_type enumeration select
hs_lead_label enumeration select
hs_lead_disqualification_reason enumeration select
hs_pipeline enumeration select
hs_pipeline_stage enumeration select
hs_primary_contact_id number number r
hs_contact_analytics_source enumeration select r
""",
        required=("hs_lead_name",), searchable=("hs_lead_name",),
    ),
    Further(
        "calls", "call", "0-48", ("hs_timestamp",),
        ACTIVITY + """
hs_call_title string text
hs_call_body string html
hs_call_direction enumeration select
hs_call_disposition enumeration select
hs_call_duration number number
hs_call_status enumeration select
hs_call_to_number string text
""",
        required=("hs_timestamp",), searchable=("hs_call_title", "hs_call_body"),
    ),
    Further(
        "emails", "email", "0-49", ("hs_timestamp",),
        ACTIVITY + """
hs_email_subject string text
hs_email_text string textarea
hs_email_html string html
hs_email_direction enumeration select
hs_email_status enumeration select
hs_email_from_email string text r
hs_sequence_id number number r
hs_email_to_email string text r
hs_email_open_count number number r
hs_email_click_count number number r
hs_email_reply_count number number r
""",
        required=("hs_timestamp", "hs_email_direction"), searchable=("hs_email_subject",),
    ),
    Further(
        "meetings", "meeting", "0-47", ("hs_timestamp",),
        ACTIVITY + """
hs_meeting_title string text
hs_meeting_body string html
hs_meeting_start_time datetime date
hs_meeting_end_time datetime date
hs_meeting_outcome enumeration select
hs_meeting_location string text
hs_meeting_external_url string text
hs_meeting_source enumeration select r
hs_meeting_source_id string text r
hs_activity_type enumeration select
""",
        required=("hs_timestamp",), searchable=("hs_meeting_title",),
    ),
    Further(
        "notes", "note", "0-46", ("hs_timestamp",),
        ACTIVITY + "hs_note_body string html\n",
        required=("hs_timestamp",), searchable=("hs_note_body",),
    ),
    Further(
        "tasks", "task", "0-27", ("hs_timestamp",),
        ACTIVITY + """
hs_task_subject string text
hs_task_body string html
hs_task_status enumeration select
hs_task_priority enumeration select
hs_task_type enumeration select
hs_task_completion_date datetime date r
""",
        required=("hs_timestamp",), searchable=("hs_task_subject", "hs_task_body"),
    ),
    Further(
        "communications", "communication", "0-18", ("hs_timestamp",),
        ACTIVITY + """
hs_communication_channel_type enumeration select
hs_communication_logged_from enumeration select
hs_communication_body string html
""",
        required=("hs_timestamp", "hs_communication_channel_type"),
    ),
    Further(
        "products", "product", "0-7", ("name", "description", "price"),
        OWN.replace("hs_createdate", "createdate") + """
name string text
description string textarea
price number number
hs_sku string text
hs_cost_of_goods_sold number number
hs_product_type enumeration select
recurringbillingfrequency enumeration select
""",
        required=("name",), searchable=("name", "hs_sku"), created="createdate",
    ),
    Further(
        "line_items", "line_item", "0-8", ("name", "quantity", "amount", "price"),
        OWN.replace("hs_createdate", "createdate") + """
name string text
hs_product_id number number
hs_sku string text
quantity number number
price number number
discount number number
amount number number c
hs_line_item_currency_code enumeration select
recurringbillingfrequency enumeration select
""",
        searchable=("name", "hs_sku"), created="createdate",
    ),
    Further(
        "goal_targets", "goal_target", "0-74", ("hs_created_by_user_id", "hs_end_datetime", "hs_goal_name"),
        OWN + """
hs_goal_name string text
hs_target_amount number number
hs_kpi_value number number c
hs_start_datetime datetime date
hs_end_datetime datetime date
hs_status enumeration select c
""",
    ),
    Further(
        "deal_splits", "deal_split", "0-72", ("hs_deal_split_amount", "hs_deal_split_percentage"),
        OWN + """
hs_deal_split_amount number number
hs_deal_split_percentage number number
""",
    ),
    Further(
        "users", "user", "0-115", (),
        OWN + """
hs_email string text r
hs_given_name string text
hs_family_name string text
hs_job_title string text
hs_internal_user_id number number r
hs_standard_time_zone enumeration select
hs_working_hours string text
hs_out_of_office_hours string text
hs_availability_status enumeration select
hs_deactivated bool booleancheckbox r
""",
        searchable=("hs_email", "hs_given_name", "hs_family_name"),
    ),
    Further(
        CUSTOM_OBJECT, "installation", "2-31415926", ("installation_name",),
        OWN + """
installation_name string text
serial_number string text u
edition enumeration select
seats number number
monthly_fee number number
installed_on date date
is_live bool booleancheckbox
modules enumeration checkbox
""",
        required=("installation_name",), searchable=("installation_name", "serial_number"),
    ),
)  # fmt: skip
OPTIONS: dict[str, tuple[str, ...]] = {
    "hs_ticket_priority": ("LOW", "MEDIUM", "HIGH", "URGENT"),
    "hs_ticket_category": ("PRODUCT_ISSUE", "BILLING_ISSUE", "FEATURE_REQUEST", "GENERAL_INQUIRY"),
    "source_type": ("CHAT", "EMAIL", "FORM", "PHONE"),
    "hs_lead_type": ("NEW_BUSINESS", "RE_ATTEMPTING", "UPSELL"),
    "hs_lead_label": ("HOT", "WARM", "COLD"),
    "hs_lead_disqualification_reason": ("NO_BUDGET", "NOT_A_FIT", "UNREACHABLE", "BAD_TIMING"),
    "hs_call_direction": ("INBOUND", "OUTBOUND"),
    "hs_call_status": (
        "COMPLETED", "NO_ANSWER", "BUSY", "FAILED", "CANCELED", "CALLING_CRM_USER", "CONNECTING",
        "IN_PROGRESS", "QUEUED", "RINGING",
    ),
    "hs_email_direction": ("EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"),
    "hs_email_status": ("SENT", "BOUNCED", "FAILED", "SCHEDULED", "SENDING"),
    "hs_meeting_outcome": ("SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"),
    "hs_meeting_source": ("CRM_UI", "MEETINGS_PUBLIC", "BIDIRECTIONAL_API"),
    "hs_activity_type": ("Discovery call", "Demo", "Review"),
    "hs_task_status": ("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"),
    "hs_task_priority": ("NONE", "LOW", "MEDIUM", "HIGH"),
    "hs_task_type": ("TODO", "CALL", "EMAIL", "LINKED_IN_MESSAGE"),
    "hs_communication_channel_type": ("WHATS_APP", "LINKEDIN_MESSAGE", "SMS"),
    "hs_communication_logged_from": ("CRM",),
    "hs_product_type": ("inventory", "non_inventory", "service"),
    "recurringbillingfrequency": ("monthly", "quarterly", "annually"),
    "hs_line_item_currency_code": ("USD", "EUR", "GBP"),
    "hs_status": ("draft", "in_progress", "achieved", "missed"),
    "hs_availability_status": ("available", "away"),
    "edition": ("starter", "business", "enterprise"),
    "modules": ("reporting", "forecasting", "integrations", "sandbox"),
}  # fmt: skip
# Pipelines of objects beside deals: id, label, and stages as (id, label, whether it is closed).
PIPELINES: dict[str, tuple[str, str, tuple[tuple[str, str, bool], ...]]] = {
    "tickets": (
        "0", "Support Pipeline",
        (("1", "New", False), ("2", "Waiting on contact", False), ("3", "Waiting on us", False),
         ("4", "Closed", True)),
    ),
    "leads": (
        "lead-pipeline-id", "Lead Pipeline",
        (("new-stage-id", "New", False), ("attempting-stage-id", "Attempting", False),
         ("connected-stage-id", "Connected", False), ("qualified-stage-id", "Qualified", True),
         ("unqualified-stage-id", "Disqualified", True)),
    ),
}  # fmt: skip
# (from, to) -> type ids, plain and primary, both ways: what HubSpot defines itself. The custom object's are
# the portal's own.
ASSOCIATION_IDS: dict[tuple[str, str], tuple[int, int | None]] = {
    ("contacts", "contacts"): (449, None), ("companies", "companies"): (450, None),
    ("deals", "deals"): (451, None), ("tickets", "tickets"): (452, None),
    ("calls", "leads"): (596, None), ("leads", "calls"): (597, None),
    ("emails", "leads"): (598, None), ("leads", "emails"): (599, None),
    ("meetings", "leads"): (600, None), ("leads", "meetings"): (601, None),
    ("communications", "leads"): (602, None), ("leads", "communications"): (603, None),
    ("tasks", "leads"): (646, None), ("leads", "tasks"): (647, None),
    ("notes", "leads"): (854, None), ("leads", "notes"): (855, None),
    ("contacts", "tickets"): (15, None), ("tickets", "contacts"): (16, None),
    ("companies", "tickets"): (340, 25), ("tickets", "companies"): (339, 26),
    ("deals", "tickets"): (27, None), ("tickets", "deals"): (28, None),
    ("deals", "line_items"): (19, None), ("line_items", "deals"): (20, None),
    ("leads", "contacts"): (608, 578), ("contacts", "leads"): (609, 579),
    ("leads", "companies"): (610, None), ("companies", "leads"): (611, None),
    ("contacts", "calls"): (193, None), ("calls", "contacts"): (194, None),
    ("contacts", "emails"): (197, None), ("emails", "contacts"): (198, None),
    ("contacts", "meetings"): (199, None), ("meetings", "contacts"): (200, None),
    ("contacts", "notes"): (201, None), ("notes", "contacts"): (202, None),
    ("contacts", "tasks"): (203, None), ("tasks", "contacts"): (204, None),
    ("contacts", "communications"): (82, None), ("communications", "contacts"): (81, None),
    ("deals", "calls"): (205, None), ("calls", "deals"): (206, None),
    ("deals", "emails"): (209, None), ("emails", "deals"): (210, None),
    ("deals", "meetings"): (211, None), ("meetings", "deals"): (212, None),
    ("deals", "notes"): (213, None), ("notes", "deals"): (214, None),
    ("deals", "tasks"): (215, None), ("tasks", "deals"): (216, None),
    ("companies", "calls"): (181, None), ("calls", "companies"): (182, None),
    ("tickets", "calls"): (219, None), ("calls", "tickets"): (220, None),
    ("companies", "emails"): (185, None), ("emails", "companies"): (186, None),
    ("tickets", "emails"): (223, None), ("emails", "tickets"): (224, None),
    ("companies", "meetings"): (187, None), ("meetings", "companies"): (188, None),
    ("tickets", "meetings"): (225, None), ("meetings", "tickets"): (226, None),
    ("companies", "notes"): (189, None), ("notes", "companies"): (190, None),
    ("tickets", "notes"): (227, None), ("notes", "tickets"): (228, None),
    ("companies", "tasks"): (191, None), ("tasks", "companies"): (192, None),
    ("tickets", "tasks"): (229, None), ("tasks", "tickets"): (230, None),
    ("companies", "communications"): (88, None), ("communications", "companies"): (87, None),
    ("tickets", "communications"): (84, None), ("communications", "tickets"): (83, None),
    ("deals", "communications"): (86, None), ("communications", "deals"): (85, None),
    ("companies", CUSTOM_OBJECT): (1, None), (CUSTOM_OBJECT, "companies"): (2, None),
}  # fmt: skip
