"""`/tooling/query`: Apex classes, triggers and custom fields as the Tooling API lists them.

Belongs here: the few queries that tools ask, `SELECT fields FROM type [WHERE field IN (...)]`, and nothing of
the rest of SOQL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import errors

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_QUERY = re.compile(
    r"\s*select\s+(?P<fields>[\w\s,]+?)\s+from\s+(?P<type>\w+)"
    r"(?:\s+where\s+(?P<field>\w+)\s*(?:=\s*(?P<one>'[^']*')|in\s*\((?P<many>[^)]*)\)))?\s*",
    re.I,
)


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/tooling"
    return [*sf.route("GET", base + "/query", lambda call: _query(sf, call))]


def _query(sf: Salesforce, call: Call) -> Response:
    said = _QUERY.fullmatch(call.query.get("q", ""))
    if said is None:
        raise errors.error(400, "MALFORMED_QUERY", "unexpected token in a Tooling query")
    rows = _rows(sf, said["type"])
    if rows is None:
        message = f"sObject type '{said['type']}' is not supported."
        raise errors.error(400, "INVALID_TYPE", message)
    names = [each.strip() for each in said["fields"].split(",")]
    if said["field"]:
        wanted = set(re.findall(r"'([^']*)'", said["one"] or said["many"] or ""))
        rows = [row for row in rows if str(row.get(said["field"])) in wanted]
    for name in names:
        if rows and name not in rows[0]:
            raise errors.error(400, "INVALID_FIELD", f"No such column '{name}' on entity '{said['type']}'.")
    base = f"/services/data/{call.params['version']}/tooling/sobjects/{said['type']}"
    records = [
        {"attributes": {"type": said["type"], "url": f"{base}/{row['Id']}"}, **{n: row[n] for n in names}}
        for row in rows
    ]
    found = {"size": len(records), "totalSize": len(records), "done": True, "queryLocator": None,
             "entityTypeName": said["type"], "records": records}  # fmt: skip
    return answer(found, charset="UTF-8")


def _rows(sf: Salesforce, kind: str) -> list[Json] | None:
    if kind in ("ApexClass", "ApexTrigger"):
        found = []
        for name in sf.metadata.names(kind):
            content = sf.metadata.get(kind, name) or {}
            own_id = sf.store.value("select id from metadata where type = ? and name = ?", (kind, name))
            version = float(content.get("apiVersion") or 0)
            found.append({"Id": own_id, "Name": name, "Body": content.get("Body"), "ApiVersion": version,
                          "Status": content.get("status")})  # fmt: skip
        return found
    if kind == "CustomField":
        return [
            {"Id": f"00N{number:012d}AAA", "DeveloperName": field.name.removesuffix("__c"),
             "TableEnumOrId": sobject.name, "FullName": f"{sobject.name}.{field.name}",
             "Length": field.length}
            for number, (sobject, field) in enumerate(
                (s, f) for s in sf.org.whole.values() for f in s.fields.values() if f.custom
            )
        ]  # fmt: skip
    return None
