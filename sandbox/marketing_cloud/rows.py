"""Writing rows at once: a rowset of some, all or nothing; one row by its primary key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.marketing_cloud import errors, extensions
from sandbox.marketing_cloud.extensions import Extension, RowError

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

BATCH = 50
"""More rows at once are taken too, says the vendor, only slowly: the limit is a soft one."""
HARD_BATCH = 5_000
_WHOLE = re.compile(r"-?[0-9]{1,9}")


def routes(mc: MarketingCloud) -> list[Route]:
    found = []
    for base in ("/hub/v1/dataevents/key:{key}", "/hub/v1/dataevents/{id}"):
        one = base + "/rows/{primary}"
        found += [
            *mc.route("POST", base + "/rowset", lambda call: _rowset(mc, call)),
            *mc.route("PUT", one, lambda call: _row(mc, call)),
            *mc.route("PUT", one + "/column/{column}/increment", lambda call: _increment(mc, call)),
        ]
    return found


def body_of(call: Call) -> Any:
    try:
        return call.json()
    except orjson.JSONDecodeError:
        raise errors.invalid("The request body is not valid JSON") from None


def _rowset(mc: MarketingCloud, call: Call) -> Response:
    given = body_of(call)
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        raise errors.invalid("Parameter rows is invalid")
    if len(given) > HARD_BATCH:
        raise errors.invalid(f"No more than {HARD_BATCH} rows are taken")
    found = extensions.for_writing(mc.store, call.params)
    if not found.keys:
        raise errors.invalid(f"{found.name} has no primary key to find a row by", errors.KEY_OPERATION)
    checked, problems = [], []
    for each in given:
        keys, values = each.get("keys"), each.get("values", {})
        try:
            if not isinstance(keys, dict) or not isinstance(values, dict):
                raise RowError(errors.VALIDATION, "A row has keys and values")
            meet_fault(call)
            checked.append(found.checked({**keys, **values}, whole=True))
        except RowError as problem:
            problems.append(problem)
    if problems:
        more = [{"message": p.message, "errorcode": p.code, "documentation": ""} for p in problems]
        raise errors.invalid("Unable to save rows for data extension", additionalErrors=more)
    for row in checked:
        store(mc, call, found, row)
    return answer([{"keys": each["keys"], "values": each.get("values", {})} for each in given])


def _named(found: Extension, primary: str) -> dict[str, str]:
    """The primary key of a row as its address tells it: `Key:value`, separated by commas."""
    keys = {unquote(part.partition(":")[0]): unquote(part.partition(":")[2]) for part in primary.split(",")}
    if {name.lower() for name in keys} != {f.name.lower() for f in found.keys}:
        raise errors.invalid("A row is named by its primary key")
    return keys


def _row(mc: MarketingCloud, call: Call) -> Response:
    found, given = extensions.for_writing(mc.store, call.params), body_of(call)
    values = given.get("values") if isinstance(given, dict) else None
    keys = _named(found, call.params["primary"])
    if not isinstance(values, dict):
        raise errors.invalid("A row has values")
    _checked(mc, call, found, {**keys, **values})
    return answer({"keys": keys, "values": values})


def _checked(mc: MarketingCloud, call: Call, found: Extension, row: dict[str, Any]) -> None:
    try:
        meet_fault(call)
        store(mc, call, found, found.checked(row, whole=True))
    except RowError as problem:
        raise errors.invalid(problem.message, problem.code) from None


def _increment(mc: MarketingCloud, call: Call) -> Response:
    """Add `step`, or one, to a number of a row; a row that is not there begins with it."""
    found = extensions.for_writing(mc.store, call.params)
    keys, field = _named(found, call.params["primary"]), found.fields.get(call.params["column"].lower())
    step = call.query.get("step", "1")
    if field is None or field.is_key or field.type != "Number" or not _WHOLE.fullmatch(step):
        raise errors.invalid("A column that is incremented holds a number, and step is a whole one")
    pk = found.pk(
        {f.name: next(v for n, v in keys.items() if n.lower() == f.name.lower()) for f in found.keys}
    )
    sql = "select body from extension_rows where extension = ? and pk = ?"
    kept = mc.store.value(sql, (found.id, pk))
    before = orjson.loads(kept).get(field.name) if kept is not None else None
    after = str(int((before or "0").partition(".")[0]) + int(step))
    _checked(mc, call, found, {**keys, field.name: after})
    return answer({"keys": keys, "values": {field.name: int(after)}})


def meet_fault(call: Call) -> None:
    """Refuse the row when a fault says so. Raises RowError."""
    if call.fault is not None and call.fault.refuses_row():
        code = call.fault.code
        raise RowError(int(code) if code.isdecimal() else errors.VALIDATION, "Injected fault")


def store(mc: MarketingCloud, call: Call, found: Extension, row: dict[str, str | None]) -> str:
    """Put a checked row in and tell the log of writes, a field a line."""
    pk = found.pk(row)
    kept = None
    if pk is not None:
        kept = mc.store.value(
            "select body from extension_rows where extension = ? and pk = ?", (found.id, pk)
        )
    before = orjson.loads(kept) if kept is not None else {}
    done = extensions.put(mc.store, found, row, call.now)
    call.records += 1
    for name, value in row.items():
        operation = "create" if done == "Added" else "update"
        call.change(found.key, (pk or "").replace("\x1f", ","), operation, name, before.get(name), value)
    return done
