"""Reads `custom_objects.yml` and the definitions in `fields.yml`; knows on which line each part stands.

Belongs here: files to one `Model`. What can be said against it is `checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.rules.fields import Fields, load_fields
from pipelines.rules.loader import Document, read
from pipelines.rules.schema import names
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.objects import STANDARD, ObjectModel, Schema
from pipelines.rules.syncs import Vendor

OBJECTS, FIELDS = "custom_objects.yml", "fields.yml"
Loc = tuple[int | str, ...]


@dataclass(frozen=True)
class Placed:
    """A field of an object, and where it is written. `shared`: it comes from `fields.yml`."""

    key: str
    model: FieldModel
    where: str
    shared: bool = False


@dataclass(frozen=True)
class Model:
    """Everything that is described."""

    folder: Path
    schema: Schema = field(default_factory=Schema)
    fields: Fields = field(default_factory=Fields)
    documents: dict[str, Document] = field(default_factory=dict, repr=False)
    coming: Mapping[str, str] = field(default_factory=dict)
    """Files beside it that are written together with it, and what they will hold."""

    def where(self, *loc: int | str, file: str = OBJECTS) -> str:
        document = self.documents.get(file)
        return file if document is None else f"{file} line {document.line_of(*loc)}"

    def text(self, name: str) -> str:
        """What a file beside it holds."""
        if name in self.coming:
            return self.coming[name]
        return (self.folder / name).read_text(encoding="utf-8")

    @property
    def objects(self) -> dict[str, ObjectModel]:
        return self.schema.objects

    @property
    def is_empty(self) -> bool:
        return not self.objects and not any(each.field for each in self.fields.root.values())

    def object_fields(self, key: str) -> list[Placed]:
        """The fields that `custom_objects.yml` gives an object."""
        return [
            Placed(name, each, self.where("objects", key, "fields", name))
            for name, each in self.objects[key].fields.items()
        ]

    def target(self, vendor: Vendor, to: str) -> str | None:
        """What the other end of a relationship is called at a CRM; None where it is not there."""
        if to in self.objects and self.objects[to].is_custom:
            return names.object_name(vendor, to, self.objects[to])
        if to in self.objects:  # a standard object is there, wherever the file adds to it
            to = self.objects[to].extends or to
        hubspot, salesforce = STANDARD.get(to, (None, None))
        if to == "lead":
            hubspot = "contacts"  # who is a lead at Salesforce is a contact at HubSpot
        return hubspot if vendor == "hubspot" else salesforce

    def shared(self, vendor: Vendor) -> Iterator[tuple[str, Placed]]:
        """(object at the CRM, field) of every field that `fields.yml` puts on objects."""
        for key, each in self.fields.root.items():
            if each.field is None:
                continue
            called = getattr(each, vendor) or key
            named = each.field.model_copy(update={vendor: called})
            placed = Placed(key, named, self.where(key, file=FIELDS), shared=True)
            for name in each.objects.get(vendor, ()):
                yield name, placed


def load_model(config_dir: Path) -> Model:
    """Both files, checked. Raises ConfigError with file and line of the first fault."""
    from pipelines.rules.schema import checks

    documents: dict[str, Document] = {}
    schema = Schema()
    if (config_dir / OBJECTS).is_file():
        documents[OBJECTS] = read(config_dir / OBJECTS)
        schema = documents[OBJECTS].as_model(Schema)
    fields = load_fields(config_dir)
    if (config_dir / FIELDS).is_file():
        documents[FIELDS] = read(config_dir / FIELDS)
    model = Model(config_dir, schema, fields, documents)
    checks.check(model)
    return model
