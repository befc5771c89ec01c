"""`custom_objects.yml` as it is written: plain dictionaries in, the same text for the same content out.

Belongs here: order of keys, the file, the files beside it. What is written is `importing`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.schema.load import OBJECTS, Model
from pipelines.rules.schema.names import VENDORS, object_name
from pipelines.rules.schema.objects import STANDARD, ObjectModel, Schema
from pipelines.rules.syncs import Vendor

Json = dict[str, Any]
_ORDER: dict[str, int] = {
    name: i
    for i, name in enumerate(dict.fromkeys([*Schema.model_fields, *ObjectModel.model_fields]))
}  # fmt: skip
_FIELD_ORDER = {name: i for i, name in enumerate(FieldModel.model_fields)}


def joined(model: Model, keys: Sequence[str]) -> Model:
    """The model with these objects at both CRMs, to hold one against what there is."""
    objects = {
        key: each.model_copy(update={"crms": VENDORS}) if key in keys else each
        for key, each in model.objects.items()
    }
    return replace(model, schema=model.schema.model_copy(update={"objects": objects}))


@dataclass
class Objects:
    """The file's content, to be changed, and the files that are to be beside it."""

    content: Json
    header: str = ""
    files: dict[str, str] = field(default_factory=dict)
    changed: bool = False

    @classmethod
    def of(cls, model: Model) -> Objects:
        document = model.documents.get(OBJECTS)
        content = copy.deepcopy(document.content) if document is not None else {}
        path = model.folder / OBJECTS
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        head: list[str] = []
        for line in lines:
            if not line.startswith("#"):
                break
            head.append(line)
        return cls(content or {}, "".join(f"{line}\n" for line in head))

    @property
    def objects(self) -> dict[str, Json]:
        if not self.content.get("objects"):
            self.content["objects"] = {}
        found: dict[str, Json] = self.content["objects"]
        return found

    def known(self, model: Model, vendor: Vendor, name: str) -> str | None:
        """The file's own name of an object, whether it has it at this CRM or not yet."""
        for key, each in model.objects.items():
            called = object_name(vendor, key, each.model_copy(update={"crms": VENDORS}))
            if called is not None and called.lower() == name.lower():
                return key
        return None

    def new(self, key: str, vendor: Vendor, *, extends: bool) -> None:
        """An object that the file did not have: it is of the CRM where it was found."""
        entry: Json = {"extends": key} if extends else {}
        if None not in STANDARD.get(key, ()) or not extends:
            entry["crms"] = [vendor]
        self.objects[key] = entry
        self.changed = True

    def join(self, key: str, lacking: Iterable[Json], vendor: Vendor) -> None:
        """An object that the file had of the other CRM is of both; what this one lacks stays the other's."""
        other = next(each for each in VENDORS if each != vendor)
        for part in lacking:
            if "crms" not in part:
                part["crms"] = [other]
        self.put(self.objects[key], "crms", None)

    def put(self, into: Json, key: str, value: Any) -> None:
        """Set what differs; nothing and the default of nothing are left out."""
        if into.get(key) == value:
            return
        if value in (None, "", {}, [], False):
            if key in into:
                del into[key]
                self.changed = True
            return
        into[key] = value
        self.changed = True

    def file(self, folder: Path, name: str, text: str) -> None:
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8").strip() != text.strip():
            self.files[name] = text
            self.changed = True


def save(folder: Path, objects: Objects) -> None:
    """Write the file and those beside it."""
    for name, text in objects.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    target = folder / OBJECTS
    part = target.with_suffix(".part")
    part.write_text(objects.header + text_of(objects.content), encoding="utf-8")
    part.replace(target)


def text_of(content: Json) -> str:
    """The YAML of a content: keys in the order of the model, everything on lines of its own."""
    ordered = _ordered(content, _ORDER)
    for name, each in (ordered.get("objects") or {}).items():
        found = _ordered(each, _ORDER)
        if found.get("fields"):
            found["fields"] = {k: _ordered(f, _FIELD_ORDER) for k, f in found["fields"].items()}
        ordered["objects"][name] = found
    return str(
        yaml.dump(
            ordered,
            Dumper=_Indented,
            sort_keys=False,
            allow_unicode=True,
            width=110,
            default_flow_style=False,
        )
    )


def _ordered(content: Json, order: dict[str, int]) -> Json:
    return dict(sorted(content.items(), key=lambda pair: order.get(pair[0], len(order))))


class _Indented(yaml.SafeDumper):
    """Lists stand under their key, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def json_text(content: Json) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def slug(text: str) -> str:
    """A name for the file from a label."""
    words = "".join(c.lower() if c.isalnum() and c.isascii() else " " for c in text).split()
    return "_".join(words) or "unnamed"
