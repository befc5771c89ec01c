"""Beside a search: records whose name begins so (`/search/suggestions`), columns of results, what is sought.

Simplified: what is suggested are records with a word that begins as asked, in the order of their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import errors, query, recent, sobjects
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.schema_views import COLUMNS
from sandbox.salesforce.sosl import DEFAULT

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

USUAL, MOST, SHORTEST = 5, 2_000, 2


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/search"
    return [
        *sf.route("GET", base + "/suggestions", lambda call: _suggested(sf, call)),
        *sf.route("GET", base + "/layout", lambda call: _layouts(sf, call)),
        *sf.route("GET", base + "/scopeOrder", _scopes),
    ]


def _named(sf: Salesforce, call: Call, name: str) -> list[SObject]:
    """The objects of a parameter, in its order."""
    org = sobjects.org_of(sf, call)
    found = []
    for each in call.query_list(name):
        sobject = org.object(each)
        if sobject is None:
            raise errors.error(400, "INVALID_TYPE", f"sObject type '{each[:80]}' is not supported.")
        found.append(sobject)
    return found


def _suggested(sf: Salesforce, call: Call) -> Response:
    words, kinds = call.query.get("q", "").strip(), _named(sf, call, "sobject")
    if len(words) < SHORTEST or not kinds:
        raise errors.error(400, "INVALID_SEARCH", "q must have two characters at least, and sobject a name")
    limit = call.query.get("limit", str(USUAL))
    most = min(int(limit), MOST) if limit.isdecimal() and len(limit) < 9 else USUAL
    found: list[dict[str, Any]] = []
    for sobject in kinds:
        named = recent.name_field(sobject)
        chosen = [field.name for field in sobjects.fields_of(sobject, call.query_list("fields"))]
        listed = ", ".join(dict.fromkeys(("Id", named, *chosen)))
        text = words.replace("\\", "\\\\").replace("'", "\\'").replace("%", "\\%").replace("_", "\\_")
        wanted = f"({named} LIKE '{text}%' OR {named} LIKE '% {text}%')"
        if call.query.get("where"):
            wanted += f" AND ({call.query['where']})"
        soql = f"SELECT {listed} FROM {sobject.name} WHERE {wanted} ORDER BY {named}, Id LIMIT {most + 1}"
        found += orjson.loads(bytes(query.answered(sf, call, soql, deleted=False).body))["records"]
    names = [{"entityApiName": s.name, "fieldApiName": recent.name_field(s)} for s in kinds]
    return answer(
        {"autoSuggestResults": found[:most], "hasMoreResults": len(found) > most,
         "meta": {"nameFields": names}}, charset="UTF-8",
    )  # fmt: skip


def _layouts(sf: Salesforce, call: Call) -> Response:
    found = []
    for sobject in _named(sf, call, "q"):
        paths = COLUMNS.get(sobject.name, (recent.name_field(sobject),))
        columns = [
            {"field": f"{sobject.name}.{p}", "format": None, "label": f.label, "name": p}
            for p in paths if (f := sobject.field(p)) is not None
        ]  # fmt: skip
        found.append({
            "errorMessages": None, "label": "Search Results", "limitRows": 25, "objectType": sobject.name,
            "searchColumns": columns,
        })  # fmt: skip
    return answer(found, charset="UTF-8")


def _scopes(call: Call) -> Response:
    base = f"/services/data/{call.params['version']}/sobjects"
    return answer([{"type": n, "url": f"{base}/{n}/describe"} for n in DEFAULT], charset="UTF-8")
