"""The pages of objects as HTML that needs nothing else, for a browser: the same words, the diagram drawn.

Belongs here: Markdown to HTML, and the picture. What the pages say is `pages`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from markdown_it import MarkdownIt

from pipelines.schema.pages import Relation

_MERMAID = re.compile(r"```mermaid\n.*?```", re.S)
_WIDE, _HIGH, _BETWEEN, _DOWN = 190, 38, 190, 66
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:78rem;padding:0 1rem;color:#1d2733}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
td,th{border:1px solid #d5dbe3;padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:#f2f5f9}code{background:#f2f5f9;padding:.05rem .25rem;border-radius:3px}
a{color:#1a5fb4}svg{max-width:100%;height:auto}
svg rect{fill:#f2f5f9;stroke:#7388a3}svg text{font:13px system-ui,sans-serif;fill:#1d2733}
svg path{stroke:#7388a3;fill:none}svg .name{fill:#51637a;font-size:12px;paint-order:stroke;stroke:#fff;stroke-width:4px}
@media (prefers-color-scheme:dark){body{background:#14181e;color:#dbe2ea}th,code,svg rect{background:#222a34;fill:#222a34}
td,th{border-color:#3a4552}svg text{fill:#dbe2ea}svg .name{fill:#a9b7c6;stroke:#14181e}a{color:#78aeed}}
"""  # noqa: E501


def page(title: str, markdown: str, relations: Sequence[Relation]) -> str:
    """One page; the diagram stands where the Markdown has it."""
    picture = diagram(relations)
    kept = _MERMAID.sub("@@diagram@@", markdown)
    body = MarkdownIt("commonmark").enable("table").render(kept)
    body = body.replace("<p>@@diagram@@</p>", picture)
    body = re.sub(r'href="([^":/]+)\.md"', r'href="\1.html"', body)
    home = "" if title == "index" else '<p><a href="index.html">All objects</a></p>'
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>{home}{body}</html>\n'
    )


def diagram(relations: Sequence[Relation]) -> str:
    """Parents to the left of what leads to them; one line a relationship, with its name."""
    if not relations:
        return ""
    level = _levels(relations)
    columns: dict[int, list[str]] = {}
    for name in sorted(level):
        columns.setdefault(level[name], []).append(name)
    at = {
        name: (10 + column * (_WIDE + _BETWEEN), 10 + row * _DOWN)
        for column, listed in columns.items()
        for row, name in enumerate(listed)
    }
    width = max(x for x, _ in at.values()) + _WIDE + 10
    height = max(y for _, y in at.values()) + _HIGH + 10
    lines = [_line(each, number, at) for number, each in enumerate(relations)]
    boxes = [
        f'<rect x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="6"/>'
        f'<text x="{x + _WIDE / 2}" y="{y + _HIGH / 2 + 4}" text-anchor="middle">{html.escape(name)}</text>'
        for name, (x, y) in at.items()
    ]
    said = "; ".join(f"{r.child} leads to {r.parent} by {r.name}" for r in relations)
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{html.escape(said)}">'
        f"{''.join(lines)}{''.join(boxes)}</svg>"
    )


def _levels(relations: Sequence[Relation]) -> dict[str, int]:
    """How far right each object stands: one further than what it leads to, whatever circles there are."""
    level = {name: 0 for each in relations for name in (each.parent, each.child)}
    for _ in level:
        for each in relations:
            if each.parent != each.child and level[each.child] <= level[each.parent] < len(level) - 1:
                level[each.child] = level[each.parent] + 1
    return level


def _line(each: Relation, number: int, at: dict[str, tuple[int, int]]) -> str:
    (px, py), (cx, cy) = at[each.parent], at[each.child]
    start, end = (px + _WIDE, py + _HIGH / 2), (cx, cy + _HIGH / 2)
    bend = _BETWEEN / 2
    dashed = "" if each.required else ' stroke-dasharray="5 4"'
    share = 0.35 + 0.3 * (number % 2)  # of two lines side by side the names stand apart
    x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
    return (
        f'<path d="M{start[0]} {start[1]} C{start[0] + bend} {start[1]} {end[0] - bend} {end[1]} '
        f'{end[0]} {end[1]}"{dashed}/>'
        f'<text class="name" x="{x}" y="{y - 4}" text-anchor="middle">{html.escape(each.name)}</text>'
    )
