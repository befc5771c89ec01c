"""What a vendor's code of a refused row means for people: try again, or who has to mend what.

Belongs here: the codes of both vendors, and ours. One that is not known is a matter of the data, with the
vendor's own words beside it.
"""

from __future__ import annotations

from pipelines.clients.results import UNPROCESSED
from pipelines.reverse_sync.outcomes import CHANGED_BY_OTHERS, NOT_STORED, RECORD_GONE
from pipelines.state.dead_letters import Verdict

NEVER_ARRIVED = "NEVER_ARRIVED"
"""Code of an action whose answer was lost each time it was sent, and that was never there when looked for."""
RETRY = frozenset(
    {
        "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG",
        "UNKNOWN_EXCEPTION", "RATE_LIMIT", "RATE_LIMITS", "TRANSIENT", "INTERNAL_ERROR",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", UNPROCESSED, NEVER_ARRIVED,
    }
)  # fmt: skip
"""Codes of rows that may be taken as they are a moment later."""
_PERMISSION = frozenset(
    {
        "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "FORBIDDEN", "MISSING_SCOPES",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
    }
)  # fmt: skip
_CONFIG = frozenset(
    {
        "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_TYPE_ON_FIELD_IN_RECORD", "FIELD_INTEGRITY_EXCEPTION", "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "REQUIRED_FIELD_MISSING", "INVALID_CROSS_REFERENCE_KEY", "PROPERTY_DOESNT_EXIST", "INVALID_OPTION",
        "READ_ONLY_VALUE", "REQUIRED_FIELD", NOT_STORED,
    }
)  # fmt: skip
_REMEDIES = {
    "STRING_TOO_LONG": "shorten the value, or give the field more room",
    "INVALID_EMAIL": "mend the address where it comes from",
    "INVALID_EMAIL_ADDRESS": "mend the address where it comes from",
    "DUPLICATE_VALUE": "another record has this value; merge the two, or leave the field out",
    "DUPLICATES_DETECTED": "merge the duplicates, or link the record that is there",
    "CONFLICT": "another record has this value; merge the two",
    "ENTITY_IS_DELETED": "restore the record, or let identity forget it",
    "BLOCKLISTED_EMAIL": "the person was deleted for privacy; nothing is to be written",
    RECORD_GONE: "the record is gone; the next extract brings that home",
    NOT_STORED: "the CRM said yes and kept something else: look for a workflow or trigger of its own",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "add the value to the picklist, or mend the mapping",
    "INVALID_OPTION": "add the value to the property's options, or mend the mapping",
    "REQUIRED_FIELD_MISSING": "map the field the CRM requires",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "a validation rule of the org says no; mend the mapping or the rule",
}


def judge(vendor: str, code: str) -> Verdict | None:
    """What to do about a code; None where the next plan looks at the record anew anyway."""
    if code == CHANGED_BY_OTHERS:
        return None
    if code in RETRY:
        return Verdict("retry", "the next plans try again; if they fail too, crm retry")
    if code in _PERMISSION:
        return Verdict("permission", f"give the integration user of {vendor} the permission, then crm retry")
    if code in _CONFIG:
        return Verdict("fix config", _REMEDIES.get(code, "mend the mapping or the field, then crm retry"))
    return Verdict("fix data", _REMEDIES.get(code, "mend the value where it comes from, then crm retry"))
