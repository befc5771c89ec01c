"""What clients ask before they query: how many records there are (`limits/recordCount`) and what a query
would cost (`query?explain=`).

Belongs here: the two answers. Queries that are run are `query`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import sobjects
from sandbox.salesforce.fields import SObject

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce


def routes(sf: Salesforce) -> list[Route]:
    path = "/services/data/{version}/limits/recordCount"
    return [*sf.route("GET", path, lambda call: _counts(sf, call))]


def count(sf: Salesforce, sobject: SObject) -> int:
    live = " where IsDeleted = 'false'" if "IsDeleted" in sobject.fields else ""
    return int(sf.store.value(f'select count(*) from "{sobject.name}"{live}'))


def _counts(sf: Salesforce, call: Call) -> Response:
    """Of the objects named, or of all that have records."""
    org, names = sobjects.org_of(sf, call), call.query_list("sObjects")
    wanted = [org.object(name) for name in names] if names else list(org.objects.values())
    found = [(each.name, count(sf, each)) for each in wanted if each is not None]
    told = [{"count": number, "name": name} for name, number in found if number or names]
    return answer({"sObjects": told}, charset="UTF-8")


def explained(sf: Salesforce, sobject: SObject, text: str) -> Response:
    """One plan for a query of an object: a scan of its table, with its size for what it would read."""
    size = count(sf, sobject)
    plan = {
        "cardinality": size, "fields": [], "leadingOperationType": "TableScan", "notes": [],
        "relativeCost": 1.0, "sobjectCardinality": size, "sobjectType": sobject.name,
    }  # fmt: skip
    return answer({"plans": [plan], "sourceQuery": text}, charset="UTF-8")
