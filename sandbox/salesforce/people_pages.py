"""What there is of people's pages: quick actions, layouts for approval and compact ones, tabs, themes; and of
their processes: workflow rules and approvals.

This org has none of its own of any, and that is what is answered: empty lists, and the compact layout that
every object has. Page layouts are `layouts`, list views `list_views`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import recent, sobjects
from sandbox.salesforce.fields import SObject

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_NOTHING: dict[str, Json] = {
    "/process/rules": {"rules": {}}, "/process/approvals": {"approvals": {}}, "/theme": {"themeItems": []},
}  # fmt: skip
_MASTER = "012000000000000AAA"


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}"
    one, give = base + "/sobjects/{object}", sf.route
    found = [
        route
        for path in ("/tabs", "/quickActions")
        for route in give("GET", base + path, lambda call: answer([], charset="UTF-8"))
    ]
    for path, nothing in _NOTHING.items():
        found += give("GET", base + path, partial(_none, nothing))
    found += give("GET", one + "/quickActions", lambda call: _answer(sf, call, lambda _: []))
    found += give(
        "GET", one + "/describe/approvalLayouts", lambda call: _answer(sf, call, lambda _: _approvals())
    )
    compact = one + "/describe/compactLayouts"
    found += give("GET", compact + "/primary", lambda call: _answer(sf, call, _layout))
    found += give("GET", base + "/compactLayouts", lambda call: _primaries(sf, call))
    return found + give("GET", compact, lambda call: _answer(sf, call, _compact))


def _none(told: Json, call: Call) -> Response:
    return answer(told, charset="UTF-8")


def _answer(sf: Salesforce, call: Call, told: Any) -> Response:
    return answer(told(sobjects.object_of(sf, call)), charset="UTF-8")


def _approvals() -> Json:
    return {"approvalLayouts": []}


def _primaries(sf: Salesforce, call: Call) -> Response:
    """The compact layouts of several objects at once."""
    org = sobjects.org_of(sf, call)
    found = [org.object(name) for name in call.query_list("q")]
    return answer({each.name: _layout(each) for each in found if each is not None}, charset="UTF-8")


def _layout(sobject: SObject) -> Json:
    """The one of the system, which shows what a record is called."""
    name = recent.name_field(sobject)
    field = sobject.fields[name]
    item = {
        "editableForNew": False, "editableForUpdate": False, "label": field.label, "placeholder": False,
        "required": False,
        "layoutComponents": [{"displayLines": 1, "tabOrder": 1, "type": "Field", "value": name}],
    }  # fmt: skip
    return {
        "actions": [], "fieldItems": [item], "id": None, "imageItems": [], "label": "System Default",
        "name": "SYSTEM", "objectType": sobject.name,
    }  # fmt: skip


def _compact(sobject: SObject) -> Json:
    mapping: Json = {
        "available": True, "compactLayoutId": None, "compactLayoutName": "SYSTEM", "recordTypeId": _MASTER,
        "recordTypeName": "Master", "urls": {},
    }  # fmt: skip
    return {
        "compactLayouts": [_layout(sobject)], "defaultCompactLayoutId": None,
        "recordTypeCompactLayoutMappings": [mapping], "urls": {},
    }  # fmt: skip
