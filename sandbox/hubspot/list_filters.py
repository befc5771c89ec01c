"""Dynamic lists: their filters to SQL over the stored properties, and who is on them by now.

Who is on a list is worked out when somebody asks, once for each state of the portal. Belongs here: filters of
properties and of membership in other lists. A list with a filter of another kind keeps it and holds nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from sandbox import times
from sandbox.call import Call
from sandbox.hubspot import list_states, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.search import column_of

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

Json = dict[str, Any]
Sql = tuple[str, list[Any]]
_COMPARED = {
    "IS_GREATER_THAN": ">", "IS_GREATER_THAN_OR_EQUAL_TO": ">=", "IS_LESS_THAN": "<",
    "IS_LESS_THAN_OR_EQUAL_TO": "<=", "IS_AFTER": ">", "IS_BEFORE": "<",
}  # fmt: skip
_LIKE = {"CONTAINS": "%{}%", "DOES_NOT_CONTAIN": "%{}%", "STARTS_WITH": "{}%", "ENDS_WITH": "%{}"}
_DEEPEST, _LONGEST, _MOST_VALUES = 8, 500_000, 30_000
"""How deep branches go, and what SQLite takes of a condition: characters, values."""
DAYS_OF = {"DAY": 1, "WEEK": 7, "MONTH": 30}


class NotWorkedOut(Exception):
    """A filter that is kept and not worked out."""


def refresh(hubspot: HubSpot, call: Call, shown: Json, seen: set[int] | None = None) -> None:
    """Bring the members of a dynamic list up to now, and its size where the list is kept and in `shown`.

    `seen`: lists that this look brought up already; those that name each other come to an end.
    """
    if shown.get("processingType") != "DYNAMIC" or "filterBranch" not in shown:
        return
    number = int(shown["listId"])
    kept = _kept(hubspot, number) or {}
    if kept.get("processingType", "DYNAMIC") != "DYNAMIC":  # converted since `shown` was read
        shown.update(kept)
        return
    kind = hubspot.portal.type_of(str(shown["objectTypeId"]))
    if kind is None:
        return
    wish = kept.get("conversion") or {}
    day = _date_of(wish)
    seen = set() if seen is None else seen
    _follow(hubspot, call, shown, kind, seen, day if day is not None and day <= call.now else None)
    due = _due(hubspot, call, number, wish)
    if due is not None and due <= call.now:
        shown.update(
            (_kept(hubspot, number) or {}) | {"processingType": "SNAPSHOT", "convertedAt": times.iso(due)}
        )
        _keep(hubspot, shown)


def _follow(
    hubspot: HubSpot, call: Call, shown: Json, kind: ObjectType, seen: set[int], until: int | None
) -> None:
    """Work out the members anew, of those records that something happened to."""
    number, named = int(shown["listId"]), list_states.named(shown["filterBranch"])
    seen.add(number)
    _refresh_named(hubspot, call, named, seen)
    some = list_states.touched(hubspot, call, number, kind.plural, named, until)
    if some is not None and not some:
        list_states.keep(call, number)
        shown.update(_kept(hubspot, number) or {})
        return
    where, values = _worked_out(hubspot, call, kind, shown["filterBranch"])
    among = "" if some is None else f"in ({', '.join(map(str, some))})"
    wanted = _ids(
        hubspot,
        f'select id from "{kind.plural}" where archived = 0{among and f" and id {among}"} and {where}',
        values,
    )
    held = _ids(
        hubspot,
        f"select record_id from list_members where list_id = ?{among and f' and record_id {among}'}",
        [number],
    )
    db, new, gone = hubspot.store.db, sorted(wanted - held), sorted(held - wanted)
    db.executemany(
        "delete from list_members where list_id = ? and record_id = ?", [(number, r) for r in gone]
    )
    db.executemany("insert into list_members values (?, ?, ?)", [(number, r, call.now) for r in new])
    for record in new:
        call.change("lists", str(number), "add", "member", None, str(record))
    for record in gone:
        call.change("lists", str(number), "remove", "member", str(record), None)
    list_states.keep(call, number)
    size = str(hubspot.store.value("select count(*) from list_members where list_id = ?", (number,)))
    shown.setdefault("additionalProperties", {})["hs_list_size"] = size
    _keep(hubspot, shown)


def _ids(hubspot: HubSpot, sql: str, values: list[Any]) -> set[int]:
    return {record for (record,) in hubspot.store.rows(sql, values)}


def _keep(hubspot: HubSpot, shown: Json) -> None:
    hubspot.store.db.execute(
        "update lists set shown = ? where id = ?", (orjson.dumps(shown), int(shown["listId"]))
    )


def _date_of(wish: Json) -> int | None:
    if wish.get("conversionType") != "CONVERSION_DATE":
        return None
    return times.parse(f"{wish['year']:04}-{wish['month']:02}-{wish['day']:02}")


def _due(hubspot: HubSpot, call: Call, number: int, wish: Json) -> int | None:
    """When a list stops to follow its filters (`list_changes`): it keeps whom it holds by then."""
    if wish.get("conversionType") != "INACTIVITY":
        return _date_of(wish)
    here = any(each.object == "lists" and each.record_id == str(number) for each in call.changes)
    last = None if here else hubspot.store.value(
        "select max(at) from writes where object = 'lists' and record_id = ?", (str(number),)
    )  # fmt: skip
    return int(last or call.now) + int(wish["offset"]) * DAYS_OF[wish["timeUnit"]] * times.DAY


def _refresh_named(hubspot: HubSpot, call: Call, named: set[int], seen: set[int]) -> None:
    for number in sorted(named):
        inner = None if number in seen else _kept(hubspot, number)
        if inner is not None:
            refresh(hubspot, call, inner, seen)


def condition(hubspot: HubSpot, call: Call, kind: ObjectType, branch: Any) -> Sql:
    """Filters as a condition on rows, the lists that they name brought up to now."""
    _refresh_named(hubspot, call, list_states.named(branch), set())
    return _worked_out(hubspot, call, kind, branch)


def _worked_out(hubspot: HubSpot, call: Call, kind: ObjectType, branch: Any) -> Sql:
    """Filters as a condition; those that are not worked out are met by nobody."""
    try:
        sql, values = _branch(hubspot, call, kind, branch, 0)
    except NotWorkedOut:
        return "0", []
    return ("0", []) if len(sql) > _LONGEST or len(values) > _MOST_VALUES else (sql, values)


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
    filters, branches = (branch.get(name) or [] for name in ("filters", "filterBranches"))
    if not isinstance(filters, list) or not isinstance(branches, list):
        raise NotWorkedOut
    parts = [_filter(hubspot, call, kind, each) for each in filters]
    parts += [_branch(hubspot, call, kind, each, depth + 1) for each in branches]
    if not parts:
        return ("1" if word == " and " else "0"), []
    return _joined(word, [p[0] for p in parts]), [v for p in parts for v in p[1]]


def _joined(word: str, parts: list[str]) -> str:
    """Halves of halves in brackets: SQLite takes a thousand conditions in each other, no matter how many."""
    if len(parts) == 1:
        return f"({parts[0]})"
    half = len(parts) // 2
    return f"({_joined(word, parts[:half])}{word}{_joined(word, parts[half:])})"


def _filter(hubspot: HubSpot, call: Call, kind: ObjectType, wish: Any) -> Sql:
    if not isinstance(wish, dict):
        raise NotWorkedOut
    said = requests.whole_id(wish.get("listId"))
    if wish.get("filterType") == "IN_LIST" and said is not None:
        negative = "not " if "NOT" in str(wish.get("operator")) else ""
        inside = "select record_id from list_members where list_id = ?"
        return f"id {negative}in ({inside})", [said]
    name, operation = str(wish.get("property")), wish.get("operation")
    known = hubspot.portal.properties[kind.plural].get(name)
    if wish.get("filterType") != "PROPERTY" or known is None or not isinstance(operation, dict):
        raise NotWorkedOut
    column = column_of(kind, name)
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
        patterns = orjson.dumps([_LIKE[operator].format(str(each).lower()) for each in given]).decode()
        listed = "select value as pattern from json_each(?)"
        found = f"exists (select 1 from ({listed}) where coalesce(lower({raw}), '') like pattern)"
        return (f"not {found}" if operator == "DOES_NOT_CONTAIN" else found), [patterns, *bound]
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
        try:
            return "-".join(f"{int(point[key]):02d}" for key in ("year", "month", "day"))
        except (TypeError, ValueError, OverflowError):
            raise NotWorkedOut from None
    return operation.get("value", operation.get("timestamp"))


def _value(kind: str, value: Any) -> Any:
    if value is None:
        raise NotWorkedOut
    text = str(value).lower() if isinstance(value, bool) or kind == "string" else str(value)
    try:
        if kind == "number":
            return float(text)
        if kind == "column":
            return int(text) if text.isdecimal() and len(text) < 16 else times.parse(text)
        if kind in ("date", "datetime") and not isinstance(value, bool):
            at = int(text) if text.isdecimal() else times.parse(text)
            return times.day(at) if kind == "date" else times.iso(at)
    except (ValueError, OverflowError):
        raise NotWorkedOut from None
    return text
