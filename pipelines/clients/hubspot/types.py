"""What HubSpot's API calls an object type: its own by their name, a custom object with `p_` before it.

Belongs here: names. Which types a portal has is asked of its schemas.
"""

from __future__ import annotations

import re

STANDARD = frozenset(
    {"contacts", "companies", "deals", "tickets", "products", "line_items", "quotes", "leads", "calls",
     "emails", "meetings", "notes", "tasks", "communications", "postal_mail", "feedback_submissions", "users",
     "goal_targets", "orders", "carts", "invoices", "subscriptions", "commerce_payments", "discounts", "fees",
     "taxes", "appointments", "courses", "listings", "services", "projects", "marketing_events"}
)  # fmt: skip
TYPE_IDS = {
    "0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets", "0-7": "products",
    "0-8": "line_items", "0-18": "communications", "0-27": "tasks", "0-46": "notes", "0-47": "meetings",
    "0-48": "calls", "0-49": "emails", "0-136": "leads",
}  # fmt: skip
"""HubSpot's own types by the id that its schemas call them by."""
_FULL = re.compile(r"p\d*_.+|\d+-\d+")
"""A name that says already that it is a custom object's, or a type id."""


def type_name(name: str) -> str:
    """The name an address takes; `subscription` of the model is `p_subscription`."""
    return name if name in STANDARD or _FULL.fullmatch(name) else f"p_{name}"
