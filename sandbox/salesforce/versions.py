"""What an API version does not know yet: resources, objects, fields and words of SOQL that came later.

Plain data and the checks of it. Differences inside an answer (`created` of an upsert) are where the answer is
made.
"""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sandbox.salesforce.fields import SObject
from sandbox.salesforce.soql.tree import AllFields, Query, SoqlError, TypeOf

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

RESOURCES: tuple[tuple[str, int], ...] = (
    (r"sobjects/[^/]+/listviews(/.*)?", 32), (r"search/suggestions", 32),
    (r"composite/(batch|tree/.*)", 34), (r"parameterizedSearch", 36), (r"composite", 38),
    (r"jobs/ingest(/.*)?", 41), (r"composite/sobjects/[^/]+/[^/]+", 46), (r"composite/sobjects(/.*)?", 42),
    (r"jobs/query/[^/]+/resultPages", 58), (r"jobs/query(/.*)?", 47), (r"composite/graph", 50),
    (r"metadata/deployRequest(/.*)?", 33), (r"limits/recordCount", 40),
)  # fmt: skip
OBJECTS: dict[str, int] = {
    "CampaignInfluence": 37, "CampaignInfluenceModel": 37, "Territory2": 32, "UserTerritory2Association": 32,
    "ObjectTerritory2Association": 32,
}  # fmt: skip
_ACCURACY = ("BillingGeocodeAccuracy", "ShippingGeocodeAccuracy", "MailingGeocodeAccuracy",
             "OtherGeocodeAccuracy", "GeocodeAccuracy")  # fmt: skip
_HISTORIES = ("OpportunityFieldHistory", "LeadHistory", "ContactHistory", "AccountHistory", "CaseHistory")
FIELDS: dict[tuple[str, str], int] = {
    ("Opportunity", "ContactId"): 46, ("OpportunityHistory", "PrevAmount"): 50,
    ("OpportunityHistory", "PrevCloseDate"): 50, ("Opportunity", "LastStageChangeDate"): 52,
    ("Opportunity", "HasOpenActivity"): 35, ("Opportunity", "HasOverdueTask"): 35,
    ("Opportunity", "LastAmountChangedHistoryId"): 50, ("Opportunity", "LastCloseDateChangedHistoryId"): 50,
    ("Opportunity", "PushCount"): 53,
    ("Event", "EndDate"): 46, ("Task", "CompletedDateTime"): 46, ("Case", "MasterRecordId"): 46,
    **{(history, "DataType"): 46 for history in _HISTORIES},
    **{(parent, name): 35 for parent in ("Account", "Contact", "Lead") for name in _ACCURACY},
}  # fmt: skip
"""Since when a field is there: as the vendor's documents say, else the version after the last known to
lack it (45 for `CompletedDateTime`, `MasterRecordId` and `DataType`, 34 for the accuracy of geocodes)."""
DESCRIBED: dict[str, int] = {"actionOverrides": 32, "associateEntityType": 50, "associateParentEntity": 50}
RECORD_TYPES_NAMED = 43
"""Since when a describe has the developer names of record types."""
FIELDS_FUNCTION, TYPEOF, SEARCH_RECORDS = 51, 46, 37
_STEPS = sorted({*OBJECTS.values(), *FIELDS.values()})
_RESOURCE = re.compile(r"/services/data/v\d\d\.0/(.*?)/?$")


def number_of(version: str) -> int:
    """`v67.0` or `67.0` as 67."""
    return int(version.removeprefix("v").partition(".")[0])


def knows(path: str, number: int) -> bool:
    """Whether a version has the resource at a path."""
    match = _RESOURCE.match(path)
    if match is None:
        return True
    since = next((since for pattern, since in RESOURCES if re.fullmatch(pattern, match[1])), 0)
    return number >= since


def org_at(org: Org, number: int) -> Org:
    """The org as a version sees it: without the objects and fields that came later."""
    step = sum(1 for each in _STEPS if each <= number)
    if step == len(_STEPS):
        return org
    if step not in org.views:
        view = copy.copy(org)
        known = {n: _at(s, number) for n, s in org.objects.items() if OBJECTS.get(n, 0) <= number}
        view.show(known)
        org.views[step] = view
    return org.views[step]


def _at(sobject: SObject, number: int) -> SObject:
    later = {name for (parent, name), since in FIELDS.items() if parent == sobject.name and since > number}
    if not later:
        return sobject
    return replace(sobject, fields={n: f for n, f in sobject.fields.items() if n not in later})


def check_query(query: Query, number: int) -> None:
    """Raise SoqlError for a word that the version does not have."""
    if number >= FIELDS_FUNCTION:
        return
    for item in query.fields:
        if isinstance(item, AllFields):
            raise SoqlError("MALFORMED_QUERY", "unexpected token: '('")
        if isinstance(item, TypeOf) and number < TYPEOF:
            raise SoqlError("MALFORMED_QUERY", "unexpected token: 'TYPEOF'")
