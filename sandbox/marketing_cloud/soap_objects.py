"""What SOAP can retrieve: each object's properties and where they come from."""

from __future__ import annotations

from sandbox.marketing_cloud import account, soap_kept, tracking
from sandbox.marketing_cloud.soap_shapes import BASE, Column, SoapObject, named, nested


def _tracked(name: str, *more: Column) -> SoapObject:
    return SoapObject(
        name, f"tracking where kind = '{name}'",
        (
            Column("ID", "seq", "int"), Column("SendID", "send", "int"),
            Column("SubscriberKey", "subscriber_key"), Column("EventDate", "at", "date"),
            Column("EventType", "substr(kind, 1, length(kind) - 5)"),
            Column("TriggeredSendDefinitionObjectID", "triggered"), Column("BatchID", "batch", "int"), *more,
        ),
        ("at", "seq"),
    )  # fmt: skip


def _kept(kind: str, owner: str, name: str, standard: str = "null") -> str:
    """What a client said of an object that its table has no column for."""
    said = f"select json_extract(body, '$.{name}') from documents where kind = '{kind}' and key = {owner}"
    return f"coalesce(({said}), {standard})"


def _retained(name: str, standard: str = "null", type: str = "text") -> Column:
    return Column(name, _kept("extension", "data_extensions.id", name, standard), type)


_EXTENSION = SoapObject(
    "DataExtension", "data_extensions where true",
    (
        Column("CreatedDate", "created", "date"), Column("ModifiedDate", "modified", "date"),
        Column("ObjectID", "id"), Column("CustomerKey", "key"), Column("Name", "name"),
        Column("Description", "description"), Column("IsSendable", "sendable", "bool"),
        _retained("IsTestable", "0", "bool"),
        nested("SendableDataExtensionField.Name", "send_field"),
        Column("SendableSubscriberField.Name", "case when sendable then '_SubscriberKey' end", "text",
               "<SendableSubscriberField><Name>", "</Name></SendableSubscriberField>"),
        nested("Template.CustomerKey", _kept("extension", "data_extensions.id", "Template")),
        _retained("DataRetentionPeriodLength"), _retained("DataRetentionPeriodUnitOfMeasure"),
        _retained("RowBasedRetention", "0", "bool"), _retained("ResetRetentionPeriodOnImport", "0", "bool"),
        _retained("DeleteAtEndOfRetentionPeriod", "0", "bool"), _retained("RetainUntil", "''"),
        Column("CategoryID", "category", "int"),
    ),
    ("key",),
    (Column("Fields", "", "DataExtensionField[]"),),
)  # fmt: skip
_FIELD_SOURCE = (
    "(select f.*, d.key as extension_key from fields as f join data_extensions as d on f.extension = d.id) "
    "where true"
)
_FIELD = SoapObject(
    "DataExtensionField", _FIELD_SOURCE,
    (
        Column("ObjectID", "id"), Column("CustomerKey", "'[' || extension_key || '].[' || name || ']'"),
        Column("Name", "name"), Column("Scale", "scale", "int"),
        Column("DefaultValue", "coalesce(standard, '')"), Column("MaxLength", "length", "int"),
        Column("IsRequired", "required", "bool"), Column("Ordinal", "ordinal", "int"),
        Column("IsPrimaryKey", "is_key", "bool"), Column("FieldType", "type"),
        nested("DataExtension.CustomerKey", "extension_key"),
    ),
    ("extension_key", "ordinal"),
)  # fmt: skip
_LIST = SoapObject(
    "List", "lists where true",
    (
        Column("CreatedDate", "created", "date"), Column("ModifiedDate", "created", "date"),
        Column("ID", "id", "int"), Column("ObjectID", "object_id"), Column("CustomerKey", "key"),
        Column("ListName", "name"), Column("Category", "category", "int"),
        Column("Type", _kept("list", "lists.id", "Type", "'Private'")),
        Column("Description", "description"),
        Column("ListClassification", _kept("list", "lists.id", "ListClassification", "'ExactTargetList'")),
    ),
    ("id",),
)  # fmt: skip
_LIST_SUBSCRIBER = SoapObject(
    "ListSubscriber", "list_subscribers where true",
    (
        Column("CreatedDate", "created", "date"), Column("ModifiedDate", "modified", "date"),
        Column("ID", "seq", "int"), Column("Status", "status"), Column("ListID", "list", "int"),
        Column("SubscriberKey", "subscriber"),
    ),
    ("seq",),
)  # fmt: skip
_SUBSCRIBER = SoapObject(
    "Subscriber", "subscribers where true",
    (
        Column("CreatedDate", "created", "date"), Column("ID", "id", "int"), Column("EmailAddress", "email"),
        Column("SubscriberKey", "key"), Column("UnsubscribedDate", "unsubscribed", "date"),
        Column("Status", "status"), Column("EmailTypePreference", "'HTML'"),
    ),
    ("id",),
    (Column("Attributes", "", "Attribute[]"), Column("Lists", "", "SubscriberList[]"),
     Column("Addresses", "", "SubscriberAddress[]")),
)  # fmt: skip
_SEND = SoapObject(
    "Send", "sends where true",
    (
        Column("CreatedDate", "sent", "date"), Column("ModifiedDate", "sent", "date"),
        Column("ID", "id", "int"), Column("SentDate", "sent", "date"), Column("EmailName", "name"),
        Column("Subject", "subject"), Column("Status", "'Complete'"),
        Column("NumberSent",
               "(select count(*) from tracking where send = sends.id and kind = 'SentEvent')", "int"),
    ),
    ("id",),
)  # fmt: skip
_QUERY = SoapObject(
    "QueryDefinition", "queries where true",
    (
        Column("ObjectID", "id"), Column("CustomerKey", "key"), Column("Name", "name"),
        Column("QueryText", "statement"),
        nested("DataExtensionTarget.CustomerKey", "target"),
        Column("TargetUpdateType", "'Overwrite'"), Column("Status", "'Active'"),
    ),
    ("key",),
)  # fmt: skip
_TEMPLATE = SoapObject(
    "DataExtensionTemplate", "documents where kind = 'extension template'",
    (
        Column("PartnerProperties", "json_extract(body, '$.PartnerProperties')", "properties", " ", " "),
        Column("ObjectID", "json_extract(body, '$.ObjectID')"), Column("CustomerKey", "key"),
        Column("Name", "json_extract(body, '$.Name')"),
        Column("Description", "json_extract(body, '$.Description')"),
    ),
    ("created", "key"),
)  # fmt: skip
_UNIT = SoapObject(
    "BusinessUnit", "(select 1) where true",
    (
        Column("ID", str(account.MEMBER_ID), "int"), Column("CustomerKey", "''"), Column("Name", "'Sandbox'"),
        Column("AccountType", "'BUSINESS_UNIT'"), Column("ParentID", str(account.ENTERPRISE_ID), "int"),
        Column("IsActive", "1", "bool"),
    ),
    ("1",),
)  # fmt: skip


def _empty(name: str, text: str, numbers: str = "", dates: str = "CreatedDate ModifiedDate") -> SoapObject:
    """An object of which the account has none."""
    columns = [Column(n, "null", "date") for n in dates.split()]
    columns += [Column(n, "null", "int") for n in numbers.split()]
    columns += [Column(n, "null") for n in text.split()]
    columns.sort(key=lambda c: (c.name not in BASE, c.name not in ("ObjectID", "CustomerKey")))
    return SoapObject(name, "(select 1) where false", tuple(columns), ("1",))


_EMPTY = (
    _empty("NotSentEvent", "SubscriberKey EventType TriggeredSendDefinitionObjectID", "SendID BatchID",
           "EventDate"),
    _empty("Template", "ObjectID CustomerKey TemplateName", "ID CategoryID"),
    _empty("LinkSend", "PartnerProperties", "ID SendID", ""),
    _empty("ListSend", "", "ID SendID Duplicates MissingAddresses NumberSent Unsubscribes", ""),
    _empty("ImportDefinition", "ObjectID CustomerKey Name Description"),
    _empty("EmailSendDefinition", "ObjectID CustomerKey Name Description", "CategoryID"),
    _empty("Program", "ObjectID CustomerKey Name Status"),
    _empty("AccountUser", "CustomerKey UserID Name Email", "ID AccountUserID"),
)  # fmt: skip
OBJECTS = {
    each.name: each
    for each in (
        _EXTENSION, _FIELD, _LIST, _LIST_SUBSCRIBER, _SUBSCRIBER, _SEND, _QUERY, _TEMPLATE, _UNIT, *_EMPTY,
        *soap_kept.objects(),
        _tracked("SentEvent", Column("SubscriberID", "subscriber", "int"), Column("ListID", "list", "int")),
        _tracked("OpenEvent"), _tracked("ClickEvent", Column("URL", "url")),
        _tracked("BounceEvent", Column("BounceCategory", "category"), Column("SMTPReason", "detail")),
        _tracked("UnsubEvent", named("List.ID", "list"),
                 Column("IsMasterUnsubscribed", f"category is not '{tracking.ONE_LIST}'", "bool")),
    )
}  # fmt: skip
"""By name; case matters, as it does to the vendor."""
