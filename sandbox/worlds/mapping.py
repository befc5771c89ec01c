"""A world's mapping: which table feeds which object, which column which field. YAML to checked, typed data.

    now: 2018-01-01T12:00:00Z        the sandbox's time when the world begins
    loaded: 2017-12-31T12:00:00Z     when rows without a date of their own came to be
    salesforce: {currency, stages, objects, fields, feeds}
    hubspot: {currency, feeds}
    left_out: {table: reason}

A feed is `{to, from, key, distinct, require, unless, auto, fields}`; a field is a column's name or
`{column, constant, values, times, as, lookup, otherwise}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from sandbox import times
from sandbox.worlds.tables import MappingError

SHAPES = ("text", "number", "integer", "boolean", "date", "datetime")


@dataclass(frozen=True)
class Source:
    """Where a field's value comes from."""

    column: str = ""
    constant: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    times: float = 1.0
    shape: str = ""
    lookup: str = ""
    otherwise: str = ""


@dataclass(frozen=True)
class Feed:
    """One table feeding one object."""

    to: str
    table: str
    key: str = ""
    distinct: str = ""
    require: tuple[str, ...] = ()
    unless: dict[str, str] = field(default_factory=dict)
    auto: str = ""
    fields: dict[str, Source] = field(default_factory=dict)


@dataclass(frozen=True)
class Mapping:
    """A whole mapping."""

    now: int
    loaded: int
    salesforce: dict[str, Any]
    hubspot: dict[str, Any]
    salesforce_feeds: tuple[Feed, ...]
    hubspot_feeds: tuple[Feed, ...]
    left_out: dict[str, str]


def find(folder: Path) -> Path:
    """The mapping of a folder: its own `world.yml`, or the sandbox's for a folder of that name."""
    own, ours = folder / "world.yml", Path(__file__).parent / f"{folder.name}.yml"
    for candidate in (own, ours):
        if candidate.is_file():
            return candidate
    raise MappingError(
        f"{folder} has no world.yml, and no mapping for a folder named {folder.name} is known."
    )


def load(path: Path) -> Mapping:
    """Read and check a mapping. Raises MappingError naming the file and the place."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as problem:
        raise MappingError(f"{path} is not YAML: {str(problem).splitlines()[0]}.") from None
    known = {"now", "loaded", "salesforce", "hubspot", "left_out"}
    _known(path, "the mapping", raw, known)
    if "now" not in raw:
        raise MappingError(f"{path} does not say what time it is in this world; add now.")
    salesforce, hubspot = raw.get("salesforce") or {}, raw.get("hubspot") or {}
    _known(path, "salesforce", salesforce, {"currency", "stages", "objects", "fields", "feeds"})
    _known(path, "hubspot", hubspot, {"currency", "feeds"})
    now = _instant(path, raw["now"])
    return Mapping(
        now, _instant(path, raw["loaded"]) if "loaded" in raw else now - times.HOUR, salesforce, hubspot,
        tuple(_feed(path, f) for f in salesforce.get("feeds") or ()),
        tuple(_feed(path, f) for f in hubspot.get("feeds") or ()), raw.get("left_out") or {},
    )  # fmt: skip


def _known(path: Path, where: str, found: Any, known: set[str]) -> None:
    if not isinstance(found, dict):
        raise MappingError(f"{path}: {where} must have keys.")
    for name in found:
        if name not in known:
            raise MappingError(
                f"{path}: unknown key {name!r} in {where}; known are {', '.join(sorted(known))}."
            )


def _instant(path: Path, value: Any) -> int:
    if isinstance(value, datetime):
        return times.to_ms(value)
    try:
        return times.parse(str(value))
    except ValueError:
        raise MappingError(f"{path}: {value!r} is not a time such as 2020-01-01T12:00:00Z.") from None


def _feed(path: Path, raw: Any) -> Feed:
    known = {"to", "from", "key", "distinct", "require", "unless", "auto", "fields"}
    _known(path, "a feed", raw, known)
    if not raw.get("to") or not raw.get("from"):
        raise MappingError(f"{path}: a feed needs to (an object) and from (a file or table).")
    where = f"the feed of {raw['to']}"
    fields = {
        name: _source(path, f"{where}, field {name}", s) for name, s in (raw.get("fields") or {}).items()
    }
    return Feed(
        raw["to"], raw["from"], raw.get("key", ""), raw.get("distinct", ""), tuple(raw.get("require") or ()),
        {k: str(v) for k, v in (raw.get("unless") or {}).items()}, raw.get("auto", ""), fields,
    )  # fmt: skip


def _source(path: Path, where: str, raw: Any) -> Source:
    if isinstance(raw, str):
        return Source(column=raw)
    _known(path, where, raw, {"column", "constant", "values", "times", "as", "lookup", "otherwise"})
    if raw.get("as", "text") not in SHAPES:
        raise MappingError(f"{path}: {where} is as {raw['as']!r}; known are {', '.join(SHAPES)}.")
    constant = raw.get("constant")
    if isinstance(constant, bool):
        constant = str(constant).lower()
    return Source(
        raw.get("column", ""), None if constant is None else str(constant),
        {str(k): str(v) for k, v in (raw.get("values") or {}).items()}, float(raw.get("times", 1)),
        raw.get("as", ""), raw.get("lookup", ""), raw.get("otherwise", ""),
    )  # fmt: skip
