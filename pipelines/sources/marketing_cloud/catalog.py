"""The tables of `raw_marketing_cloud`: plain data. Columns keep the vendor's names.

Belongs here: what is promised. Data extensions that config names besides have the
columns they turn out to have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pipelines.sources.schema import ColumnType, RawTable

LATE = timedelta(days=2)
"""How late an event may still show up: bounces are told by other servers, and accounts work in batches."""
_TRACKED: dict[str, ColumnType] = {
    "id": "text", "SendID": "text", "SubscriberKey": "text", "EventDate": "timestamp", "BatchID": "text",
    "TriggeredSendDefinitionObjectID": "text",
}  # fmt: skip


@dataclass(frozen=True)
class Tracked:
    """A kind of tracking event: SOAP's object and its table; `names` are properties whose column is called
    otherwise."""

    object: str
    table: RawTable
    names: dict[str, str] = field(default_factory=dict)


def _tracked(
    name: str, kind: str, more: dict[str, ColumnType] | None = None, names: dict[str, str] | None = None
) -> Tracked:
    table = RawTable(name, kind, _TRACKED | (more or {}), cursor="EventDate", late=LATE)
    return Tracked(kind, table, names or {})


TRACKING = (
    _tracked("sent_events", "SentEvent", {"SubscriberID": "text", "ListID": "text"}),
    _tracked("open_events", "OpenEvent"),
    _tracked("click_events", "ClickEvent", {"URL": "text"}),
    _tracked("bounce_events", "BounceEvent", {"BounceCategory": "text", "SMTPReason": "text"}),
    _tracked(
        "unsubscribe_events", "UnsubEvent", {"ListID": "text", "IsMasterUnsubscribed": "boolean"},
        {"ListID": "List.ID"},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Retrieved:
    """A small table read by one SOAP retrieve; `names` are properties whose column is called otherwise."""

    table: RawTable
    names: dict[str, str] = field(default_factory=dict)


RETRIEVED = (
    Retrieved(
        RawTable(
            "subscribers", "Subscriber",
            {
                "ID": "text", "SubscriberKey": "text", "EmailAddress": "text", "Status": "text",
                "CreatedDate": "timestamp", "UnsubscribedDate": "timestamp",
            },
            key=("SubscriberKey",),
        )
    ),
    Retrieved(
        RawTable(
            "lists", "List",
            {"ID": "text", "CustomerKey": "text", "ListName": "text", "Type": "text", "Description": "text",
             "ListClassification": "text", "CreatedDate": "timestamp"},
            key=("ID",),
        )
    ),
    Retrieved(
        RawTable(
            "list_subscribers", "ListSubscriber",
            {"ID": "text", "ListID": "text", "SubscriberKey": "text", "Status": "text",
             "CreatedDate": "timestamp", "ModifiedDate": "timestamp"},
            key=("ID",),
        )
    ),
    Retrieved(
        RawTable(
            "data_extensions", "DataExtension",
            {"ObjectID": "text", "CustomerKey": "text", "Name": "text", "Description": "text",
             "IsSendable": "boolean", "CategoryID": "text", "CreatedDate": "timestamp",
             "ModifiedDate": "timestamp"},
            key=("ObjectID",),
        )
    ),
    Retrieved(
        RawTable(
            "data_extension_fields", "DataExtensionField",
            {"ObjectID": "text", "DataExtensionKey": "text", "Name": "text", "FieldType": "text",
             "MaxLength": "integer", "Scale": "integer", "IsPrimaryKey": "boolean", "IsRequired": "boolean",
             "Ordinal": "integer", "DefaultValue": "text"},
            key=("ObjectID",),
        ),
        {"DataExtensionKey": "DataExtension.CustomerKey"},
    ),
    Retrieved(
        RawTable(
            "sends", "Send",
            {"ID": "text", "EmailName": "text", "Subject": "text", "Status": "text", "SentDate": "timestamp",
             "NumberSent": "integer"},
            key=("ID",),
        )
    ),
)  # fmt: skip
CONTACTS = RawTable(
    "contacts", "contacts",
    {"contactKey": "text", "contactID": "text", "contactStatus": "text", "createdDate": "timestamp"},
    key=("contactKey",),
)  # fmt: skip
CAMPAIGNS = RawTable(
    "campaigns", "campaigns",
    {"id": "text", "name": "text", "description": "text", "campaignCode": "text",
     "createdDate": "timestamp", "modifiedDate": "timestamp"},
)  # fmt: skip
STATISTICS = ("currentPopulation", "cumulativePopulation", "metGoal", "metExitCriteria", "goalPerformance")
JOURNEYS = RawTable(
    "journeys", "interactions",
    {
        "id": "text", "key": "text", "name": "text", "version": "integer", "status": "text",
        "entryMode": "text", "definitionType": "text", "createdDate": "timestamp",
        "modifiedDate": "timestamp", "lastPublishedDate": "timestamp", "eventDefinitionKey": "text",
        "currentPopulation": "integer", "cumulativePopulation": "integer", "metGoal": "integer",
        "metExitCriteria": "integer", "goalPerformance": "number", "goals": "json", "activities": "json",
    },
)  # fmt: skip
EVENT_DEFINITIONS = RawTable(
    "event_definitions", "eventDefinitions",
    {
        "id": "text", "eventDefinitionKey": "text", "name": "text", "type": "text",
        "dataExtensionId": "text", "dataExtensionName": "text", "createdDate": "timestamp",
        "modifiedDate": "timestamp", "interactionCount": "integer", "publishedInteractionCount": "integer",
    },
)  # fmt: skip
JOURNEY_ACTIVITY = RawTable(
    "journey_activity", "journey activity",
    {
        "id": "text", "SubscriberKey": "text", "EventDate": "timestamp", "JourneyKey": "text",
        "JourneyName": "text", "VersionNumber": "integer", "ActivityName": "text", "JobID": "text",
    },
)  # fmt: skip
COMPLAINTS = RawTable(
    "complaints", "complaints",
    {"id": "text", "SubscriberKey": "text", "EventDate": "timestamp", "JobID": "text", "BatchID": "text"},
)  # fmt: skip
JOURNEY_HISTORY = RawTable(
    "journey_history", "journey history",
    {"id": "text", "TransactionTime": "timestamp", "ContactKey": "text", "Status": "text",
     "DefinitionId": "text", "DefinitionName": "text", "ActivityId": "text", "ActivityName": "text",
     "ActivityType": "text"},
    cursor="TransactionTime", late=LATE,
)  # fmt: skip
"""Who came into a journey, met its goal or left it."""
JOURNEY_ENTRIES = RawTable(
    "journey_entries", "journey entries",
    {"id": "text", "event": "text", "extension": "text", "EntryId": "text", "ContactKey": "text",
     "data": "json"},
)  # fmt: skip
"""Rows of the events whose data journeys.yml keeps up."""
PEOPLE = RawTable(
    "people", "people",
    {
        "ContactKey": "text", "EmailAddress": "text", "PersonId": "text", "FirstName": "text",
        "LastName": "text", "LeadScore": "text", "LifecycleStage": "text",
    },
    key=("ContactKey",),
)  # fmt: skip
"""The data extension that this project fills (`people` in extract.yml), as it stands there."""
TABLES: tuple[RawTable, ...] = (
    *(each.table for each in RETRIEVED), CONTACTS, CAMPAIGNS, JOURNEYS, EVENT_DEFINITIONS,
    JOURNEY_ACTIVITY, JOURNEY_HISTORY, JOURNEY_ENTRIES, COMPLAINTS, PEOPLE,
    *(each.table for each in TRACKING),
)  # fmt: skip
