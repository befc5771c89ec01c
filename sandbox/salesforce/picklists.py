"""Picklists and defaults every org of the sandbox starts with, as plain data."""

from __future__ import annotations

STAGES: tuple[tuple[str, int, bool, bool, str], ...] = (
    ("Prospecting", 10, False, False, "Pipeline"),
    ("Qualification", 10, False, False, "Pipeline"),
    ("Needs Analysis", 20, False, False, "Pipeline"),
    ("Value Proposition", 50, False, False, "Pipeline"),
    ("Id. Decision Makers", 60, False, False, "Pipeline"),
    ("Perception Analysis", 70, False, False, "Pipeline"),
    ("Proposal/Price Quote", 75, False, False, "BestCase"),
    ("Negotiation/Review", 90, False, False, "Forecast"),
    ("Closed Won", 100, True, True, "Closed"),
    ("Closed Lost", 0, True, False, "Omitted"),
)
FORECAST_NAMES = {
    "Pipeline": "Pipeline",
    "BestCase": "Best Case",
    "Forecast": "Commit",
    "Closed": "Closed",
    "Omitted": "Omitted",
}
INDUSTRIES = (
    "Technology", "Finance", "Healthcare", "Retail", "Transportation", "Manufacturing", "Energy", "Education",
    "Telecommunications", "Food & Beverage", "Media", "Construction",
)  # fmt: skip
_SOURCES = (
    "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Advertisement", "Email", "Organic Search",
    "Social Media", "Trade Show", "Other",
)  # fmt: skip
_GEOCODED = (
    "Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County",
    "State", "Unknown",
)  # fmt: skip
PICKLISTS: dict[str, dict[str, tuple[str, ...]]] = {
    "*": {
        "CurrencyIsoCode": ("USD", "EUR", "GBP"),
        "LeadSource": _SOURCES,
        "Industry": INDUSTRIES,
        "Salutation": ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof."),
        "Rating": ("Hot", "Warm", "Cold"),
        "Ownership": ("Public", "Private", "Subsidiary", "Other"),
        "GroupEventType": ("0", "1", "2", "3"),
        **{f"{of}GeocodeAccuracy": _GEOCODED for of in ("", "Billing", "Shipping", "Mailing", "Other")},
    },
    "Lead": {
        "Interests__c": ("Analytics", "Automation", "Integrations", "Reporting", "Security"),
        "Status": (
            "Open - Not Contacted",
            "Working - Contacted",
            "Closed - Converted",
            "Closed - Not Converted",
        ),
        "Lead_Status__c": ("New", "Open", "MQL", "SQL", "Working", "Closed Won"),
    },
    "Account": {
        "AccountSource": _SOURCES,
        "Type": ("Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other"),
    },
    "Opportunity": {
        "StageName": tuple(s[0] for s in STAGES),
        "Type": ("New Business", "Existing Business"),
        "ForecastCategoryName": ("Omitted", "Pipeline", "Best Case", "Commit", "Closed"),
        "ForecastCategory": ("Omitted", "Pipeline", "BestCase", "MostLikely", "Forecast", "Closed"),
    },
    "OpportunityContactRole": {
        "Role": (
            "Business User",
            "Decision Maker",
            "Economic Buyer",
            "Evaluator",
            "Executive Sponsor",
            "Influencer",
            "Technical Buyer",
            "Other",
        )
    },
    "Campaign": {
        "Type": (
            "Conference",
            "Webinar",
            "Trade Show",
            "Email",
            "Advertisement",
            "Content",
            "Social",
            "Referral Program",
            "Other",
        ),
        "Status": ("Planned", "In Progress", "Completed", "Aborted"),
    },
    "CampaignMember": {
        "Status": ("Sent", "Opened", "Responded", "Registered", "Attended", "No Show", "Bounced")
    },
    "Case": {
        "Status": ("New", "Working", "Escalated", "Closed"),
        "Priority": ("High", "Medium", "Low"),
        "Origin": ("Phone", "Email", "Web"),
        "Type": ("Problem", "Question", "Feature Request"),
        "Reason": ("Installation", "Performance", "Billing", "Other"),
    },
    "Event": {
        "Subject": ("Call", "Email", "Meeting", "Send Letter/Quote", "Other"),
        "ShowAs": ("Busy", "OutOfOffice", "Free"),
        "EventSubtype": ("Event",),
    },
    "ContentVersion": {"ContentLocation": ("S", "E", "L"), "Origin": ("C", "H"), "SharingOption": ("A", "R")},
    "ContentDocumentLink": {
        "ShareType": ("V", "C", "I"),
        "Visibility": ("AllUsers", "InternalUsers", "SharedUsers"),
    },
    "EmailMessage": {"Status": ("0", "1", "2", "3")},
    "Product2": {"Family": ("Platform", "Services", "Add-on")},
    "Task": {
        "Status": ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"),
        "Priority": ("High", "Normal", "Low"),
        "Type": ("Call", "Email", "Meeting", "Other"),
        "TaskSubtype": ("Task", "Call", "Email", "Cadence", "LinkedIn"),
    },
}
RESPONDED = ("Responded", "Registered", "Attended")
DEFAULTS: dict[str, dict[str, str]] = {
    "Lead": {"Status": "Open - Not Contacted"},
    "Task": {"Status": "Not Started", "Priority": "Normal"},
    "CampaignMember": {"Status": "Sent"},
    "Case": {"Status": "New", "Priority": "Medium"},
    "EmailMessage": {"Status": "3"},
    "Event": {"ShowAs": "Busy"},
    "ContentVersion": {
        "ContentLocation": "S", "Origin": "C", "SharingOption": "A", "SharingPrivacy": "N",
        "FileType": "UNKNOWN",
    },
    "ContentDocumentLink": {"ShareType": "V", "Visibility": "AllUsers"},
}  # fmt: skip
