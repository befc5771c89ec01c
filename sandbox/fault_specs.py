"""Faults as people write them: kinds by name, what may be said of one, and why something is none."""

from __future__ import annotations

import re
from typing import Any

import orjson

from sandbox import times
from sandbox.faults import BREAKS, PAGES, SIGNED, UNLIMITED, Fault, Kinds

ROW_CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
PLAIN: Kinds = {
    "429": {"status": 429, "retry_after": "1"}, "429_without_retry_after": {"status": 429},
    "500": {"status": 500}, "502": {"status": 502}, "503": {"status": 503}, "504": {"status": 504},
    "423": {"status": 423}, "403": {"status": 403}, "404": {"status": 404}, "slow": {"slow": 3_000},
    **{each: {"status": each} for each in (*BREAKS, "outage")},
}  # fmt: skip
"""What can go wrong with any answer."""
KINDS: Kinds = PLAIN | {
    **{each: {"status": each} for each in (*PAGES, *SIGNED, "noop", "late_rows")},
    "lock": {"status": "row_error", "code": "UNABLE_TO_LOCK_ROW"},
    "row_error": {"status": "row_error"}, "half_batch": {"status": "row_error", "row_every": 2},
}  # fmt: skip
"""Every kind by name, for the command, the page and the header. A vendor may have others in their place."""
_LEAST = {
    "slow": 0, "times": 1, "after": 0, "every": 1, "row_every": 1, "late": 0, "seen": 0, "met": 0,
}  # fmt: skip
"""What is counted, and the least of it."""
_WORDS = ("match", "status", "retry_after", "limit", "from", "until", "code")
NAMES = (*_WORDS, *_LEAST)
"""What may be said of a fault, besides its `kind`."""


class NoFault(ValueError):
    """What was asked for is no fault there is; it says why."""


def parse(given: Any, kinds: Kinds = KINDS) -> Fault:
    """A fault from what is said of it. Raises NoFault."""
    if not isinstance(given, dict):
        raise NoFault(f"a fault is an object with a kind or a status, not {_quoted(given)}")
    spec = _known({name: value for name, value in given.items() if value is not None}, kinds)
    numbers = {name: _number(name, spec[name]) for name in _LEAST if name in spec}
    status = _status(spec.get("status"), kinds)
    if status is None and not numbers.get("slow"):
        raise NoFault("a fault needs a status or slow")
    start, end = (_instant(name, spec.get(name)) for name in ("from", "until"))
    if start is not None and end is not None and end <= start:
        raise NoFault("until is an instant after from")
    lasting = "every" in spec or start is not None or end is not None or status in ("outage", "daily_limit")
    return Fault(
        _pattern(spec.get("match", ".")), status, numbers.get("slow", 0),
        numbers.get("times", UNLIMITED if lasting else 1), numbers.get("after", 0),
        str(spec["retry_after"]) if "retry_after" in spec else None, str(spec.get("limit", "")),
        numbers.get("every", 1), start, end, str(spec.get("code", ROW_CODE)), numbers.get("row_every", 1),
        numbers.get("late", 60), numbers.get("seen", 0), numbers.get("met", 0),
    )  # fmt: skip


def of_header(text: str, kinds: Kinds = KINDS) -> Fault:
    """The fault a request asks for itself: a kind, `name=value;...` or JSON. Raises NoFault."""
    if text.lstrip().startswith("{"):
        try:
            return parse(orjson.loads(text), kinds)
        except orjson.JSONDecodeError:
            raise NoFault("this is no JSON") from None
    first, *rest = [part.strip() for part in text.split(";") if part.strip()] or [""]
    spec: dict[str, Any] = {} if "=" in first else {"kind": first}
    for part in rest if "kind" in spec else [first, *rest]:
        name, is_said, value = part.partition("=")
        if not is_said:
            raise NoFault(f"{_quoted(part)} is not name=value")
        spec[name.strip()] = value.strip()
    return parse(spec, kinds)


def _known(spec: dict[str, Any], kinds: Kinds) -> dict[str, Any]:
    """With what its kind stands for; nothing is said that no fault has."""
    if "kind" in spec:
        known = kinds.get(str(spec["kind"]))
        if known is None:
            raise NoFault(
                f"there is no fault {_quoted(spec['kind'])} here; kind is one of {', '.join(kinds)}"
            )
        spec = {**known, **{name: value for name, value in spec.items() if name != "kind"}}
    unknown = sorted(set(spec) - set(NAMES))
    if unknown:
        raise NoFault(f"{_quoted(unknown[0])} is nothing that a fault has; it has kind, {', '.join(NAMES)}")
    return spec


def _status(given: Any, kinds: Kinds) -> int | str | None:
    if given is None:
        return None
    words = list(dict.fromkeys(k["status"] for k in kinds.values() if isinstance(k.get("status"), str)))
    if given in words:
        return str(given)
    status = _whole(given)
    if status is None or not 400 <= status <= 599:
        raise NoFault(f"status is 400 to 599 or one of {', '.join(words)}, not {_quoted(given)}")
    return status


def _number(name: str, given: Any) -> int:
    number = _whole(given)
    if number is None or not _LEAST[name] <= number <= UNLIMITED:
        raise NoFault(f"{name} is a whole number from {_LEAST[name]} on, not {_quoted(given)}")
    return number


def _whole(given: Any) -> int | None:
    """A whole number, or its digits: a header has nothing but text."""
    if isinstance(given, bool) or not isinstance(given, int | str):
        return None
    return int(given) if re.fullmatch(r"-?\d{1,12}", str(given)) else None


def _instant(name: str, given: Any) -> int | None:
    if given in (None, ""):
        return None
    try:
        return times.parse(str(given))
    except ValueError:
        raise NoFault(
            f"{name} is an instant of the world's time like 2026-07-01T00:00:00Z, not {_quoted(given)}"
        ) from None


def _pattern(given: Any) -> re.Pattern[str]:
    try:
        return re.compile(str(given))
    except re.error as problem:
        raise NoFault(f"match is no pattern: {problem}") from None


def _quoted(given: Any) -> str:
    return repr(given)[:80]
