"""Object types of commerce, service and surveys, as plain data; a portal starts without records of them.

Belongs here: what `further_objects` has of other types, by the same rules for lines.
"""

from __future__ import annotations

from sandbox.hubspot.further_objects import ACTIVITY, OWN, Further

_PRICED = """
hs_label string text
hs_type enumeration select
hs_value number number
"""
COMMERCE: tuple[Further, ...] = (
    Further(
        "quotes", "quote", "0-14", ("hs_title", "hs_expiration_date", "hs_status"),
        OWN + """
hs_title string text
hs_expiration_date datetime date
hs_status enumeration select
hs_quote_amount number number c
hs_quote_number string text
hs_currency enumeration select
hs_language enumeration select
hs_locale enumeration select
hs_terms string textarea
hs_comments string textarea
hs_esign_enabled bool booleancheckbox
hs_sender_firstname string text
hs_sender_lastname string text
hs_sender_email string text
hs_quote_link string text r
""",
        required=("hs_title", "hs_expiration_date"), searchable=("hs_title",),
    ),
    Further(
        "invoices", "invoice", "0-53", ("hs_number", "hs_invoice_status"),
        OWN + """
hs_currency enumeration select
hs_invoice_date datetime date
hs_due_date datetime date
hs_invoice_status enumeration select
hs_number string text r
hs_amount_billed number number c
hs_balance_due number number c
hs_purchase_order_number string text
""",
        required=("hs_currency",),
    ),
    Further(
        "orders", "order", "0-123", ("hs_order_name", "hs_total_price"),
        OWN + """
hs_order_name string text
hs_external_order_id string text
hs_external_order_status string text
hs_fulfillment_status string text
hs_currency_code enumeration select
hs_total_price number number
hs_source_store string text
hs_pipeline enumeration select
hs_pipeline_stage enumeration select
""",
        searchable=("hs_order_name", "hs_external_order_id"),
    ),
    Further(
        "carts", "cart", "0-142", ("hs_cart_name", "hs_total_price"),
        OWN + """
hs_cart_name string text
hs_external_cart_id string text
hs_external_status string text
hs_currency_code enumeration select
hs_total_price number number
hs_source_store string text
""",
    ),
    Further(
        "subscriptions", "subscription", "0-69", ("hs_name", "hs_status"),
        OWN + """
hs_name string text
hs_status enumeration select
hs_currency_code enumeration select
hs_recurring_billing_start_date date date
""",
    ),
    Further(
        "commerce_payments", "commerce_payment", "0-101", ("hs_initial_amount", "hs_latest_status"),
        OWN + """
hs_initial_amount number number
hs_initiated_date datetime date
hs_currency_code enumeration select
hs_latest_status enumeration select
hs_customer_email string text
""",
    ),
    Further("discounts", "discount", "0-84", ("hs_label", "hs_type", "hs_value"), OWN + _PRICED),
    Further("fees", "fee", "0-85", ("hs_label", "hs_type", "hs_value"), OWN + _PRICED),
    Further("taxes", "tax", "0-86", ("hs_label", "hs_type", "hs_value"), OWN + _PRICED),
    Further(
        "feedback_submissions", "feedback_submission", "0-19", ("hs_survey_type", "hs_value"),
        OWN + """
hs_survey_type enumeration select
hs_survey_name string text
hs_response_group string text
hs_sentiment string text
hs_content string textarea
hs_value number number
hs_submission_timestamp datetime date
""",
    ),
    Further(
        "postal_mail", "postal_mail", "0-116", ("hs_timestamp",),
        ACTIVITY + "hs_postal_mail_body string html\n",
        required=("hs_timestamp",),
    ),
    Further(
        "appointments", "appointment", "0-421", ("hs_appointment_name", "hs_appointment_start"),
        OWN + """
hs_appointment_name string text
hs_appointment_start datetime date
hs_appointment_end datetime date
hs_appointment_status string text
hs_pipeline enumeration select
hs_pipeline_stage enumeration select
""",
        searchable=("hs_appointment_name",),
    ),
    Further(
        "courses", "course", "0-410", ("hs_course_name", "hs_course_id"),
        OWN + """
hs_course_name string text
hs_course_id string text
hs_course_description string textarea
hs_enrollment_capacity number number
""",
        searchable=("hs_course_name",),
    ),
    Further(
        "listings", "listing", "0-420", ("hs_name", "hs_price"),
        OWN + """
hs_name string text
hs_price number number
hs_address_1 string text
hs_city string text
hs_listing_type string text
hs_year_built number number
""",
        searchable=("hs_name",),
    ),
    Further(
        "services", "service", "0-162", ("hs_name", "hs_pipeline", "hs_pipeline_stage"),
        OWN + """
hs_name string text
hs_description string textarea
hs_start_date date date
hs_target_end_date date date
hs_close_date date date
hs_amount_paid number number
hs_pipeline enumeration select
hs_pipeline_stage enumeration select
""",
        searchable=("hs_name",),
    ),
)  # fmt: skip
# (from, to) -> type ids, plain and primary, both ways, of the types that are tied to people and deals.
COMMERCE_IDS: dict[tuple[str, str], tuple[int, int | None]] = {
    ("quotes", "deals"): (64, None), ("deals", "quotes"): (63, None),
    ("quotes", "line_items"): (67, None), ("line_items", "quotes"): (68, None),
    ("quotes", "contacts"): (69, None), ("contacts", "quotes"): (70, None),
    ("quotes", "companies"): (71, None), ("companies", "quotes"): (72, None),
    ("invoices", "deals"): (175, None), ("deals", "invoices"): (176, None),
    ("invoices", "contacts"): (177, None), ("contacts", "invoices"): (178, None),
    ("invoices", "companies"): (179, None), ("companies", "invoices"): (180, None),
    ("invoices", "line_items"): (409, None), ("line_items", "invoices"): (410, None),
    ("orders", "contacts"): (507, None), ("contacts", "orders"): (508, None),
    ("orders", "companies"): (509, None), ("companies", "orders"): (510, None),
    ("orders", "deals"): (511, None), ("deals", "orders"): (512, None),
    ("orders", "line_items"): (513, None), ("line_items", "orders"): (514, None),
    ("postal_mail", "contacts"): (454, None), ("contacts", "postal_mail"): (453, None),
    ("postal_mail", "companies"): (460, None), ("companies", "postal_mail"): (459, None),
    ("postal_mail", "deals"): (458, None), ("deals", "postal_mail"): (457, None),
}  # fmt: skip
OPTIONS: dict[str, tuple[str, ...]] = {
    "quotes.hs_status": ("DRAFT", "APPROVAL_NOT_NEEDED", "PENDING_APPROVAL", "APPROVED", "REJECTED"),
    "subscriptions.hs_status": ("active", "past_due", "canceled", "expired", "scheduled", "unpaid"),
    "hs_invoice_status": ("draft", "open", "paid", "voided"),
    "hs_type": ("PERCENT", "FIXED"),
    "hs_survey_type": ("NPS", "CSAT", "CES", "CUSTOM"),
}  # fmt: skip
"""Of properties whose name other types have for something else, with the type before it."""
