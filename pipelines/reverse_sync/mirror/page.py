"""The page of the mappings, in Markdown: each pair of objects, each line in words, and what the check said.

Belongs here: wording.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.reverse_sync.mirror.resolve import Resolved, ResolvedLine, ResolvedPair
from pipelines.rules.mappings.model import Line

_ARROWS = {"both": "↔", "to_right": "→", "to_left": "←"}
_STRATEGIES = {
    "most_recent": "the later change wins",
    "source": "the source wins",
    "destination": "the destination wins",
    "longest": "the longer value wins",
    "union": "values are put together",
    "manual": "a person decides",
}


def page(resolved: Resolved) -> str:
    """The whole page."""
    return "\n".join(_page(resolved)) + "\n"


def _page(resolved: Resolved) -> Iterator[str]:
    yield "# Field mappings"
    yield ""
    yield "Made by `crm mappings docs` from `config/field_mappings/` and the CRMs' own metadata."
    if not resolved.pairs:
        yield ""
        yield "Nothing is mapped."
    for pair in resolved.pairs:
        yield from _pair(pair)
    if resolved.findings:
        yield ""
        yield "## What the check says"
        yield ""
        yield "| | where | field | finding |"
        yield "| --- | --- | --- | --- |"
        for finding in resolved.findings:
            said = finding.what + (f"; {finding.remedy}" if finding.remedy else "")
            yield _row(finding.level, finding.where, finding.field, said)


def _pair(pair: ResolvedPair) -> Iterator[str]:
    yield ""
    yield f"## HubSpot {pair.left_object} and Salesforce {pair.right_object}"
    yield ""
    yield "| HubSpot | | Salesforce | value | when both changed | said in |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in pair.lines:
        yield _row(
            f"`{each.left.name}`", _ARROWS[each.line.direction], f"`{each.right.name}`", _value(each),
            _STRATEGIES[each.line.strategy] if each.line.direction == "both" else "one way", each.line.rule,
        )  # fmt: skip


def _value(each: ResolvedLine) -> str:
    line = each.line
    parts = [_made(line)]
    if line.default_left is not None or line.default_right is not None:
        parts.append(
            f"{line.default_right if line.default_right is not None else line.default_left} when empty"
        )
    if line.write == "fill_if_empty":
        parts.append("only where empty")
    if line.blanks == "clear":
        parts.append("a cleared value is cleared on the other side")
    if line.sets == "merge":
        parts.append("values merged")
    return ", ".join(parts)


def _made(line: Line) -> str:
    if line.values is not None:
        return ", ".join(f"{a} = {b}" for a, b in line.values.forward)
    if line.to_right or line.to_left:
        return " and back: ".join(f"`{each}`" for each in (line.to_right, line.to_left) if each)
    if line.convert is None:
        return "the same"
    details = " ".join(part for part in (line.format, line.zone, line.country) if part)
    return f"{line.convert.replace('_', ' ')} {details}".strip()


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
