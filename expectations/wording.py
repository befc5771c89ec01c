"""Turns a Great Expectations result into a sentence with numbers and examples.

Belongs here: wording. An expectation says in its meta what its failure means (`suite.says`).
"""

from __future__ import annotations

from typing import Any

EXAMPLES = 3
LONGEST_EXAMPLE = 60


def sentence(table: str, result: Any, key: str) -> str:
    """What failed, how much of it, and a few examples named by `key`."""
    expectation = result.expectation_config
    raised = (result.exception_info or {}).get("exception_message")
    if raised:
        return f"{table}: {expectation.type} could not be evaluated: {_first_line(str(raised))}."
    seen: dict[str, Any] = result.result or {}
    text = str((expectation.meta or {}).get("says", f"{expectation.type} does not hold"))
    return f"{table}: {text.format(**_numbers(seen))}{_examples(seen, key)}."


def _numbers(seen: dict[str, Any]) -> dict[str, Any]:
    rows = int(seen.get("element_count") or 0)
    bad = int(seen.get("unexpected_count") or 0)
    observed = seen.get("observed_value")
    return {
        "seen": _Missing() if observed is None else _plain(observed),
        "bad": f"{bad:,}",
        "rows": f"{rows:,}",
        "share": f"{bad / rows:.0%}" if rows else "0%",
    }


class _Missing:
    """A value that was not observed takes any format."""

    def __format__(self, spec: str) -> str:
        return "nothing"


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _examples(seen: dict[str, Any], key: str) -> str:
    """`e.g. 'foo@' (1051), 'bar' (1093)`; without values worth showing, only the keys."""
    rows = (seen.get("partial_unexpected_index_list") or [])[:EXAMPLES] if key else []
    shown = []
    for row in rows:
        name = row.get(key)
        values = [value for column, value in row.items() if column != key]
        value = _plain(values[0]) if values else None
        plain = value is None or isinstance(value, bool) or value != value  # NaN is not itself
        shown.append(str(name) if plain else f"{_short(value)} ({name})")
    return f", e.g. {', '.join(shown)}" if shown else ""


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_EXAMPLE else text[: LONGEST_EXAMPLE - 1] + "…"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0].rstrip(".")
