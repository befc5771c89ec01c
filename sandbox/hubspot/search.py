"""Search: filter groups to SQL over the stored properties. Limits and refusals as HubSpot's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, objects, render, requests
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import COLUMNS, load
from sandbox.hubspot.render import View

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

PAGE, DEFAULT_PAGE, REACH = 200, 10, 10_000
GROUPS, FILTERS, ALL_FILTERS = 5, 6, 18
LONGEST = 3_000
_COMPARE = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
Sql = tuple[str, list[Any]]


def column_of(kind: ObjectType, name: str) -> str | None:
    """The column of its own that a property has in the table of its type."""
    return {"hs_object_id": "id", kind.created: "created", kind.modified: "modified"}.get(name)


def routes(hubspot: HubSpot) -> list[Route]:
    return hubspot.versioned("POST", objects.AREA, "/{type}/search", lambda call: _search(hubspot, call))


def _search(hubspot: HubSpot, call: Call) -> Response:
    kind, body = requests.kind_of(hubspot.portal, call), requests.body_of(call)
    limit, after = _page(call, body)
    _not_too_long(hubspot, call, body)
    where, values = conditions(hubspot.portal, call, kind, body)
    where += hubspot.seen.searched(kind.plural)
    total = hubspot.store.value(f'select count(*) from "{kind.plural}" where {where}', values)
    order = _order(hubspot.portal, call, kind, body)
    # The page's ids come first: sorting whole records would carry their properties through the sorter.
    rows = hubspot.store.rows(
        f'select {COLUMNS} from "{kind.plural}" where id in (select id from "{kind.plural}" where {where} '
        f"order by {order[0]} limit ? offset ?) order by {order[0]}",
        [*values, *order[1], limit, after, *order[1]],
    )
    view = View.of(hubspot.portal, kind, requests.strings(call, body, "properties"))
    page: dict[str, Any] = {
        "total": total, "results": render.records(hubspot.portal, view, [load(kind, row) for row in rows]),
    }  # fmt: skip
    if after + limit < total:
        page["paging"] = {"next": {"after": str(after + limit)}}
    return answer(page)


def _not_too_long(hubspot: HubSpot, call: Call, body: dict[str, Any]) -> None:
    counted = body if hubspot.seen.counts_properties else {k: v for k, v in body.items() if k != "properties"}
    if len(orjson.dumps(counted)) > LONGEST:
        raise errors.validation(call, f"The body of a search request may have at most {LONGEST:,} characters")


def _page(call: Call, body: dict[str, Any]) -> tuple[int, int]:
    limit, after = body.get("limit", DEFAULT_PAGE), str(body.get("after") or 0)
    if not isinstance(limit, int) or not 0 <= limit <= PAGE:
        raise errors.validation(call, f"limit must be between 0 and {PAGE}, not {limit}")
    if not after.isdecimal() or len(after) > 15:
        raise errors.validation(call, f"after must be a number, not {after[:40]}")
    if int(after) + limit > REACH:
        message = f"The maximum number of results of a search is {REACH}: after and limit together exceed it."
        raise errors.validation(call, message)
    return limit or DEFAULT_PAGE, int(after)


def conditions(portal: Portal, call: Call, kind: ObjectType, body: dict[str, Any]) -> Sql:
    wanted = [requests.objects_in(call, group, "filters") for group in _groups(call, body)]
    counts = [len(filters) for filters in wanted]
    if len(wanted) > GROUPS or any(n > FILTERS for n in counts) or sum(counts) > ALL_FILTERS:
        message = f"A search takes at most {GROUPS} filter groups of {FILTERS} filters, {ALL_FILTERS} in all."
        raise errors.validation(call, message)
    # By id the table itself is searched: else SQLite takes the index on `archived`, which is all of it.
    by_id = any(f.get("propertyName") == "hs_object_id" for filters in wanted for f in filters)
    clauses: list[str] = ["+archived = 0" if by_id else "archived = 0"]
    values: list[Any] = []
    alternatives = [_group(portal, call, kind, filters) for filters in wanted if filters]
    if alternatives:
        clauses.append("(" + " or ".join(a[0] for a in alternatives) + ")")
        values += [v for a in alternatives for v in a[1]]
    if body.get("query"):
        clauses.append("(0" + "".join(" or json_extract(props, ?) like ?" for _ in kind.searchable) + ")")
        values += [v for name in kind.searchable for v in (_path(name), f"%{body['query']}%")]
    return " and ".join(clauses), values


def _groups(call: Call, body: dict[str, Any]) -> list[dict[str, Any]]:
    groups = requests.objects_in(call, body, "filterGroups")
    return [{"filters": body["filters"]}, *groups] if body.get("filters") else groups


def _group(portal: Portal, call: Call, kind: ObjectType, filters: list[dict[str, Any]]) -> Sql:
    parts = [_filter(portal, call, kind, f) for f in filters]
    return "(" + " and ".join(p[0] for p in parts) + ")", [v for p in parts for v in p[1]]


def _filter(portal: Portal, call: Call, kind: ObjectType, wish: dict[str, Any]) -> Sql:
    name, operator = str(wish.get("propertyName", "")), wish.get("operator")
    if name.startswith("associations."):
        return _associated(portal, call, kind, name.removeprefix("associations."), wish)
    if name not in portal.properties[kind.plural]:
        raise errors.validation(
            call, f'There was a problem with the request: property "{name}" does not exist'
        )
    expression, bound = _expression(portal, kind, name)
    if operator in _COMPARE:
        value = _value(portal, call, kind, name, wish.get("value"))
        negative = f" or {expression} is null" if operator == "NEQ" else ""
        return f"({expression} {_COMPARE[operator]} ?{negative})", [
            *bound,
            value,
            *(bound if negative else []),
        ]
    if operator == "BETWEEN":
        low, high = (_value(portal, call, kind, name, wish.get(k)) for k in ("value", "highValue"))
        return f"{expression} between ? and ?", [*bound, low, high]
    if operator in ("IN", "NOT_IN"):
        return _in(portal, call, kind, name, wish)
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return f"{expression} is {'not ' if operator == 'HAS_PROPERTY' else ''}null", bound
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        negation = "not " if operator.startswith("NOT") else ""
        token = str(wish.get("value", "")).replace("*", "%").lower()
        return f"coalesce(lower({expression}), '') {negation}like ?", [*bound, f"%{token}%"]
    raise errors.validation(call, f"Invalid input JSON: unknown operator {operator}")


def _in(portal: Portal, call: Call, kind: ObjectType, name: str, wish: dict[str, Any]) -> Sql:
    wanted = wish.get("values")
    if not isinstance(wanted, list) or not wanted:
        raise errors.validation(call, "operator IN requires values")
    expression, bound = _expression(portal, kind, name)
    marks = ", ".join("?" * len(wanted))
    # Strings are indexed in lower case; a value that is not in lower case finds nothing.
    text = _is_text(portal, kind, name)
    values = [str(v) if text else _value(portal, call, kind, name, v) for v in wanted]
    if wish["operator"] == "IN":
        return f"{expression} in ({marks})", [*bound, *values]
    return f"({expression} not in ({marks}) or {expression} is null)", [*bound, *values, *bound]


def _associated(portal: Portal, call: Call, kind: ObjectType, name: str, wish: dict[str, Any]) -> Sql:
    to = portal.type_of(name)
    operator = wish.get("operator")
    wanted = [wish.get("value")] if operator == "EQ" else wish.get("values")
    if to is None or operator not in ("EQ", "IN") or not isinstance(wanted, list):
        raise errors.validation(call, f"associations.{name} takes EQ or IN with ids")
    marks, wanted = ", ".join("?" * len(wanted)), [str(one) for one in wanted]
    return (
        "id in (select from_id from associations where from_type = ? and to_type = ? "
        f"and to_id in ({marks}))",
        [kind.plural, to.plural, *wanted],
    )


def _is_text(portal: Portal, kind: ObjectType, name: str) -> bool:
    return bool(portal.properties[kind.plural][name]["type"] == "string")


def _path(name: str) -> str:
    return f'$."{name}"'


def _expression(portal: Portal, kind: ObjectType, name: str) -> Sql:
    column = column_of(kind, name)
    if column is not None and name in portal.properties[kind.plural]:
        return column, []
    if portal.properties[kind.plural][name]["type"] == "number":
        return "cast(json_extract(props, ?) as real)", [_path(name)]
    if _is_text(portal, kind, name):
        return "lower(json_extract(props, ?))", [_path(name)]
    return "json_extract(props, ?)", [_path(name)]


def _value(portal: Portal, call: Call, kind: ObjectType, name: str, value: Any) -> Any:
    if value is None:
        raise errors.validation(call, "A filter with this operator requires a value")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    definition = portal.properties[kind.plural][name]
    try:
        if definition["type"] == "number":
            return float(text)
        if definition["type"] == "datetime":
            instant = int(text) if text.lstrip("-").isdecimal() else times.parse(text)
            moment = times.iso(instant)
            return instant if column_of(kind, name) else moment
    except (ValueError, OverflowError):
        raise errors.validation(call, f"{text} is not a valid {definition['type']} for {name}") from None
    return text.lower() if definition["type"] == "string" else text


def _order(portal: Portal, call: Call, kind: ObjectType, body: dict[str, Any]) -> Sql:
    sorts = body.get("sorts") or []
    if not sorts:
        return "id", []
    first = sorts[0] if isinstance(sorts, list) else None
    if isinstance(first, str):
        first = {"propertyName": first}
    if not isinstance(first, dict):
        raise errors.validation(call, "sorts must be a list of properties and directions")
    name = str(first.get("propertyName", "")).lstrip("-")
    if name not in portal.properties[kind.plural]:
        raise errors.validation(
            call, f'There was a problem with the request: property "{name}" does not exist'
        )
    expression, bound = _expression(portal, kind, name)
    descending = first.get("direction") == "DESCENDING" or str(first.get("propertyName")).startswith("-")
    return f"{expression} {'desc' if descending else 'asc'}, id", bound
