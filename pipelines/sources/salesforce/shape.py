"""What an object looks like in this org: which fields are read, and into which type.

Belongs here: describe to columns. The promised columns come first, then every other field the user sees.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pipelines.sources.reading import missing_note
from pipelines.sources.salesforce.rows import field_names
from pipelines.sources.schema import ColumnType, RawTable

_TEXTS = (
    "id", "reference", "string", "textarea", "picklist", "email", "phone", "url", "combobox", "time",
    "encryptedstring", "anyType", "DataCategoryGroupReference", "complexvalue",
)  # fmt: skip
KINDS: dict[str, ColumnType] = {
    "currency": "money", "double": "number", "percent": "number", "int": "integer", "long": "integer",
    "boolean": "boolean", "date": "date", "datetime": "timestamp", "multipicklist": "list",
    **dict.fromkeys(_TEXTS, "text"),
}  # fmt: skip
SKIPPED = frozenset({"address", "location", "base64"})
"""Compound fields come as their parts; files are not copied."""
ABOUT_THE_READER = frozenset({"lastvieweddate", "lastreferenceddate", "lastlogindate"})
"""When the asking user looked at a record or signed in: it moves with every extract and says nothing."""
_OF_PEOPLE = (
    "Salutation", "Name", "FirstName", "LastName", "Title", "Street", "City", "State", "PostalCode",
    "Country", "Email", "Phone", "Fax", "MobilePhone", "Description", "DoNotCall", "HasOptedOutOfEmail",
    "HasOptedOutOfFax", "LeadSource", "CompanyOrAccount", "Type", "LeadOrContactId", "LeadOrContactOwnerId",
)  # fmt: skip
_SUMS = (
    "NumberOfLeads", "NumberOfConvertedLeads", "NumberOfContacts", "NumberOfResponses",
    "NumberOfOpportunities", "NumberOfWonOpportunities", "AmountAllOpportunities", "AmountWonOpportunities",
)  # fmt: skip
_OF_A_TREE = (
    "ActualCost", "BudgetedCost", "ExpectedRevenue", "NumberSent", *_SUMS,
)  # fmt: skip
DERIVED = {
    "CampaignMember": frozenset(name.casefold() for name in _OF_PEOPLE),
    "Campaign": frozenset(
        name.casefold() for name in (*_SUMS, *(f"Hierarchy{name}" for name in _OF_A_TREE), "LastActivityDate")
    ),
    "Opportunity": frozenset({"hasopenactivity", "hasoverduetask"}),
}
"""Fields that Salesforce fills from other records and whose change stamps no row: a copy of them would be of
some day or other. They are left out, for what they are made of is copied, unless config names them; then they
are read anew as calculated ones are."""
_CENTS = 2
IN_EVERY_ORG = {
    "Lead": ("LastName", "Email", "Status", "OwnerId"),
    "Contact": ("LastName", "Email", "AccountId", "OwnerId"), "Account": ("Name", "OwnerId"),
    "Opportunity": ("Name", "Amount", "StageName", "CloseDate", "OwnerId"),
}  # fmt: skip
"""Fields that no edition or feature is without: when one is not shown, a right is missing. Of any other an
org may be without, so it is noted."""
_DELETIONS = frozenset({"isdeleted", "systemmodstamp"})


class Chooses(Protocol):
    """Which fields config wants of an object."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def without(self) -> tuple[str, ...]: ...

    def takes(self, name: str) -> bool: ...


@dataclass(frozen=True)
class Shape:
    """An object in this org. `table` has all columns, `fields` are those that can be asked for."""

    table: RawTable
    fields: tuple[str, ...]
    ids: frozenset[str]
    calculated: tuple[str, ...]
    notes: tuple[str, ...]
    keeps_deletions: bool
    """Whether getDeleted answers for it."""
    lost: tuple[str, ...] = ()
    """Promised fields that were readable at the last load and are not any more, or that every org has."""

    def only(self, names: Iterable[str]) -> RawTable:
        """A table of the key and some other columns."""
        wanted = [self.table.key[0], *names]
        return replace(self.table, columns={name: self.table.columns[name] for name in wanted}, cursor="")


def shape_of(
    table: RawTable, described: Mapping[str, Any], choice: Chooses, held: Collection[str] = ()
) -> Shape:
    """The object as `described`: what is promised, then the rest that config wants.

    `held`: columns, in lower case, that the warehouse has values of. One that is not shown any more keeps
    them where the table is read by its changes.
    """
    shown = {str(field["name"]).casefold(): field for field in described["fields"]}
    promised = field_names(table)
    known = {name.casefold() for name in promised}
    extra, skipped, unknown = {}, [], []
    derived, named = DERIVED.get(table.api_name, frozenset()), {each.casefold() for each in choice.names}
    for field in described["fields"]:
        name, kind = str(field["name"]), str(field.get("type") or "string")
        if name.casefold() in known or name.casefold() in ABOUT_THE_READER or not choice.takes(name):
            continue
        if name.casefold() in derived - named:
            continue
        if kind in SKIPPED:
            skipped.append(name)
            continue
        if kind not in KINDS:
            unknown.append(f"{name} ({kind})")
        extra[name] = _kind(field)
    ours = {name: kind for name, kind in table.columns.items() if name not in promised}
    left_out = {name.casefold() for name in choice.without}
    gone = [name for name in promised if name.casefold() in held and name.casefold() not in shown]
    kept = gone if table.cursor else []
    never = IN_EVERY_ORG.get(table.api_name, ())
    lost = [*gone, *(name for name in never if name.casefold() not in shown and name not in gone)]
    columns = {
        name: _promised(table.columns[name], shown.get(name.casefold(), {}))
        for name in promised
        if name not in kept
    } | extra | ours  # fmt: skip
    fields = tuple(name for name in (*promised, *extra) if name.casefold() in shown)
    notes = missing_note([name for name in promised if name not in kept], set(shown))
    if skipped:
        notes.append(f"not copied, compound or binary: {', '.join(skipped)}")
    if unknown:
        notes.append(f"of a type this does not know, kept as text: {', '.join(unknown)}")
    return Shape(
        table=_cursored(replace(table, columns=columns), shown), fields=fields, notes=tuple(notes),
        ids=frozenset(
            name for name in fields if shown[name.casefold()].get("type") in ("id", "reference")
        ),
        calculated=tuple(
            name for name in fields if shown[name.casefold()].get("calculated") or name.casefold() in derived
        ),
        keeps_deletions=bool(described.get("replicateable")) and set(shown) >= _DELETIONS,
        lost=tuple(name for name in lost if name.casefold() not in left_out),
    )  # fmt: skip


def _kind(field: Mapping[str, Any]) -> ColumnType:
    kind = str(field.get("type") or "string")
    return "price" if kind == "currency" and _has_more_digits(field) else KINDS.get(kind, "text")


def _promised(kind: ColumnType, field: Mapping[str, Any]) -> ColumnType:
    """What is promised; of an amount that the org keeps with more digits than cents, those too."""
    return "price" if kind == "money" and _has_more_digits(field) else kind


def _has_more_digits(field: Mapping[str, Any]) -> bool:
    return int(field.get("scale") or 0) > _CENTS


def _cursored(table: RawTable, shown: Mapping[str, Mapping[str, Any]]) -> RawTable:
    """By what the object can be read: some lack SystemModstamp, or do not let one filter by it."""
    if not table.cursor:
        return table
    for name in (table.cursor, "SystemModstamp", "LastModifiedDate", "CreatedDate"):
        field = shown.get(name.casefold())
        if field is not None and field.get("filterable", True):
            return replace(table, cursor=name)
    return replace(table, cursor="")
