"""A page for each object of the model: its fields, how each CRM holds them, who writes them, where they lead.

Belongs here: Markdown. What is told of a mapping or a mart is given; nothing is asked of a CRM.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipelines.rules.schema import names
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.load import Model
from pipelines.rules.schema.names import VENDORS
from pipelines.rules.schema.objects import STANDARD, ObjectModel
from pipelines.rules.syncs import Vendor
from pipelines.schema.hubspot import objects as hubspot_objects
from pipelines.schema.hubspot import properties as hubspot_properties
from pipelines.schema.items import Holding
from pipelines.schema.salesforce import fields as salesforce_fields
from pipelines.schema.salesforce import objects as salesforce_objects


@dataclass(frozen=True)
class Told:
    """What other parts of the project say of a field: (vendor, object, field) in lower case to sentences."""

    writers: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Who writes it: a sync with its provider and rule, or nobody."""
    mapped: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """The field of the other CRM it is kept in step with, and the line that says so."""
    lineage: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """(vendor, object) to the marts that are made of it, nearest first."""


@dataclass(frozen=True)
class Row:
    """One field on one page."""

    key: str
    vendor: Vendor
    name: str
    model: FieldModel


def pages(model: Model, told: Told) -> dict[str, str]:
    """File name to Markdown: an index and a page for each object."""
    holdings = [*hubspot_objects.wanted(model).holdings, *salesforce_objects.wanted(model).holdings]
    found = {}
    described = _described(model)
    for title, (vendors, rows, each) in described.items():
        found[f"{title}.md"] = _page(model, title, vendors, rows, each, holdings, told)
    found["index.md"] = _index(model, described.keys())
    return found


Described = dict[str, tuple[dict[Vendor, str], list[Row], ObjectModel | None]]


def _described(model: Model) -> Described:
    """Objects of the file by its name of them, then the standard ones that `fields.yml` gives fields."""
    found: Described = {}
    for key, each in model.objects.items():
        vendors = {v: n for v in VENDORS if (n := names.object_name(v, key, each)) is not None}
        rows = [
            Row(placed.key, vendor, called, placed.model)
            for placed in model.object_fields(key)
            for vendor in vendors
            if (called := names.field_name(vendor, placed.key, placed.model)) is not None
        ]
        found[key] = (vendors, rows, each)
    for vendor in VENDORS:
        for owner, placed in model.shared(vendor):
            title = next((k for k, pair in STANDARD.items() if owner in pair), owner.lower())
            vendors, rows, _ = found.setdefault(title, ({}, [], None))
            vendors.setdefault(vendor, owner)
            called = names.field_name(vendor, placed.key, placed.model)
            assert called is not None
            rows.append(Row(placed.key, vendor, called, placed.model))
    return found


def _page(
    model: Model, title: str, vendors: dict[Vendor, str], rows: Sequence[Row], each: ObjectModel | None,
    holdings: Sequence[Holding], told: Told,
) -> str:  # fmt: skip
    label = each.label if each is not None and each.label else title.capitalize()
    lines = [f"# {label}", ""]
    if each is not None and each.description:
        lines += [each.description, ""]
    called = ", ".join(f"{vendor} `{name}`" for vendor, name in vendors.items())
    lines += [f"In {called}." + (f" Its key is `{each.key}`." if each is not None and each.key else ""), ""]
    lines += _fields(vendors, rows, told)
    lines += _related(model, title, each)
    if each is not None:
        lines += _held(title, holdings)
    lines += _lineage(vendors, told)
    return "\n".join(lines).rstrip() + "\n"


def _fields(vendors: dict[Vendor, str], rows: Sequence[Row], told: Told) -> list[str]:
    heads = "field | CRM | name there | type | who writes it | kept in step with | what it is"
    lines = ["## Fields", "", f"| {heads} |",
             "| --- | --- | --- | --- | --- | --- | --- |"]  # fmt: skip
    for row in rows:
        place = (row.vendor, vendors[row.vendor].lower(), row.name.lower())
        what = row.model.help or row.model.description
        if not _is_there(row):
            lines.append(f"| {row.key} | {row.vendor} | not available | | | | {_cell(what)} |")
            continue
        lines.append(
            f"| {row.key} | {row.vendor} | `{row.name}` | {_type(row.model, row.vendor)} | "
            f"{_cell(_writer(row, told.writers.get(place)))} | {_cell(told.mapped.get(place, ''))} | "
            f"{_cell(what)} |"
        )
    return [*lines, ""]


def _is_there(row: Row) -> bool:
    """Whether the CRM has such a field at all."""
    if row.vendor == "salesforce":
        return salesforce_fields.is_held(row.model)
    return hubspot_properties.held(row.model)[0] != "not available"


def _writer(row: Row, told: str | None) -> str:
    """Who writes a field: what the CRM works out nobody does."""
    if row.model.type in ("formula", "rollup") or (
        row.model.type == "auto_number" and row.vendor == "salesforce"
    ):
        return "the CRM works it out"
    return told or "people"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _type(each: FieldModel, vendor: Vendor) -> str:
    """The type in a few words, as this CRM has it: HubSpot keeps no lengths, digits and external ids."""
    is_hubspot = vendor == "hubspot"
    said = each.type.replace("_", " ")
    if each.length is not None and not is_hubspot:
        said += f", {each.length:,} characters"
    if each.type in ("number", "currency", "percent") and not is_hubspot:
        digits, decimals = each.size
        said += f", {digits} digits, {decimals} of them decimals"
    if each.values:
        said += ": " + ", ".join(value.shown for value in each.values)
    formula = each.hubspot_formula if is_hubspot else each.formula
    if formula:
        said += f" = `{formula.replace('|', chr(92) + '|')}`"
    found = (("required", each.required), ("unique", each.unique),
             ("external id", each.external_id and not is_hubspot))  # fmt: skip
    marks = [word for word, is_so in found if is_so]
    return f"{said} ({', '.join(marks)})" if marks else said


def _related(model: Model, title: str, each: ObjectModel | None) -> list[str]:
    edges = diagram_edges(model, title)
    if not edges:
        return []
    lines = ["## Relationships", "", "```mermaid", "erDiagram", *edges, "```", ""]
    for key, relationship in (each.relationships if each is not None else {}).items():
        more = []
        if relationship.required or relationship.kind == "master_detail":
            more.append("every record has one")
        if relationship.limit is not None:
            more.append(f"at most {relationship.limit} at HubSpot")
        more += [f"label {label.label}" for label in relationship.labels.values()]
        said = f": {', '.join(more)}" if more else ""
        lines.append(f"- `{key}` leads to {relationship.to}, a {relationship.kind.replace('_', '-')}{said}")
    return [*lines, ""]


@dataclass(frozen=True)
class Relation:
    """One line of a diagram."""

    parent: str
    child: str
    name: str
    required: bool
    is_association: bool


def relations(model: Model, title: str = "") -> list[Relation]:
    """The relationships of the model; of one object's neighbours when it is named."""
    return [
        Relation(relationship.to, key, name,
                 relationship.required or relationship.kind == "master_detail",
                 relationship.kind == "association")
        for key, each in model.objects.items()
        for name, relationship in each.relationships.items()
        if not title or title in (key, relationship.to)
    ]  # fmt: skip


def diagram_edges(model: Model, title: str = "") -> list[str]:
    """The same as lines of a Mermaid diagram."""
    ends = {each: "}o" if each.is_association else "||" if each.required else "|o"
            for each in relations(model, title)}  # fmt: skip
    return [
        f"    {each.parent.upper()} {end}--o{{ {each.child.upper()} : {each.name}"
        for each, end in ends.items()
    ]


def _held(title: str, holdings: Sequence[Holding]) -> list[str]:
    lines = ["## How each CRM holds it", "", "| what | CRM | | how |", "| --- | --- | --- | --- |"]
    mine = [
        h for h in holdings if h.model == title or h.model.startswith((f"{title}.", f"{title}:", f"{title} "))
    ]
    lines += [f"| {_cell(h.model)} | {h.vendor} | {h.held} | {_cell(h.how)} |" for h in mine]
    return [*lines, ""]


def _lineage(vendors: dict[Vendor, str], told: Told) -> list[str]:
    lines = ["## What is made of it", ""]
    for vendor, name in vendors.items():
        marts = told.lineage.get((vendor, name.lower()), ())
        said = ", ".join(f"`{mart}`" for mart in marts) if marts else "no mart reads it"
        lines.append(f"- {vendor} `{name}`: {said}")
    return [*lines, ""]


def _index(model: Model, titles: Iterable[str]) -> str:
    lines = ["# Objects", "", "Made by `make docs` of `config/custom_objects.yml`, `config/fields.yml`, the "
             "syncs, the field mappings and the dbt project.", ""]  # fmt: skip
    lines += [f"- [{title}]({title}.md)" for title in titles]
    edges = diagram_edges(model)
    if edges:
        lines += ["", "```mermaid", "erDiagram", *edges, "```"]
    lines += ["", "The tables of the warehouse and how they are made of each other: [dbt.html](dbt.html)."]
    return "\n".join(lines) + "\n"
