"""What exists, written as the model: new objects whole, known ones only where a CRM differs from them.

Belongs here: from items to YAML, and merging. What a field becomes is in each vendor's folder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import CrmError
from pipelines.rules.schema.load import FIELDS, Model
from pipelines.rules.syncs import Vendor
from pipelines.schema import draft, run, written
from pipelines.schema.hubspot import objects as hubspot
from pipelines.schema.hubspot.importing import FromHubSpot
from pipelines.schema.salesforce import objects as salesforce
from pipelines.schema.salesforce.importing import FromSalesforce
from pipelines.schema.session import Session
from pipelines.schema.written import Objects

_SHOWN = 6
"""So many things of the next plan are named."""


@dataclass
class Imported:
    """What was written, a sentence each."""

    sentences: list[str] = field(default_factory=list)


def import_objects(session: Session, model: Model, crm: Vendor, names: Sequence[str]) -> Imported:
    """Write objects of a CRM into `custom_objects.yml`, with the files of Apex and workflows beside it."""
    objects = Objects.of(model)
    if crm == "salesforce":
        if session.salesforce is None:
            raise _no_connection("Salesforce")
        work: Any = FromSalesforce(session.salesforce, model, objects)
    else:
        if session.hubspot is None:
            raise _no_connection("HubSpot")
        work = FromHubSpot(session.hubspot, model, objects)
    sentences: list[str] = work.objects_named(names)
    wanted = salesforce.wanted if crm == "salesforce" else hubspot.wanted
    sentences += draft.mend(model, objects, work.there, wanted)
    if objects.changed:
        written.save(model.folder, objects)
        sentences.append(f"Written to {model.folder.name}/custom_objects.yml; read it, then crm schema plan.")
    else:
        sentences.append("Nothing differs from config/custom_objects.yml.")
    return Imported([*sentences, *_one_sided(objects, work.new, crm), *_left(session, model)])


def _one_sided(objects: Objects, new: Collection[str], crm: Vendor) -> Iterator[str]:
    """What is new is of the CRM it was found at: to have it at the other one too is a wish of its own."""
    other = "HubSpot" if crm == "salesforce" else "Salesforce"
    for key in sorted(new):
        if objects.objects.get(key, {}).get("crms") == [crm]:
            yield f"{key} says crms: [{crm}]; import it from {other} too, or take that away to make it there."


def _left(session: Session, model: Model) -> Iterator[str]:
    """What the next plan would do of the whole file: asked, not guessed."""
    try:
        found = run.plan(session, run.load(model.folder))
    except CrmError as error:  # what is written stands; another file does not fit it yet
        yield f"The next plan cannot be made yet: {error}"
        return
    signs = {"create": "make", "change": "change", "destroy": "destroy"}
    rest = [
        a for a in found.actions if a.item.where.startswith(FIELDS) or a.item.kind.startswith("permission")
    ]
    todo = [f"{signs[a.operation]} {a.item.shown}" for a in found.actions if a not in rest]
    if not todo:
        more = f" but for {len(rest)} things of {FIELDS} and the permission set" if rest else ""
        yield f"The next plan is empty{more}."
        return
    more = f" and {len(todo) - _SHOWN} more" if len(todo) > _SHOWN else ""
    yield f"The next plan is not empty: {', '.join(todo[:_SHOWN])}{more}."


def _no_connection(vendor: str) -> CrmError:
    return CrmError(f"there is no {vendor} connection", where="environment or .env",
                    remedy="see docs/going-live.md")  # fmt: skip
