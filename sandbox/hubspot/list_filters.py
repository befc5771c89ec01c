"""Dynamic lists: their filters to SQL over the stored properties, and who is on them by now.

Who is on a list is worked out when somebody asks, once for each state of the portal. Belongs here: filters of
properties and of membership in other lists. A list with a filter of another kind keeps it and holds nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from sandbox import times
from sandbox.call import Call
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.search import STORED_AS

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLE = """
create table if not exists list_states (id integer primary key, seq integer not null, day text not null)
"""
"""Of each dynamic list, of what state of the portal its members are."""
Json = dict[str, Any]
Sql = tuple[str, list[Any]]
_COMPARED = {
    "IS_GREATER_THAN": ">", "IS_GREATER_THAN_OR_EQUAL_TO": ">=", "IS_LESS_THAN": "<",
    "IS_LESS_THAN_OR_EQUAL_TO": "<=", "IS_AFTER": ">", "IS_BEFORE": "<",
}  # fmt: skip
_LIKE = {"CONTAINS": "%{}%", "DOES_NOT_CONTAIN": "%{}%", "STARTS_WITH": "{}%", "ENDS_WITH": "%{}"}
_DEEPEST = 8
DAYS_OF = {"DAY": 1, "WEEK": 7, "MONTH": 30}


class NotWorkedOut(Exception):
    """A filter that is kept and not worked out."""


def refresh(hubspot: HubSpot, call: Call, shown: Json) -> None:
    """Bring the members of a dynamic list up to now, and its size where the list is kept and in `shown`."""
    if shown.get("processingType") != "DYNAMIC" or "filterBranch" not in shown:
        return
    number = int(shown["listId"])
    if _convert(hubspot, call, shown):
        return
    state = (int(hubspot.store.value("select coalesce(max(seq), 0) from writes")), times.day(call.now))
    kind = hubspot.portal.type_of(str(shown["objectTypeId"]))
    if kind is None:
        return
    if hubspot.store.row("select seq, day from list_states where id = ?", (number,)) == state:
        shown.update(_kept(hubspot, number) or {})
        return
    # Before its filters are read: lists that name each other come to an end. In the store, for a request that
    # is refused takes back the members with it.
    hubspot.store.db.execute("insert or replace into list_states values (?, ?, ?)", (number, *state))
    where, values = condition(hubspot, call, kind, shown["filterBranch"])
    table = f'select id from "{kind.plural}" where archived = 0 and {where}'
    on = "select record_id from list_members where list_id = ?"
    gone = hubspot.store.rows(f"{on} except {table}", [number, *values])
    new = hubspot.store.rows(f"{table} except {on}", [*values, number])
    db = hubspot.store.db
    db.executemany(
        "delete from list_members where list_id = ? and record_id = ?", [(number, r) for (r,) in gone]
    )
    db.executemany("insert into list_members values (?, ?, ?)", [(number, r, call.now) for (r,) in new])
    for (record,) in new:
        call.change("lists", str(number), "add", "member", None, str(record))
    for (record,) in gone:
        call.change("lists", str(number), "remove", "member", str(record), None)
    size = str(hubspot.store.value("select count(*) from list_members where list_id = ?", (number,)))
    shown.setdefault("additionalProperties", {})["hs_list_size"] = size
    db.execute("update lists set shown = ? where id = ?", (orjson.dumps(shown), number))


def _convert(hubspot: HubSpot, call: Call, shown: Json) -> bool:
    """Make a static list of one whose time has come (`list_changes`); it keeps whom it held by then."""
    kept = _kept(hubspot, int(shown["listId"])) or {}
    wish = kept.get("conversion")
    if not wish or kept.get("processingType") != "DYNAMIC":
        shown.update(kept if wish else {})
        return bool(wish)
    if wish["conversionType"] == "CONVERSION_DATE":
        due = times.parse(f"{wish['year']:04}-{wish['month']:02}-{wish['day']:02}")
    else:
        last = hubspot.store.value(
            "select max(at) from writes where object = 'lists' and record_id = ?", (shown["listId"],)
        )
        due = int(last or call.now) + wish["offset"] * DAYS_OF[wish["timeUnit"]] * times.DAY
    if call.now < due:
        return False
    kept |= {"processingType": "SNAPSHOT", "convertedAt": times.iso(due)}
    hubspot.store.db.execute(
        "update lists set shown = ? where id = ?", (orjson.dumps(kept), int(shown["listId"]))
    )
    shown.update(kept)
    return True


def condition(hubspot: HubSpot, call: Call, kind: ObjectType, branch: Any) -> Sql:
    """Filters as a condition on rows; those that are not worked out are met by nobody."""
    try:
        return _branch(hubspot, call, kind, branch, 0)
    except NotWorkedOut:
        return "0", []


def _kept(hubspot: HubSpot, number: int) -> Json | None:
    blob = hubspot.store.value("select shown from lists where id = ?", (number,))
    shown: Json | None = None if blob is None else orjson.loads(blob)
    return shown


def _branch(hubspot: HubSpot, call: Call, kind: ObjectType, branch: Any, depth: int) -> Sql:
    """The filters of a branch and the branches in it, joined as its type says."""
    if not isinstance(branch, dict) or depth > _DEEPEST:
        raise NotWorkedOut
    word = {"OR": " or ", "AND": " and "}.get(str(branch.get("filterBranchType")))
    if word is None:
        raise NotWorkedOut
    parts = [_filter(hubspot, call, kind, each) for each in branch.get("filters") or []]
    parts += [_branch(hubspot, call, kind, each, depth + 1) for each in branch.get("filterBranches") or []]
    if not parts:
        return ("1" if word == " and " else "0"), []
    return "(" + word.join(p[0] for p in parts) + ")", [v for p in parts for v in p[1]]


def _filter(hubspot: HubSpot, call: Call, kind: ObjectType, wish: Any) -> Sql:
    if not isinstance(wish, dict):
        raise NotWorkedOut
    said = str(wish.get("listId"))
    if wish.get("filterType") == "IN_LIST" and said.isdecimal() and len(said) < 16:
        negative = "not " if "NOT" in str(wish.get("operator")) else ""
        inside = "select record_id from list_members where list_id = ?"
        number = int(said)
        if (inner := _kept(hubspot, number)) is not None:
            refresh(hubspot, call, inner)
        return f"id {negative}in ({inside})", [number]
    name, operation = str(wish.get("property")), wish.get("operation")
    known = hubspot.portal.properties[kind.plural].get(name)
    if wish.get("filterType") != "PROPERTY" or known is None or not isinstance(operation, dict):
        raise NotWorkedOut
    column = STORED_AS.get(name)
    raw: Sql = (column, []) if column else ("json_extract(props, ?)", [f'$."{name}"'])
    sql, values = compared("column" if column else str(known["type"]), operation, raw)
    if operation.get("includeObjectsWithNoValueSet") is True:
        return f"({sql} or {raw[0]} is null)", [*values, *raw[1]]
    return sql, values


def compared(kind: str, operation: Json, stored: Sql) -> Sql:
    """One value by its operator; text does not mind its case."""
    operator = str(operation.get("operator"))
    raw, bound = stored
    own = f"cast({raw} as real)" if kind == "number" else f"lower({raw})" if kind == "string" else raw
    if operator in ("IS_KNOWN", "IS_UNKNOWN"):
        return f"{raw} is {'not ' if operator == 'IS_KNOWN' else ''}null", bound
    if operator == "IS_BETWEEN":
        bounds = [_value(kind, operation.get(key)) for key in ("lowerBound", "upperBound")]
        return f"{own} between ? and ?", [*bound, *bounds]
    if operator in _COMPARED:
        return f"{own} {_COMPARED[operator]} ?", [*bound, _value(kind, _said(operation))]
    said = operation.get("values")
    given: list[Any] = said if isinstance(said, list) else [operation.get("value")]
    if operator in _LIKE:
        found = " or ".join([f"coalesce(lower({raw}), '') like ?"] * len(given))
        values = [v for each in given for v in (*bound, _LIKE[operator].format(str(each).lower()))]
        return (f"not ({found})" if operator == "DOES_NOT_CONTAIN" else f"({found})"), values
    wanted = [_value(kind, each) for each in given]
    marks = ", ".join("?" * len(wanted))
    if operator in ("IS_ANY_OF", "IS_EQUAL_TO", "IS"):
        return f"{own} in ({marks})", [*bound, *wanted]
    if operator in ("IS_NONE_OF", "IS_NOT_EQUAL_TO", "IS_NOT"):
        return f"({own} is not null and {own} not in ({marks}))", [*bound, *bound, *wanted]
    raise NotWorkedOut


def _said(operation: Json) -> Any:
    """The value of an operation, or the moment it names."""
    point = operation.get("timePoint")
    if isinstance(point, dict) and {"year", "month", "day"} <= set(point):
        return "-".join(f"{int(point[key]):02d}" for key in ("year", "month", "day"))
    return operation.get("value", operation.get("timestamp"))


def _value(kind: str, value: Any) -> Any:
    if value is None:
        raise NotWorkedOut
    text = str(value).lower() if isinstance(value, bool) or kind == "string" else str(value)
    try:
        if kind == "number":
            return float(text)
        if kind == "column":
            return int(text) if text.isdecimal() else times.parse(text)
        if kind in ("date", "datetime") and not isinstance(value, bool):
            at = int(text) if text.isdecimal() else times.parse(text)
            return times.day(at) if kind == "date" else times.iso(at)
    except (ValueError, OverflowError):
        raise NotWorkedOut from None
    return text
