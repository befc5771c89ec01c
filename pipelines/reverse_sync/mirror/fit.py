"""Do the values of a line fit: types, lengths, picklists, references, addresses that must be unique.

Belongs here: what can be said of two fields before any value is seen. What is found of values is in `settle`.
"""

from __future__ import annotations

from pipelines.reverse_sync.mirror.findings import Finding
from pipelines.reverse_sync.mirror.metadata import FieldMeta
from pipelines.rules.mappings.model import VENDORS, Line, Side
from pipelines.rules.syncs import NUMERIC, FieldType

_TEXTS: tuple[FieldType, ...] = ("text", "set")
_SHOWN = 6


def fit(line: Line, left: FieldMeta, right: FieldMeta, objects: dict[Side, str]) -> list[Finding]:
    """Everything there is to say about the values of a line, in each direction that it goes."""
    metas: dict[Side, FieldMeta] = {"left": left, "right": right}
    found: list[Finding] = []
    for target in ("right", "left"):
        side: Side = target
        if line.writes(side):
            source = metas["left" if side == "right" else "right"]
            found += _Fit(line, source, metas[side], side, objects).all()
    return found


class _Fit:
    """One direction of a line."""

    def __init__(
        self, line: Line, source: FieldMeta, target: FieldMeta, side: Side, objects: dict[Side, str]
    ) -> None:
        self.line, self.source, self.target, self.side, self.objects = line, source, target, side, objects
        self.expression = line.to_right if side == "right" else line.to_left

    def all(self) -> list[Finding]:
        return [
            *self._types(), *self._picklist(), *self._default(), *self._lengths(), *self._identity(),
            *self._settled(),
        ]  # fmt: skip

    def _say(self, level: str, what: str, remedy: str = "", *, of_source: bool = False) -> Finding:
        other: Side = "left" if self.side == "right" else "right"
        side, meta = (other, self.source) if of_source else (self.side, self.target)
        shown = f"{VENDORS[side]} {self.objects[side]}.{meta.name}"
        return Finding(level, self.line.where, shown, what, remedy)  # type: ignore[arg-type]

    def _types(self) -> list[Finding]:
        if self.expression or self.line.values is not None:
            return []
        source, target = self.source.type, self.target.type
        references = ("owner", "account", "person")
        if "reference" in (source, target) and self.line.convert not in (*references, "text"):
            return [self._say("error", "holds the id of a record, which means nothing in the other CRM",
                              "say convert: owner, account or person")]  # fmt: skip
        if (self.line.convert in references) and "reference" not in (source, target):
            return [] if self.line.convert != "owner" else [
                self._say("error", "holds no owner", "remove convert: owner")]  # fmt: skip
        if not _goes_into(source, target):
            return [self._say("error", f"is a {target} and {self.source.name} is a {source}",
                              "map values, write an expression, or map another field")]  # fmt: skip
        if source == "timestamp" and target == "date" and not self.line.zone:
            return [self._say("warning", "is a date made of a moment, and the day depends on the time zone",
                              "say zone")]  # fmt: skip
        return []

    def _picklist(self) -> list[Finding]:
        """Each value of the source must have one at the destination, or the check says which have none."""
        values, found = self.line.values, []
        pairs = dict(values.forward if self.side == "right" else values.back) if values is not None else {}
        outside = [v for v in pairs.values() if self.target.choices and v not in self.target.choices]
        if outside:
            known = _listed(self.target.choices or ())
            found.append(self._say("error", f"does not take {_listed(outside)}",
                                   f"use one of {known}, or add the value in the CRM"))  # fmt: skip
        if self.source.choices is None or self.expression:
            return found
        if values is not None:
            unknown = [v for v in pairs if v not in self.source.choices]
            if unknown:
                found.append(self._say("warning", f"has no value {_listed(unknown)}", "mend the line",
                                       of_source=True))  # fmt: skip
            if values.unmapped == "use" and self.side != self.line.source:
                return found
            missing = [v for v in self.source.choices if v not in pairs]
            if values.unmapped == "keep" and self.target.choices is not None:
                missing = [v for v in missing if v not in self.target.choices]
            elif values.unmapped == "keep":
                missing = []
        else:
            missing = [v for v in self.source.choices if self.target.choices and v not in self.target.choices]
        if missing:
            what = f"has values with none in {VENDORS[self.side]}: {_listed(missing)}"
            found.append(self._say("warning", f"{what}; such records are left as they are",
                                   "add them to values, or say unmapped", of_source=True))  # fmt: skip
        return found

    def _default(self) -> list[Finding]:
        default = self.line.default_right if self.side == "right" else self.line.default_left
        if default is None or not self.target.choices or default in self.target.choices:
            return []
        return [self._say("error", f"does not take its default {default}",
                          f"use one of {_listed(self.target.choices)}")]  # fmt: skip

    def _lengths(self) -> list[Finding]:
        longest, room = self.source.length, self.target.length
        if self.expression or self.line.values or longest is None or room is None or longest <= room:
            return []
        return [self._say("note", f"takes {room:,} characters; a longer value is held back and shown")]

    def _settled(self) -> list[Finding]:
        found = []
        if self.line.strategy == "union" and "set" not in (self.source.type, self.target.type):
            found.append(self._say("warning", "holds one value, so union means that the most recent wins",
                                   "name another conflict rule"))  # fmt: skip
        if self.line.blanks == "clear" and self.target.required:
            found.append(self._say("note", "is required, so it is not emptied; such records are held"))
        return found

    def _identity(self) -> list[Finding]:
        if not self.target.unique:
            return []
        return [self._say("note", "is unique; a value that another record has is held back and shown")]


def _goes_into(source: FieldType, target: FieldType) -> bool:
    if source == target or source in _TEXTS or target in _TEXTS:
        return True
    if source in NUMERIC and target in NUMERIC:
        return True
    if {source, target} == {"date", "timestamp"}:
        return True
    return "reference" in (source, target)


def _listed(values: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(values[:_SHOWN])
    return f"{shown} and {len(values) - _SHOWN} more" if len(values) > _SHOWN else shown
