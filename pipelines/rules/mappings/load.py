"""Reads the folder: every file a mapping, every field written by one line, no two lines in a circle.

Belongs here: from files to `Mapping`s, and what can be wrong between lines. Errors name file and line.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipelines.errors import ConfigError
from pipelines.rules.loader import Document, read
from pipelines.rules.mappings.given_file import GivenFile, is_given
from pipelines.rules.mappings.matching import matched_pair
from pipelines.rules.mappings.model import (
    CAMPAIGN_KEYS,
    CASE,
    ENTITIES,
    KEYS,
    PEOPLE,
    VENDORS,
    Direction,
    Line,
    Mapping,
    Matched,
    Money,
    Side,
    ValueMap,
)  # fmt: skip
from pipelines.rules.mappings.yaml_file import MappingFile, YamlLine

FOLDER = "field_mappings"
SUFFIXES = (".yml", ".yaml", ".json")
OTHER: dict[Side, Side] = {"left": "right", "right": "left"}


def load_mappings(config_dir: Path) -> tuple[Mapping, ...]:
    """Every mapping of `field_mappings/` that is not switched off, by file name.

    Raises ConfigError with file and line: of a file that cannot be read, of a field that two lines write, of
    lines that go round in a circle.
    """
    folder = config_dir / FOLDER
    files = sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES) if folder.is_dir() else []
    found = [mapping for path in files if (mapping := _mapping(path)) is not None]
    _refuse_two_providers(found)
    _refuse_circles(found)
    return tuple(found)


def _mapping(path: Path) -> Mapping | None:
    document = read(path)
    given = is_given(document)
    parsed = document.as_model(GivenFile).as_mapping() if given else document.as_model(MappingFile)
    if not parsed.enabled:
        return None
    source: Side = "left" if parsed.source == VENDORS["left"] else "right"
    numbers = [document.line_of("mappings" if given else "lines", i) for i in range(len(parsed.lines))]
    lines = []
    for number, line in zip(numbers, parsed.lines, strict=True):
        where = f"{path.name} line {number}"
        try:
            lines.append(_line(parsed, line, source, where))
        except ValueError as error:
            raise ConfigError(f"{line.from_}: {error}", where=where, remedy="mend that line") from None
    target = OTHER[source]
    creates = {"nothing": (), "destination": (target,), "source": (source,), "both": (source, target)}
    pairs, matched = _pairs(parsed, source, document)
    keys = dict(CAMPAIGN_KEYS if ENTITIES.get(pairs[0]) == "campaign" else KEYS)
    if parsed.keys is not None:
        keys = {source: parsed.keys.source, target: parsed.keys.destination}
    constants = {source: parsed.create_with.source, target: parsed.create_with.destination}
    return Mapping(
        constants=tuple((side, tuple(each.items())) for side, each in sorted(constants.items())),
        creates=frozenset(creates[parsed.create]), deletes=frozenset(creates[parsed.on_delete]),
        keys=tuple(sorted(keys.items())),
        name=path.stem, file=path.name, source=source, pairs=pairs, matched=matched,
        lines=tuple(lines), line_numbers=tuple(numbers),
    )  # fmt: skip


def _pairs(
    parsed: MappingFile, source: Side, document: Document
) -> tuple[tuple[tuple[str, str], ...], Matched | None]:
    """The objects of a mapping, and how they are paired where it is not by identity."""
    if parsed.source_object is None or parsed.destination_object is None:
        return PEOPLE, None
    named = (parsed.source_object, parsed.destination_object)
    left, right = named if source == "left" else named[::-1]
    left = {"contact": "contacts"}.get(left.lower(), CASE.get(left.lower(), left))
    right = next((r for _, r in ENTITIES if r.lower() == right.lower()), right)
    if (left, right) in ENTITIES and parsed.match is not None:
        raise ConfigError(
            f"{left} and {right} are paired by who or what they are, not by a field",
            where=f"{document.path.name} line {document.line_of('match')}", remedy="remove match",
        )  # fmt: skip
    if (left, right) in ENTITIES:
        return ((left, right),), None
    pair, matched = matched_pair(parsed, source, (left, right), document)
    return (pair,), matched


def _line(parsed: MappingFile, line: YamlLine, source: Side, where: str) -> Line:
    target = OTHER[source]
    direction = line.direction or parsed.direction
    towards: Direction = "both"
    if direction != "both":
        side = target if direction == "to_destination" else source
        towards = "to_right" if side == "right" else "to_left"
    fields = {source: line.from_, target: line.to}
    expressions = {target: line.expression or "", source: line.back_expression or ""}
    if towards == "both" and bool(line.expression) != bool(line.back_expression):
        towards = _side_of(target if line.expression else source)
    if towards == "both" and line.convert in ("first_name", "last_name"):
        towards = _side_of(target)  # a part of a name does not say the whole
    values = _values(line, source)
    defaults = {target: line.default, source: _default_back(line, values, source)}
    return Line(
        left=fields["left"], right=fields["right"], where=where, source=source, direction=towards,
        strategy=line.conflict or parsed.conflict, write=line.write, blanks=line.blanks,
        default_left=defaults["left"], default_right=defaults["right"], required=line.required,
        values=values, sets=line.sets, convert=line.convert, format=line.format, format_side=target,
        zone=line.zone or parsed.zone, country=line.country or parsed.country,
        money=_money(parsed, line, source), to_right=expressions["right"], to_left=expressions["left"],
    )  # fmt: skip


def _side_of(side: Side) -> Direction:
    return "to_right" if side == "right" else "to_left"


def _values(line: YamlLine, source: Side) -> ValueMap | None:
    """Forward is left to right, whichever side the file calls source."""
    if not line.values:
        return None
    listed = dict(line.values)
    back: dict[str, str] = {}
    for value, meaning in listed.items():
        back.setdefault(meaning, value)
    back |= line.back or {}
    ways = (tuple(listed.items()), tuple(back.items()))
    forward, backward = ways if source == "left" else ways[::-1]
    return ValueMap(forward, backward, line.unmapped, line.use)


def _default_back(line: YamlLine, values: ValueMap | None, source: Side) -> str | None:
    """The default is the destination's; what it means at the source is its value mapped back."""
    if line.default is None or line.expression or line.convert in ("currency", "owner", "account", "person"):
        return None
    if values is None:
        return line.default
    return dict(values.back if source == "left" else values.forward).get(line.default)


def _money(parsed: MappingFile, line: YamlLine, source: Side) -> Money | None:
    if line.currency is None:
        return None
    sides = {source: line.currency.source, OTHER[source]: line.currency.destination}
    is_field = {side: not (len(name) == 3 and name.isupper()) for side, name in sides.items()}
    for side, name in sides.items():
        if not is_field[side] and name not in parsed.rates:
            raise ValueError(f"there is no rate for {name}; add it to rates")
    return Money(
        left=sides["left"], right=sides["right"], left_is_field=is_field["left"],
        right_is_field=is_field["right"], rates=tuple(sorted(parsed.rates.items())),
    )  # fmt: skip


Cell = tuple[str, str, str]


def cells_written(mapping: Mapping, line: Line) -> list[Cell]:
    """(vendor, object, field in lower case) of every field a line writes."""
    found = []
    for left, right in mapping.pairs:
        if line.writes("left"):
            found.append((VENDORS["left"], left, line.left.lower()))
        if line.writes("right"):
            found.append((VENDORS["right"], right, line.right.lower()))
    return list(dict.fromkeys(found))


def _refuse_two_providers(mappings: Iterable[Mapping]) -> None:
    seen: dict[Cell, str] = {}
    for mapping in mappings:
        for line in mapping.lines:
            for cell in cells_written(mapping, line):
                if cell in seen:
                    vendor, name, _ = cell
                    shown = line.left if vendor == VENDORS["left"] else line.right
                    raise ConfigError(
                        f"{vendor} {name}.{shown} has two providers: {seen[cell]} and {line.where}",
                        where=line.where, remedy="remove one of the lines, or turn one of them round",
                    )  # fmt: skip
                seen[cell] = line.where


def _refuse_circles(mappings: Iterable[Mapping]) -> None:
    """One-way lines that lead back to where they came from would chase each other for ever."""
    leads: dict[Cell, list[tuple[Cell, str]]] = {}
    for mapping in mappings:
        for line in mapping.lines:
            if line.direction == "both":
                continue
            for left, right in mapping.pairs:
                a: Cell = (VENDORS["left"], left, line.left.lower())
                b: Cell = (VENDORS["right"], right, line.right.lower())
                start, end = (a, b) if line.direction == "to_right" else (b, a)
                leads.setdefault(start, []).append((end, line.where))
    for start in leads:
        _walk(start, start, leads, [])


def _walk(start: Cell, at: Cell, leads: dict[Cell, list[tuple[Cell, str]]], path: list[str]) -> None:
    for following, where in leads.get(at, []):
        if following == start:
            lines = " and ".join(dict.fromkeys([*path, where]))
            raise ConfigError(
                f"{lines} write each other's source, in a circle", where=where,
                remedy="say direction: both on one line and remove the other",
            )  # fmt: skip
        if where not in path:
            _walk(start, following, leads, [*path, where])
