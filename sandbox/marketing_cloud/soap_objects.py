"""What SOAP can retrieve: each object's properties, where they come from and how they are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from sandbox.marketing_cloud import account, tracking

NIL = '<PartnerKey xsi:nil="true" />'
_NO_ID = '<PartnerKey xsi:nil="true" /><ObjectID xsi:nil="true" />'


@dataclass(frozen=True)
class Column:
    """A property: the SQL it comes from, its type, and what stands around its value."""

    name: str
    sql: str
    type: str = "text"
    before: str = ""
    after: str = ""

    def opening(self) -> str:
        return self.before or f"<{self.name}>"

    def closing(self) -> str:
        return self.after or f"</{self.name}>"


@dataclass(frozen=True)
class SoapObject:
    """An object of the API. `order` makes a page's end a place to go on from."""

    name: str
    source: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name.lower() == name.lower()), None)

    def chosen(self, properties: Sequence[str]) -> list[Column]:
        """The columns of the properties that are asked for, in the object's order."""
        asked = {name.lower() for name in properties}
        return [c for c in self.columns if c.name.lower() in asked or c.name.split(".")[0].lower() in asked]

    def render(self, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> str:
        """Rows as `Results` elements; a value that is not there has no element."""
        head = f'<Results xsi:type="{self.name}">{NIL}'
        shapes = [(i, c.opening(), c.closing(), _WRITE[c.type], c.name) for i, c in enumerate(columns)]
        out: list[str] = []
        for row in rows:
            out.append(head)
            for i, opening, closing, write, name in shapes:
                value = row[i]
                if value == "":
                    out.append(f"<{name} />")
                elif value is not None:
                    out.append(opening)
                    out.append(write(value))
                    out.append(closing)
            out.append("</Results>")
        return "".join(out)


def _flag(value: Any) -> str:
    return "true" if value else "false"


def _text(value: Any) -> str:
    return escape(str(value))


def _properties(value: Any) -> str:
    """Names and values, an element each."""
    told = (f"<Name>{escape(n)}</Name>{f'<Value>{escape(v)}</Value>' if v else '<Value />'}"
            for n, v in json.loads(value).items())  # fmt: skip
    return "".join(f"<PartnerProperties>{each}</PartnerProperties>" for each in told)


_WRITE: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "int": str,
    "date": account.shown,
    "bool": _flag,
    "properties": _properties,
}


def _nested(name: str, sql: str, inside: str = "") -> Column:
    outer, inner = name.split(".")
    return Column(name, sql, "text", f"<{outer}>{inside}<{inner}>", f"</{inner}></{outer}>")


def _tracked(name: str, *more: Column) -> SoapObject:
    return SoapObject(
        name, f"tracking where kind = '{name}'",
        (
            Column("Client.ID", str(account.MEMBER_ID), "int", "<Client><ID>", "</ID></Client>"),
            Column("SendID", "send", "int"), Column("SubscriberKey", "subscriber_key"),
            Column("EventDate", "at", "date"), Column("EventType", "substr(kind, 1, length(kind) - 5)"),
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
        _nested("SendableDataExtensionField.Name", "send_field", _NO_ID),
        Column("SendableSubscriberField.Name", "case when sendable then '_SubscriberKey' end", "text",
               "<SendableSubscriberField><Name>", "</Name></SendableSubscriberField>"),
        _nested("Template.CustomerKey", _kept("extension", "data_extensions.id", "Template"), _NO_ID),
        _retained("DataRetentionPeriodLength"), _retained("DataRetentionPeriodUnitOfMeasure"),
        _retained("RowBasedRetention", "0", "bool"), _retained("ResetRetentionPeriodOnImport", "0", "bool"),
        _retained("DeleteAtEndOfRetentionPeriod", "0", "bool"), _retained("RetainUntil", "''"),
        Column("CategoryID", "category", "int"),
    ),
    ("key",),
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
        _nested("DataExtension.CustomerKey", "extension_key", _NO_ID),
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
        Column("ID", "id", "int"), Column("CreatedDate", "created", "date"), Column("EmailAddress", "email"),
        Column("SubscriberKey", "key"), Column("UnsubscribedDate", "unsubscribed", "date"),
        Column("Status", "status"), Column("EmailTypePreference", "'HTML'"),
    ),
    ("id",),
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
        _nested("DataExtensionTarget.CustomerKey", "target", _NO_ID),
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
OBJECTS = {
    each.name.lower(): each
    for each in (
        _EXTENSION, _FIELD, _LIST, _LIST_SUBSCRIBER, _SUBSCRIBER, _SEND, _QUERY, _TEMPLATE,
        _tracked("SentEvent", Column("SubscriberID", "subscriber", "int"), Column("ListID", "list", "int")),
        _tracked("OpenEvent"), _tracked("ClickEvent", Column("URL", "url")),
        _tracked("BounceEvent", Column("BounceCategory", "category"), Column("SMTPReason", "detail")),
        _tracked("UnsubEvent", _nested("List.ID", "list", _NO_ID),
                 Column("IsMasterUnsubscribed", f"category is not '{tracking.ONE_LIST}'", "bool")),
    )
}  # fmt: skip
