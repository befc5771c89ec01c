"""Is each extension of `data_extensions.yml` there and fit for its rows: asked before anything is read.

Belongs here: what is looked for. Findings are those of field mappings, and are shown with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.open import open_marketing_cloud
from pipelines.errors import UsageError
from pipelines.reverse_sync.destinations.marketing_cloud import SUBSCRIBER
from pipelines.reverse_sync.mirror.findings import Finding
from pipelines.rules import data_extensions as rules
from pipelines.rules.data_extensions import Column, DataExtension, load_data_extensions
from pipelines.rules.syncs import FieldType, load_syncs
from pipelines.settings import Settings

_TAKES: Mapping[str, tuple[FieldType, ...]] = {
    "Number": ("integer",), "Decimal": ("integer", "number", "money"), "Boolean": ("boolean",),
    "Date": ("date", "timestamp"), "EmailAddress": ("text",), "Phone": ("text",), "Locale": ("text",),
}  # fmt: skip
"""What a column's type takes; Text takes everything."""
_LONGEST: Mapping[FieldType, int] = {"boolean": 5, "date": 10, "timestamp": 24}
_SYNCS = "syncs.yml"
Fields = Mapping[str, Mapping[str, str]]


def findings(settings: Settings) -> list[Finding]:
    """Every finding. One call an extension. Raises UsageError without a connection."""
    wanted = load_data_extensions(settings.config_dir)
    if not wanted:
        return []
    if settings.marketing_cloud is None:
        raise UsageError(
            f"{rules.FILE} needs Marketing Cloud and there is no connection to it",
            where="environment or .env", remedy="see docs/marketing-cloud.md, or empty the file",
        )  # fmt: skip
    with open_marketing_cloud(settings) as client:
        return [
            finding
            for each in wanted
            for finding in compare(each, _fields(client, each.data_extension), settings.config_dir)
        ]


def of_syncs(settings: Settings) -> list[Finding]:
    """What is wrong with the extensions of `syncs.yml` itself. Warnings: that sync alone waits."""
    mine = {each.data_extension for each in load_data_extensions(settings.config_dir)}
    wanted = {
        name: sync
        for name, sync in load_syncs(settings.config_dir).syncs.items()
        if sync.vendor == "marketing_cloud" and sync.object not in (SUBSCRIBER, *mine)
    }
    if settings.marketing_cloud is None or not wanted:
        return []
    with open_marketing_cloud(settings) as client:
        return [
            Finding("warning", f"{_SYNCS}: {name}", sync.object, what, "rows of this sync wait until then")
            for name, sync in wanted.items()
            for what in no_target(sync.object, list(sync.fields), _fields(client, sync.object))
        ]


def no_target(key: str, written: Sequence[str], fields: Fields) -> Iterator[str]:
    """Why an extension cannot be written to, and which of the columns it lacks."""
    if rules.SYNCHRONIZED.fullmatch(key):
        yield "is synchronised from Salesforce and read only"
        return
    if not fields:
        yield "is no data extension of this account"
        return
    keys = [row["Name"] for row in fields.values() if row.get("IsPrimaryKey") == "true"]
    if len(keys) != 1:
        yield f"has {len(keys) or 'no'} primary keys and not one"
    yield from (f"has no column {name}" for name in written if name.lower() not in fields)


def _fields(client: MarketingCloudClient, key: str) -> Fields:
    """The extension's columns by name in lower case; none where there is no such extension."""
    asked = ("Name", "FieldType", "MaxLength", "IsPrimaryKey", "IsRequired", "DefaultValue")
    condition = soap.Filter("DataExtension.CustomerKey", "equals", (key,))
    pages = client.retrieve("DataExtensionField", asked, condition)
    return {row["Name"].lower(): row for page in pages for row in page.rows}


def compare(each: DataExtension, fields: Fields, config_dir: Path) -> Iterator[Finding]:
    """What is wrong between a file and an extension."""

    def error(column: Column | None, name: str, what: str, remedy: str) -> Finding:
        shown = f"{each.data_extension}.{name}" if name else each.data_extension
        return Finding("error", rules.where(config_dir, each, column), shown, what, remedy)

    if rules.SYNCHRONIZED.fullmatch(each.data_extension):
        yield error(None, "", "is synchronised from Salesforce and read only", "name one of your own")
        return
    if not fields:
        yield error(None, "", "is no data extension of this account", "make it, or mend the key")
        return
    keys = [row["Name"] for row in fields.values() if row.get("IsPrimaryKey") == "true"]
    if [key.lower() for key in keys] != [each.key.column.lower()]:
        has = f"has the primary key {' and '.join(keys)}" if keys else "has no primary key"
        yield error(
            None, "", f"{has}, and {rules.FILE} says {each.key.column}",
            "a row is found by one primary key: make that column the extension's, or name it here",
        )  # fmt: skip
    for column in each.columns:
        row = fields.get(column.to.lower())
        if row is None:
            yield error(
                column, column.to, "is not there", "add the column to the extension, or remove the line"
            )
        else:
            yield from (error(column, column.to, what, remedy) for what, remedy in _unfit(column, row))
    written = {each.key.column.lower(), *(column.to.lower() for column in each.columns)}
    for name, row in fields.items():
        if row.get("IsRequired") == "true" and not row.get("DefaultValue") and name not in written:
            yield error(None, row["Name"], "is required and no column provides it", "add a line for it")


def _unfit(column: Column, row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    kind, length = row.get("FieldType") or "Text", int(row.get("MaxLength") or 0)
    if kind in _TAKES and column.type not in _TAKES[kind]:
        yield f"is of the type {kind} and would get {column.type}", f"say type: {_TAKES[kind][0]}"
    needed = (
        [("a " + column.type, _LONGEST[column.type])] if column.type in _LONGEST and kind == "Text" else []
    )
    texts = [*(column.values or {}).values(), *filter(None, (column.default, column.use))]
    needed += [(repr(text), len(text)) for text in texts]
    for what, size in needed:
        if length and size > length:
            yield f"holds {length} characters, too few for {what}", "make the column longer"
            return
