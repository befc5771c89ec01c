"""List views: which an object has, what they ask, and what they show.

The org has the views that every org begins with (`schema_views`); views that are deployed are not kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.salesforce import errors, ids, query, recent, sobjects
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.schema_views import COLUMNS, VIEWS

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
MOST, USUAL = 2_000, 25
_ALWAYS = ("Id", "CreatedDate", "LastModifiedDate", "SystemModstamp")


@dataclass(frozen=True)
class View:
    """A list view of an object."""

    id: str
    label: str
    developer_name: str
    sobject: SObject

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS.get(self.sobject.name, (recent.name_field(self.sobject),))

    @property
    def filtered(self) -> tuple[str, bool]:
        """Its filter, and whether it is of the user's own."""
        named = ((n.removesuffix("{}"), f, m) for n, _, f, m in VIEWS)
        return next((f, m) for n, f, m in named if self.developer_name.startswith(n))

    @property
    def order(self) -> str:
        return "LastViewedDate" if "Viewed" in self.developer_name else self.columns[0]

    @property
    def soql(self) -> str:
        where, mine = self.filtered
        named = ", ".join(dict.fromkeys((*self.columns, *_ALWAYS)))
        way = "DESC NULLS LAST" if self.order == "LastViewedDate" else "ASC NULLS FIRST"
        return (
            f"SELECT {named} FROM {self.sobject.name}{' USING SCOPE mine' if mine else ''}"
            f"{f' WHERE {where}' if where else ''} ORDER BY {self.order} {way}, Id ASC NULLS FIRST"
        )


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/sobjects/{object}/listviews"
    one = base + "/{id}"
    return [
        *sf.route("GET", base, lambda call: _list(sf, call, only_recent=False)),
        *sf.route("GET", base + "/recent", lambda call: _list(sf, call, only_recent=True)),
        *sf.route("GET", one, lambda call: answer(_told(call, _asked(sf, call)), charset="UTF-8")),
        *sf.route("GET", one + "/describe", lambda call: _describe(sf, call)),
        *sf.route("GET", one + "/results", lambda call: _results(sf, call)),
    ]


def find(sf: Salesforce, view_id: str) -> View | None:
    """A view by its id."""
    row = sf.store.row("select Id, Name, DeveloperName, SobjectType from ListView where Id = ?",
                       (ids.normal(view_id) or "",))  # fmt: skip
    sobject = sf.org.object(row[3]) if row else None
    return View(row[0], row[1], row[2], sobject) if row and sobject else None


def _asked(sf: Salesforce, call: Call) -> View:
    sobject, view = sobjects.object_of(sf, call), find(sf, call.params["id"])
    if view is None or view.sobject.name != sobject.name:
        raise errors.not_found()
    return view


def _told(call: Call, view: View) -> Json:
    path = f"/services/data/{call.params['version']}/sobjects/{view.sobject.name}/listviews/{view.id}"
    return {
        "describeUrl": f"{path}/describe", "developerName": view.developer_name, "id": view.id,
        "label": view.label, "resultsUrl": f"{path}/results", "soqlCompatible": True, "url": path,
    }  # fmt: skip


def _list(sf: Salesforce, call: Call, *, only_recent: bool) -> Response:
    sobject = sobjects.object_of(sf, call)
    found = sf.store.rows(
        "select Id, Name, DeveloperName from ListView where SobjectType = ? "
        + (
            "and LastViewedDate is not null order by LastViewedDate desc"
            if only_recent
            else "order by Name, Id"
        ),
        (sobject.name,),
    )
    views = [_told(call, View(own, label, name, sobject)) for own, label, name in found]
    return answer(
        {"done": True, "listviews": views, "nextRecordsUrl": None, "size": len(views),
         "sobjectType": sobject.name}, charset="UTF-8",
    )  # fmt: skip


def _columns(sf: Salesforce, view: View) -> list[Json]:
    found = []
    for path in dict.fromkeys((*view.columns, *_ALWAYS)):
        sobject, own = view.sobject, path
        if "." in path:
            relation, _, own = path.partition(".")
            reference = sobject.reference(relation)
            target = reference.targets[-1] if reference is not None else ""
            sobject = sf.org.whole.get(target, sobject)
        field = sobject.field(own)
        is_first = path == view.order
        found.append({
            "ascendingLabel": "Z-A", "descendingLabel": "A-Z", "fieldNameOrPath": path,
            "hidden": path not in view.columns, "label": field.label if field else own,
            "searchable": bool(field and field.type in ("string", "email", "phone")), "selectListItem": path,
            "sortDirection": "ascending" if is_first else None, "sortIndex": 0 if is_first else None,
            "sortable": True, "type": field.type if field else "string",
        })  # fmt: skip
    return found


def _describe(sf: Salesforce, call: Call) -> Response:
    view = _asked(sf, call)
    where, mine = view.filtered
    field, _, rest = where.partition(" ")
    operator, _, value = rest.partition(" ")
    names = {"=": "equals", "!=": "notEquals"}
    condition = {"field": field, "operator": names.get(operator), "values": [value]} if where else {}
    order = [
        {
            "fieldNameOrPath": name,
            "nullsPosition": "last" if down else "first",
            "sortDirection": "descending" if down else "ascending",
        }
        for name, down in ((view.order, view.order == "LastViewedDate"), ("Id", False))
    ]
    return answer(
        {
            "columns": _columns(sf, view), "id": view.id, "orderBy": order, "query": view.soql,
            "relatedEntityId": None, "scope": "mine" if mine else "everything", "scopeEntityId": None,
            "sobjectType": view.sobject.name, "whereCondition": condition,
        },
        charset="UTF-8",
    )  # fmt: skip


def _number(call: Call, name: str, usual: int, most: int) -> int:
    given = call.query.get(name, str(usual))
    if not given.isdecimal() or len(given) > 9 or not int(given) <= most:
        raise errors.error(400, "INVALID_QUERY_FILTER_OPERATOR", f"{name} is out of range: {given[:40]}")
    return int(given)


def _results(sf: Salesforce, call: Call) -> Response:
    view = _asked(sf, call)
    most, first = _number(call, "limit", USUAL, MOST), _number(call, "offset", 0, MOST)
    asked = replace(call, headers={})  # all of them are in this answer, however a query is cut into pages
    page = query.answered(sf, asked, f"{view.soql} LIMIT {most} OFFSET {first}", deleted=False)
    paths = list(dict.fromkeys((*view.columns, *_ALWAYS)))
    records = [
        {"columns": [{"fieldNameOrPath": path, "value": _value(row, path)} for path in paths]}
        for row in orjson.loads(bytes(page.body))["records"]
    ]
    recent.seen(sf, call, sf.org.whole["ListView"], [view.id], "reference")
    sf.store.db.execute("update ListView set LastViewedDate = ? where Id = ?", (times.iso(call.now), view.id))
    return answer(
        {
            "columns": _columns(sf, view), "developerName": view.developer_name, "done": len(records) < most,
            "id": view.id, "label": view.label, "records": records, "size": len(records),
        },
        charset="UTF-8",
    )  # fmt: skip


def _value(row: Json, path: str) -> str | None:
    """A value as text, an instant as people of another age read it."""
    found: Any = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return str(found).lower()
    if path in _ALWAYS[1:] and found:
        at = datetime.fromtimestamp(times.parse(found) / 1000, UTC)
        return at.strftime("%a %b %d %H:%M:%S GMT %Y")
    return None if found is None else str(found)
