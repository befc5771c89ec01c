"""Page layouts as a describe tells them: `describe/layouts`, of one record type, named ones, the global one.

A layout that was deployed is told section by section. An object without one has a layout put together of its
fields, as a new object has in Salesforce. Belongs here: what people would see. Compact layouts and list views
are `people_pages`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.salesforce import describe, errors, record_types, sobjects
from sandbox.salesforce.fields import Field, SObject

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_NO_RECORD_TYPE = "012000000000000AAA"
_COLUMNS = 2
_SYSTEM = (
    "CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate", "SystemModstamp", "IsDeleted", "Id",
)  # fmt: skip
_BUTTONS = ("Edit", "Delete", "Clone")


def routes(sf: Salesforce) -> list[Route]:
    base = "/services/data/{version}/sobjects"
    one = base + "/{object}/describe"
    return [
        *sf.route("GET", base + "/Global/describe/layouts", _global),
        *sf.route("GET", one + "/layouts", lambda call: _layouts(sf, call)),
        *sf.route("GET", one + "/layouts/{record_type}", lambda call: _of_record_type(sf, call)),
        *sf.route("GET", one + "/namedLayouts/{name}", _named),
    ]


def _global(call: Call) -> Response:
    """Nobody publishes to the whole org here."""
    told = {"layouts": [], "recordTypeMappings": [], "recordTypeSelectorRequired": [False]}
    return answer(told, charset="UTF-8")


def _named(call: Call) -> Response:
    raise errors.not_found(f"Named layout not found: {call.params['name']}")


def _layouts(sf: Salesforce, call: Call) -> Response:
    sobject = _of(sf, call)
    known = sf.org.record_types.get(sobject.name, [])
    layout = layout_of(sf, sobject)
    path = f"/services/data/{call.params['version']}/sobjects/{sobject.name}"
    shared = {"layoutId": layout["id"], "picklistsForRecordType": None}
    mappings = [info | shared for info in record_types.infos(known, path)]
    if any(each.active for each in known):
        # With record types the layouts are asked for by record type.
        told: Json = {"layouts": None, "recordTypeMappings": mappings, "recordTypeSelectorRequired": [True]}
    else:
        told = {"layouts": [layout], "recordTypeMappings": mappings, "recordTypeSelectorRequired": [False]}
    return answer(told, charset="UTF-8")


def _of_record_type(sf: Salesforce, call: Call) -> Response:
    sobject, wanted = _of(sf, call), call.params["record_type"][:15]
    known = [each.id[:15] for each in sf.org.record_types.get(sobject.name, [])]
    if wanted not in (*known, _NO_RECORD_TYPE[:15]):
        raise errors.not_found()
    return answer(layout_of(sf, sobject), charset="UTF-8")


def _of(sf: Salesforce, call: Call) -> SObject:
    """The object, if people have pages of it."""
    sobject = sobjects.object_of(sf, call)
    if sobject.read_only:
        raise errors.not_found()
    return sobject


def layout_of(sf: Salesforce, sobject: SObject) -> Json:
    """The object's one page layout."""
    names = sf.metadata.names("Layout")
    name = next((n for n in names if n.startswith(f"{sobject.name}-")), None)
    content = (sf.metadata.get("Layout", name) or {}) if name else {}
    number = sf.store.value("select id from metadata where type = 'Layout' and name = ?", (name,))
    own = f"00h{(number or '000' + sobject.prefix.rjust(12, '0'))[3:15]}AAA"
    return {
        "buttonLayoutSection": {"detailButtons": [_button(each) for each in _BUTTONS]},
        "detailLayoutSections": _sections(sobject, content, own, is_edit=False),
        "editLayoutSections": _sections(sobject, content, own, is_edit=True),
        "feedView": None, "highlightsPanelLayoutSection": None, "id": own, "multirowEditLayoutSections": [],
        "offlineLinks": [], "quickActionList": {"quickActionListItems": []}, "relatedContent": None,
        "relatedLists": [], "saveOptions": [],
    }  # fmt: skip


def _button(name: str) -> Json:
    return {
        "behavior": None, "colors": [], "content": None, "contentSource": None, "custom": False,
        "encoding": None, "height": None, "icons": [], "label": name, "menubar": False, "name": name,
        "overridden": False, "resizeable": False, "scrollbars": False, "showsLocation": False,
        "showsStatus": False, "toolbar": False, "url": None, "width": None, "windowPosition": None,
    }  # fmt: skip


def _sections(sobject: SObject, content: Json, own: str, *, is_edit: bool) -> list[Json]:
    """Those of the deployed layout, or one with the object's own fields and one with the system's."""
    deployed = content.get("layoutSections") or []
    if deployed:
        found = [(str(each.get("label") or ""), _columns(sobject, each)) for each in deployed]
    else:
        fields = sobject.fields.values()
        mine = [f for f in fields if f.name not in _SYSTEM and not f.server_made and f.type != "address"]
        found = [(f"{sobject.label} Information", [mine[0::2], mine[1::2]])]
        if not is_edit:
            people = [f for f in fields if f.name in ("CreatedById", "LastModifiedById")]
            found.append(("System Information", [[f] for f in people]))
    return [
        _section(sobject, heading, columns, f"{own[:12]}{number:03d}AAA", own, is_edit=is_edit)
        for number, (heading, columns) in enumerate(found)
        if any(columns)
    ]


def _columns(sobject: SObject, section: Json) -> list[list[Field]]:
    found = []
    for column in section.get("layoutColumns") or []:
        items = column.get("layoutItems") or [] if isinstance(column, dict) else []
        fields = [sobject.field(str(item.get("field"))) for item in items]
        found.append([field for field in fields if field is not None])
    return found


def _section(
    sobject: SObject, heading: str, columns: list[list[Field]], section: str, layout: str, *, is_edit: bool
) -> Json:
    count = max(len(column) for column in columns)
    rows = []
    for number in range(count):
        items = [_item(sobject, c[number] if number < len(c) else None, is_edit=is_edit) for c in columns]
        rows.append({"layoutItems": items, "numItems": len(items)})
    return {
        "collapsed": False, "columns": min(_COLUMNS, len(columns)), "heading": heading, "layoutRows": rows,
        "layoutSectionId": section, "parentLayoutId": layout, "rows": count, "tabOrder": "LeftToRight",
        "useCollapsibleSection": False, "useHeading": not is_edit or bool(heading),
    }  # fmt: skip


def _item(sobject: SObject, field: Field | None, *, is_edit: bool) -> Json:
    """A place in a row, empty where its column has come to its end."""
    if field is None:
        return {
            "editableForNew": False, "editableForUpdate": False, "label": "", "layoutComponents": [],
            "placeholder": True, "required": False,
        }  # fmt: skip
    writable = not field.server_made
    component = {
        "details": describe.field_of(sobject, field), "displayLines": 1, "tabOrder": 1, "type": "Field",
        "value": field.name,
    }  # fmt: skip
    return {
        "editableForNew": writable, "editableForUpdate": writable and not field.insert_only,
        "label": field.label, "layoutComponents": [component], "placeholder": False,
        "required": is_edit and field.required,
    }  # fmt: skip
