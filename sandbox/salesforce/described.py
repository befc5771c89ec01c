"""What is said of standard fields besides what follows from their line: labels, compounds, defaults, rights.

Plain data and small rules, compared with recorded answers of a real org. Belongs here: nothing that changes
what a field takes or gives.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.salesforce import picklists
from sandbox.salesforce.fields import Field, SObject

Json = dict[str, Any]
_EVERYWHERE = {
    "IsDeleted": "Deleted", "LastActivityDate": "Last Activity", "IsClosed": "Closed", "IsWon": "Won",
    "IsPrivate": "Private", "IsConverted": "Converted", "IsUnreadByOwner": "Unread By Owner",
    "NumberOfEmployees": "Employees", "PhotoUrl": "Photo URL", "Jigsaw": "Data.com Key",
    "JigsawCompanyId": "Jigsaw Company ID", "JigsawContactId": "Jigsaw Contact ID", "Sic": "SIC Code",
    "SicDesc": "SIC Description", "State": "State/Province", "PostalCode": "Zip/Postal Code",
    "Pricebook2Id": "Price Book ID", "IsPrimary": "Primary", "IsArchived": "Archived",
}  # fmt: skip
_LABELS: dict[str, dict[str, str]] = {
    "Account": {
        "Name": "Account Name", "Type": "Account Type", "ParentId": "Parent Account ID",
        "Phone": "Account Phone", "Description": "Account Description", "Fax": "Account Fax",
        "Rating": "Account Rating", "Site": "Account Site",
    },
    "Contact": {
        "Name": "Full Name", "Phone": "Business Phone", "Description": "Contact Description",
        "Fax": "Business Fax", "AssistantPhone": "Asst. Phone", "AssistantName": "Assistant's Name",
        "LastCURequestDate": "Last Stay-in-Touch Request Date",
        "LastCUUpdateDate": "Last Stay-in-Touch Save Date",
    },
    "Lead": {"Name": "Full Name"},
    "Opportunity": {
        "StageName": "Stage", "Probability": "Probability (%)", "ExpectedRevenue": "Expected Amount",
        "Type": "Opportunity Type", "ForecastCategoryName": "Forecast Category",
        "LastAmountChangedHistoryId": "Opportunity History ID",
        "LastCloseDateChangedHistoryId": "Opportunity History ID",
        "HasOpportunityLineItem": "Has Line Item", "TotalOpportunityQuantity": "Quantity",
        "Fiscal": "Fiscal Period",
    },
    "OpportunityContactRole": {"Id": "Contact Role ID"},
    "Case": {
        "ParentId": "Parent Case ID", "SuppliedName": "Name", "SuppliedEmail": "Email Address",
        "Type": "Case Type", "Reason": "Case Reason", "Origin": "Case Origin", "IsEscalated": "Escalated",
        "Comments": "Internal Comments", "SuppliedPhone": "Phone", "SuppliedCompany": "Company",
    },
    "Event": {
        "Id": "Activity ID", "OwnerId": "Assigned To ID", "WhoId": "Name ID", "WhatId": "Related To ID",
        "IsAllDayEvent": "All-Day Event", "ActivityDateTime": "Due Date Time",
        "ActivityDate": "Due Date Only", "DurationInMinutes": "Duration", "ShowAs": "Show Time As",
        "IsRecurrence": "Create Recurring Series of Events", "IsReminderSet": "Reminder Set",
        "ReminderDateTime": "Reminder Date/Time",
    },
}  # fmt: skip
_RIGHTS: dict[str, tuple[str, str]] = {
    "Contact": ("", "FirstName Salutation EmailBouncedReason EmailBouncedDate"),
    "Lead": ("", "FirstName Salutation EmailBouncedReason EmailBouncedDate"),
    "Opportunity": ("IsPrivate ExpectedRevenue", "ForecastCategoryName ContactId Pricebook2Id"),
    "OpportunityContactRole": ("", "Role"),
    "Case": ("ClosedDate IsEscalated", "Status Comments"),
    "Event": (
        "IsAllDayEvent",
        "Subject ActivityDateTime ActivityDate DurationInMinutes StartDateTime EndDateTime ShowAs "
        "EventSubtype ReminderDateTime",
    ),
}
"""Fields a permission set may give or take against the rule, and those it may not."""
_SINGLE: dict[tuple[str, str], Json] = {
    ("Account", "Name"): {"compoundFieldName": "Name", "extraTypeInfo": "switchablepersonname"},
    ("Account", "AnnualRevenue"): {"scale": 0}, ("Lead", "AnnualRevenue"): {"scale": 0},
    ("Account", "JigsawCompanyId"): {"relationshipName": "JigsawCompany"},
    ("Contact", "JigsawContactId"): {"relationshipName": "JigsawContact"},
    ("Lead", "JigsawContactId"): {"relationshipName": "JigsawContact"},
    ("Contact", "Name"): {"extraTypeInfo": "personname"}, ("Lead", "Name"): {"extraTypeInfo": "personname"},
    ("Opportunity", "HasOpenActivity"): {"sortable": False},
    ("Opportunity", "HasOverdueTask"): {"sortable": False},
    ("Opportunity", "Name"): {"idLookup": True}, ("Opportunity", "Fiscal"): {"byteLength": 6},
    ("Opportunity", "Probability"): {"scale": 0, "precision": 3, "defaultedOnCreate": True},
    ("Opportunity", "ForecastCategoryName"): {"defaultedOnCreate": True},
    ("Opportunity", "Pricebook2Id"): {"defaultedOnCreate": True},
    ("Opportunity", "FiscalYear"): {"compoundFieldName": "Fiscal"},
    ("Opportunity", "FiscalQuarter"): {"compoundFieldName": "Fiscal"},
    ("Case", "Comments"): {"aggregatable": True, "sortable": True, "byteLength": 4000},
    ("Case", "CaseNumber"): {
        "autoNumber": True, "groupable": False, "idLookup": True, "defaultedOnCreate": True,
        "nameField": True,
    },
    ("Event", "ActivityDate"): {"aggregatable": False},
    ("Event", "Subject"): {"groupable": False, "nameField": True},
    ("Event", "GroupEventType"): {"defaultValue": "0", "defaultedOnCreate": True},
}  # fmt: skip
_OF_TWO: Json = {"feedEnabled": False, "mruEnabled": False, "searchable": False, "undeletable": False}
_SETUP: Json = {"replicateable": False}
OBJECTS: dict[str, Json] = {
    "UserLicense": _SETUP,
    "Opportunity": {"deepCloneable": True}, "Campaign": {"deepCloneable": True, "feedEnabled": False},
    "CampaignMember": _OF_TWO,
    "OpportunityContactRole": {**_OF_TWO, "labelPlural": "Opportunity Contact Role"},
    "Event": {"feedEnabled": False},
}  # fmt: skip
"""What is said of an object against the rule."""
_PART = re.compile(
    r"(Billing|Shipping|Mailing|Other|)"
    r"(Street|City|State|PostalCode|Country|Latitude|Longitude|GeocodeAccuracy)"
)
_NO_PREFILTER = {"User", "Group", "RecordType"}


def label(sobject: str, title: str, field: Field) -> str:
    """What people read for a standard field; nothing where the words of its name do."""
    own = _LABELS.get(sobject, {}).get(field.name) or _EVERYWHERE.get(field.name)
    if own or field.custom:
        return own or ""
    if field.name == "Id":
        return f"{title} ID"
    part = _PART.fullmatch(field.name)
    return f"{part[1]} {_EVERYWHERE[part[2]]}" if part and part[2] in _EVERYWHERE else ""


def besides(sobject: SObject, field: Field, *, searchable: bool) -> Json:
    """The keys of a field's describe that say otherwise than the rule."""
    found: Json = {}
    if (part := _PART.fullmatch(field.name)) and f"{part[1]}Address" in sobject.fields:
        found["compoundFieldName"] = f"{part[1]}Address"
    default = picklists.DEFAULTS.get(sobject.name, {}).get(field.name)
    if default is not None:
        found |= {"defaultValue": default, "defaultedOnCreate": True}
    if field.type == "address":
        found |= {"queryByDistance": True, "permissionable": True}
    if field.type == "reference" and searchable and not field.insert_only and field.name != "MasterRecordId":
        found["searchPrefilterable"] = not set(field.targets) <= _NO_PREFILTER
    may, may_not = (names.split() for names in _RIGHTS.get(sobject.name, ("", "")))
    if field.name in (*may, *may_not):
        found["permissionable"] = field.name in may
    return found | _SINGLE.get((sobject.name, field.name), {})
