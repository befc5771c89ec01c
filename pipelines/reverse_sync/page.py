"""A plan as one HTML page for a pull request: counts, samples, what is held, what it costs.

Belongs here: that page, from a plan's file. The same on a terminal is `cli.activate`.
"""

from __future__ import annotations

from collections import Counter
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment

from pipelines.reverse_sync import planfile

_SAMPLES = 10
_HELD = 50


def write(plan: Path, target: Path) -> None:
    """Write the page of a plan. Raises CrmError when the plan was altered."""
    header = planfile.read_header(plan)
    template = resources.files(__package__).joinpath("plan_page.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True).from_string(template)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page.render(**_shown(plan, header)), encoding="utf-8")


def _shown(plan: Path, header: dict[str, Any]) -> dict[str, Any]:
    calls = header["calls"]
    counts = {
        name: {"records": c["records"], "fields": c.get("fields", {}), "held": c.get("held", 0),
               "calls": sum(calls.get(name, {}).get(part, 0) for part in ("write", "read_back", "check"))}
        for name, c in header["counts"].items()
        if c["records"] or c.get("held")
    }  # fmt: skip
    actions = {n: a for n, a in header["actions"].items() if a["kinds"] or a.get("held") or a.get("waiting")}
    records = sum(c["records"] for c in header["counts"].values())
    doing = sum(sum(a["kinds"].values()) for a in header["actions"].values())
    return {
        "header": header, "counts": counts, "samples": _samples(plan), "held": _held(header),
        "actions": {n: {"held": 0, "waiting": 0, "calls": 0, "reversibility": {}, **a}
                    for n, a in actions.items()},
        "title": f"{_many(records, 'record')} to change, {_many(doing, 'thing')} to do",
    }  # fmt: skip


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _samples(plan: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for change in planfile.read_changes(plan):
        some = found.setdefault(change.sync, [])
        if len(some) < _SAMPLES:
            some.append({"record_key": change.record_key, "fields": change.fields})
    for line in planfile.read_actions(plan):
        some = found.setdefault(f"{line['sync']}: {line['operation']}", [])
        if len(some) < _SAMPLES:
            payload = line["payload"]
            shown = payload.get("properties") or {k: v for k, v in payload.items() if isinstance(v, str)}
            some.append({**line, "shown": dict(islice(shown.items(), 8))})
    return found


def _held(header: dict[str, Any]) -> list[tuple[str, int, str]]:
    counts = Counter(each["reason"] for each in header["held"])
    first: dict[str, str] = {}
    for each in header["held"]:
        first.setdefault(each["reason"], each["record_key"] or each["record_id"])
    return [(reason, n, first[reason]) for reason, n in counts.most_common(_HELD)]
