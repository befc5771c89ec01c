"""From a table's rows to values for an object's fields. What cannot be read is kept as it is and counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox import times
from sandbox.worlds.mapping import Feed, Source
from sandbox.worlds.tables import MappingError, Table

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d{1,2}):(\d\d)(?::(\d\d)(\.\d+)?)?)?(?: ?UTC|Z)?")
_TRUTH = {
    "true": "true",
    "t": "true",
    "1": "true",
    "yes": "true",
    "false": "false",
    "f": "false",
    "0": "false",
    "no": "false",
}


@dataclass
class Findings:
    """What a world's data had that does not fit: counted per object, told in `world.json`."""

    counts: Counter[str] = field(default_factory=Counter)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)

    def note(self, what: str) -> None:
        self.counts[what] += 1


def rows_of(feed: Feed, table: Table) -> Iterator[dict[str, str]]:
    """The rows that feed the object: all, one for each distinct value, or those that have what it needs."""
    for name in (feed.key, feed.distinct, *feed.require, *feed.unless):
        if name and name not in table.columns:
            raise MappingError(f"{table.name} has no column {name}, which the feed of {feed.to} names.")
    seen: set[str] = set()
    for row in table.rows:
        if any(not row.get(name) for name in feed.require):
            continue
        if any(row.get(name) == value for name, value in feed.unless.items()):
            continue
        if feed.distinct:
            if not row[feed.distinct] or row[feed.distinct] in seen:
                continue
            seen.add(row[feed.distinct])
        yield row


def moment(text: str) -> int | None:
    """Milliseconds of a date or datetime as these files write them; without a zone it is UTC."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    day, hour, minute, second, fraction = match.groups()
    try:
        return times.parse(
            f"{day}T{int(hour or 0):02d}:{minute or '00'}:{second or '00'}{(fraction or '')[:7]}Z"
        )
    except ValueError:
        return None


def value_of(source: Source, row: dict[str, str], to: str, name: str, findings: Findings) -> Any:
    """The value of a field, or None. `to` and `name` say where a finding belongs."""
    if source.constant is not None:
        return _shaped(source, source.constant, to, name, findings)
    text = row.get(source.column, "")
    if not text and source.otherwise:
        text = row.get(source.otherwise, "")
    if not text:
        return None
    if source.lookup:
        found = findings.keys.get(source.lookup, {}).get(text)
        if found is None:
            findings.note(f"{to}.{name}: no {source.lookup} for a value")
        return found
    return _shaped(source, source.values.get(text, text), to, name, findings)


def _shaped(source: Source, text: str, to: str, name: str, findings: Findings) -> Any:
    if source.shape in ("", "text"):
        return text
    shaped: Any = None
    if source.shape in ("date", "datetime"):
        shaped = moment(text)
        if shaped is not None and source.shape == "date":
            shaped = times.day(shaped)
    elif source.shape == "boolean":
        shaped = _TRUTH.get(text.lower())
    else:
        shaped = _number(text, source)
    if shaped is None:
        findings.note(f"{to}.{name}: not a {source.shape}, kept as it is")
        return text
    return shaped


def _number(text: str, source: Source) -> float | int | None:
    try:
        number = float(text) * source.times
    except ValueError:
        return None
    return round(number) if source.shape == "integer" else round(number, 6)
