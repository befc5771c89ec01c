"""`crm docs`: a page for each object, its diagram, and dbt's documentation of the warehouse, as files.

Belongs here: putting together what syncs, mappings and the dbt project say; the pages are `schema.pages`.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.objects import marts
from pipelines.rules.mappings import load_mappings
from pipelines.rules.mappings.model import VENDORS
from pipelines.rules.schema import names
from pipelines.rules.schema.load import Model, load_model
from pipelines.rules.schema.names import raw_table
from pipelines.rules.schema.objects import ObjectModel
from pipelines.rules.syncs import load_syncs
from pipelines.schema import html
from pipelines.schema.pages import Told, pages, relations
from pipelines.settings import Settings

_PROVIDERS = {"computed": "this project", "decided": "this project's decisions", "mirrored": "a mapping"}


def write_docs(settings: Settings, target: Path, *, with_dbt: bool = True) -> list[Path]:
    """Write everything below `target`; the files."""
    from pipelines import dbt_docs

    target.mkdir(parents=True, exist_ok=True)
    model = load_model(settings.config_dir)
    written = []
    for name, text in pages(model, told(settings)).items():
        title = name.removesuffix(".md")
        drawn = html.page(title, text, relations(model, "" if title == "index" else title))
        for path, content in ((target / name, text), (target / f"{title}.html", drawn)):
            path.write_text(content, encoding="utf-8")
            written.append(path)
    if with_dbt:
        dbt_docs.write(settings, target / "dbt.html")
        written.append(target / "dbt.html")
    return written


def told(settings: Settings) -> Told:
    """What the project says of fields: who writes them, what they are mapped to, which marts read them."""
    from pipelines import dbt_docs

    writers: dict[tuple[str, str, str], str] = {}
    for name, sync in load_syncs(settings.config_dir).syncs.items():
        for field, rule in sync.fields.items():
            place = (sync.vendor, sync.object.lower(), field.lower())
            writers[place] = f"{_PROVIDERS[rule.provider]} ({rule.rule}, sync {name})"
    mapped: dict[tuple[str, str, str], str] = {}
    for mapping in load_mappings(settings.config_dir):
        for left, right in mapping.pairs:
            for line in mapping.lines:
                ends = (
                    ("left", left, line.left, right, line.right),
                    ("right", right, line.right, left, line.left),
                )
                for side, own, field, other, there in ends:
                    place = (VENDORS[side], own.lower(), field.lower())  # type: ignore[index]
                    mapped[place] = f"{other}.{there} ({line.rule})"
                    if line.writes(side):  # type: ignore[arg-type]
                        writers[place] = f"a mapping ({line.rule})"
    model = load_model(settings.config_dir)
    below = dbt_docs.marts_of_raw_tables(settings)
    lineage: dict[tuple[str, str], tuple[str, ...]] = {}
    for (schema, table), found in below.items():
        vendor = schema.removeprefix("raw_")
        lineage[vendor, table] = found
    for vendor, name in (
        ("salesforce", n) for n in ("Lead", "Contact", "Account", "Opportunity", "Campaign")
    ):
        lineage[vendor, name.lower()] = below.get(("raw_salesforce", raw_table(name)), ())
    for key, each in model.objects.items():
        _of_model(model, key, each, writers, lineage)
    return Told(writers, mapped, lineage)


def _of_model(
    model: Model, key: str, each: ObjectModel, writers: dict[tuple[str, str, str], str],
    lineage: dict[tuple[str, str], tuple[str, ...]],
) -> None:  # fmt: skip
    """Objects of the file have a mart of their own, and their records may come from elsewhere."""
    for vendor in ("hubspot", "salesforce"):
        name = names.object_name(vendor, key, each)
        if name is None:
            continue
        if each.is_custom:
            lineage[vendor, name.lower()] = (marts.name_of(key),)
        if each.records is None or each.records.to != vendor:
            continue
        where = model.where("objects", key, "records")
        for field, model_of in each.fields.items():
            called = names.field_name(vendor, field, model_of)
            if called is not None:
                place = (vendor, name.lower(), called.lower())
                writers.setdefault(place, f"records of {each.records.said_source} ({where})")
