"""What is imported, checked as the next command will check it, before it is written.

Belongs here: taking back what the file cannot hold or cannot say, with a sentence for each. What may stand in
the file is `rules.schema`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from pipelines.errors import ConfigError
from pipelines.rules.schema.checks import check
from pipelines.rules.schema.load import FIELDS, OBJECTS, Model
from pipelines.rules.schema.objects import Schema
from pipelines.schema.items import Item, Json, Wanted, differences
from pipelines.schema.written import Objects

_PARTS = {
    "fields": "field", "relationships": "relationship", "record_types": "record type", "layouts": "layout",
    "validations": "validation", "pipelines": "pipeline", "triggers": "trigger", "workflows": "workflow",
}  # fmt: skip
_NEEDED = ("label", "plural", "extends", "hubspot", "salesforce")
"""Without these an object is none, or another."""
_APART = {"groupName"}
"""Read of a property only where the file names a group."""
Loc = tuple[Any, ...]
Key = tuple[str, str, str]


class _Places:
    """Stands for the lines of a file that is not written: each place that is asked for has a number."""

    def __init__(self) -> None:
        self.asked: list[Loc] = []

    def line_of(self, *loc: int | str) -> int:
        self.asked.append(loc)
        return len(self.asked)

    def of(self, where: str) -> Loc:
        file, _, number = where.partition(" line ")
        return self.asked[int(number) - 1] if file == OBJECTS and number.isdigit() else ()


def mend(
    model: Model, objects: Objects, there: Mapping[Any, Item], wanted: Callable[[Model], Wanted],
) -> list[str]:  # fmt: skip
    """Take back what cannot be loaded or would be changed by the next plan; a sentence for each.

    `there`: what the CRM has of what was imported. Raises ConfigError for a fault that no import made.
    """
    work = _Draft(model, objects)
    while work.faults(there, wanted):
        pass
    named = set(_files(objects.content))
    objects.files = {name: text for name, text in objects.files.items() if name in named}
    objects.changed = objects.content != work.before or bool(objects.files)
    return work.said


class _Draft:
    def __init__(self, model: Model, objects: Objects) -> None:
        self.model, self.objects = model, objects
        self.said: list[str] = []
        before = Objects.of(model)
        before.objects  # noqa: B018 - both have the key then
        self.before: Json = before.content

    def faults(self, there: Mapping[Any, Item], wanted: Callable[[Model], Wanted]) -> bool:
        """One round; whether something was taken back, so that another is needed."""
        try:
            schema = Schema.model_validate(copy.deepcopy(self.objects.content))
        except ValidationError as error:
            for each in error.errors(include_url=False):
                why = str(each["msg"]).removeprefix("Value error, ")
                self._take_back(each["loc"], why, ConfigError(why, where=OBJECTS, remedy="mend the file"))
            return True
        places: Any = _Places()
        documents = {**{n: d for n, d in self.model.documents.items() if n == FIELDS}, OBJECTS: places}
        draft = Model(self.model.folder, schema, self.model.fields, documents, self.objects.files)
        try:
            check(draft)
        except ConfigError as error:
            self._take_back(places.of(error.where), error.what, error)
            return True
        return self._differs(draft, places, there, wanted)

    def _differs(
        self, draft: Model, places: _Places, there: Mapping[Any, Item], wanted: Callable[[Model], Wanted]
    ) -> bool:
        """What the next plan would change back, for the file cannot say it as the CRM has it."""
        found = False
        for item in wanted(draft).items:
            live = there.get(item.key)
            if live is None:
                continue
            loc, names = places.of(item.where), sorted({*differences(live.content, item.content)} - _APART)
            if names and self._is_new(loc):
                self._take_back(loc, f"the file cannot say its {', '.join(names)} as the CRM has it", None)
                found = True
        return found

    def _is_new(self, loc: Loc) -> bool:
        return len(loc) > 3 and loc[2] in _PARTS and _at(self.objects.content, loc[:4]) != _at(
            self.before, loc[:4]
        )  # fmt: skip

    def _take_back(self, loc: Loc, why: str, error: ConfigError | None) -> None:
        """The smallest part that was imported and holds the place, as it was before."""
        whole = [loc[:4]] if len(loc) > 3 and loc[2] in _PARTS else []
        if len(loc) > 2 and loc[2] not in (*_PARTS, *_NEEDED):
            whole.append(loc[:3])
        for part in [*whole, loc[:2]]:
            now, was = _at(self.objects.content, part), _at(self.before, part)
            if len(part) > 1 and now != was:
                _put(self.objects.content, part, was)
                how = "left out" if was is None else "left as it was"
                self.said.append(f"{_called(part)} is {how}: {why}.")
                return
        if error is not None and len(loc) > 1 and _at(self.objects.content, loc) is None:
            return  # a fault of the same round went with its part
        if error is not None:
            raise error


def _at(content: Any, loc: Loc) -> Any:
    for step in loc:
        if not isinstance(content, dict) or step not in content:
            return None
        content = content[step]
    return content


def _put(content: Json, loc: Loc, value: Any) -> None:
    holder = _at(content, loc[:-1])
    if value is not None:
        holder[loc[-1]] = copy.deepcopy(value)
        return
    del holder[loc[-1]]
    if not holder and len(loc) > 2:
        del _at(content, loc[:-2])[loc[-2]]


def _called(part: Loc) -> str:
    if part[0] != "objects":
        return f"{part[0]} {part[1]}"
    if len(part) == 2:
        return f"the object {part[1]}"
    return f"{part[1]}: {_PARTS.get(part[2], part[2])}" + (f" {part[3]}" if len(part) > 3 else "")


def _files(content: Any) -> list[str]:
    if not isinstance(content, dict):
        return []
    own = [content["file"]] if isinstance(content.get("file"), str) else []
    return own + [name for each in content.values() for name in _files(each)]
