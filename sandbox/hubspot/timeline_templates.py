"""Templates of an app's timeline events, with their tokens. The events themselves are `timeline`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import errors, numbers, oauth, pages, requests
from sandbox.hubspot.catalog import ObjectType

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLE = "create table if not exists timeline_templates (id integer primary key, shown blob not null)"
Json = dict[str, Any]
KINDS = ("contacts", "companies", "deals", "tickets")
MOST_TEMPLATES, MOST_TOKENS = 750, 500
_TOKEN_TYPES = ("string", "number", "enumeration", "date")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,50}")
AREAS = ("/crm/{version}/timeline", "/integrators/timeline/{version}")


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLE)
    found: list[Route] = []
    give = hubspot.route
    for root in AREAS:
        area = root + "/{app}/event-templates"
        one = area + "/{template}"
        found += give("GET", area, lambda call: _templates(hubspot, call))
        found += give("POST", area, lambda call: _make(hubspot, call))
        found += give("GET", one, lambda call: answer(_template(hubspot, call)))
        found += give("PUT", one, lambda call: _change(hubspot, call))
        found += give("DELETE", one, lambda call: _delete(hubspot, call))
        found += give("POST", one + "/tokens", lambda call: _add_token(hubspot, call))
        found += give("PUT", one + "/tokens/{token}", lambda call: _change_token(hubspot, call))
        found += give("DELETE", one + "/tokens/{token}", lambda call: _drop_token(hubspot, call))
    return found


def _app(call: Call) -> None:
    if call.params.get("app", str(oauth.APP_ID)) != str(oauth.APP_ID):
        raise errors.not_found(call)


def by_id(hubspot: HubSpot, said: Any) -> Json | None:
    row = hubspot.store.row("select shown from timeline_templates where id = ?", (requests.whole_id(said),))
    return None if row is None else orjson.loads(row[0])


def _template(hubspot: HubSpot, call: Call) -> Json:
    _app(call)
    found = by_id(hubspot, call.params["template"])
    if found is None:
        raise errors.not_found(call)
    return found


def _templates(hubspot: HubSpot, call: Call) -> Response:
    _app(call)
    rows = hubspot.store.rows("select shown from timeline_templates order by id")
    return answer({"results": pages.shown(rows)})


def _token(hubspot: HubSpot, call: Call, wish: Json, kind: ObjectType) -> Json:
    name, sort, mapped = str(wish.get("name") or ""), wish.get("type"), wish.get("objectPropertyName")
    if not _TOKEN.fullmatch(name) or sort not in _TOKEN_TYPES or not isinstance(wish.get("label"), str):
        raise errors.validation(call, f"A token needs name, label and a type of {', '.join(_TOKEN_TYPES)}")
    options = [
        {each: str(option.get(each) or "") for each in ("value", "label")}
        for option in requests.objects_in(call, wish, "options")
    ]
    if sort == "enumeration" and not options:
        raise errors.validation(call, f"The enumeration token {name} needs options")
    if mapped is not None and mapped not in hubspot.portal.shown[kind.plural]:
        raise errors.validation(call, f"{kind.plural} have no property {str(mapped)[:80]}")
    stamp = times.iso(call.now)
    return {
        "name": name, "label": wish["label"], "type": sort, "options": options, "createdAt": stamp,
        "updatedAt": stamp, **({"objectPropertyName": mapped} if mapped is not None else {}),
    }  # fmt: skip


def kind_of(hubspot: HubSpot, call: Call, said: Any) -> ObjectType:
    found = hubspot.portal.type_of(str(said or "").lower())
    if found is None or found.plural not in KINDS:
        raise errors.validation(call, f"objectType must be one of {', '.join(KINDS)}")
    return found


def _save(hubspot: HubSpot, call: Call, shown: Json, operation: str) -> Json:
    names = [each["name"] for each in shown["tokens"]]
    if len(set(names)) < len(names) or len(names) > MOST_TOKENS:
        raise errors.validation(call, f"A template has at most {MOST_TOKENS} tokens of different names")
    hubspot.store.db.execute(
        "insert or replace into timeline_templates values (?, ?)", (int(shown["id"]), orjson.dumps(shown))
    )
    call.change("timeline templates", shown["id"], operation, "name", None, shown["name"])
    return shown


def _texts(call: Call, body: Json) -> Json:
    """What a template says of an event."""
    wanted = {name: body.get(name) for name in ("name", "headerTemplate", "detailTemplate")}
    if not isinstance(wanted["name"], str) or not wanted["name"].strip():
        raise errors.validation(call, "Some required fields were not set: [name]")
    if not all(each is None or isinstance(each, str) for each in wanted.values()):
        raise errors.validation(call, "headerTemplate and detailTemplate must be texts")
    return wanted


def _make(hubspot: HubSpot, call: Call) -> Response:
    _app(call)
    body = requests.body_of(call)
    if int(hubspot.store.value("select count(*) from timeline_templates")) >= MOST_TEMPLATES:
        raise errors.validation(call, f"An app has at most {MOST_TEMPLATES} event templates")
    kind, stamp = kind_of(hubspot, call, body.get("objectType")), times.iso(call.now)
    tokens = [_token(hubspot, call, each, kind) for each in requests.objects_in(call, body, "tokens")]
    number = numbers.following(hubspot.store, "timeline_templates", first=1_000_000)
    shown = {"id": str(number), **_texts(call, body), "objectType": kind.plural, "tokens": tokens,
             "createdAt": stamp, "updatedAt": stamp}  # fmt: skip
    return answer(_save(hubspot, call, shown, "create"), 201)


def _change(hubspot: HubSpot, call: Call) -> Response:
    """Its texts and tokens anew; what it is shown on stays."""
    shown, body = _template(hubspot, call), requests.body_of(call)
    kind = kind_of(hubspot, call, shown["objectType"])
    tokens = [_token(hubspot, call, each, kind) for each in requests.objects_in(call, body, "tokens")]
    anew = {**_texts(call, body), "tokens": tokens, "updatedAt": times.iso(call.now)}
    return answer(_save(hubspot, call, shown | anew, "update"))


def _delete(hubspot: HubSpot, call: Call) -> Response:
    """The template and its events."""
    shown = _template(hubspot, call)
    number = int(shown["id"])
    hubspot.store.db.execute("delete from timeline_templates where id = ?", (number,))
    hubspot.store.db.execute("delete from timeline_events where template = ?", (number,))
    numbers.removed(hubspot.store, "timeline_templates", number)
    call.change("timeline templates", shown["id"], "delete", "name", shown["name"], None)
    return Response(status_code=204)


def _place_of(call: Call, shown: Json) -> int:
    for place, each in enumerate(shown["tokens"]):
        if each["name"] == call.params["token"]:
            return place
    raise errors.not_found(call)


def _add_token(hubspot: HubSpot, call: Call) -> Response:
    shown = _template(hubspot, call)
    kind = kind_of(hubspot, call, shown["objectType"])
    shown["tokens"].append(_token(hubspot, call, requests.body_of(call), kind))
    return answer(_save(hubspot, call, shown, "update")["tokens"][-1])


def _change_token(hubspot: HubSpot, call: Call) -> Response:
    """Its label, its property and its options."""
    shown = _template(hubspot, call)
    place, kind = _place_of(call, shown), kind_of(hubspot, call, shown["objectType"])
    before = shown["tokens"][place]
    fixed = {"name": before["name"], "type": before["type"]}
    anew = _token(hubspot, call, before | requests.body_of(call) | fixed, kind)
    shown["tokens"][place] = anew | {"createdAt": before["createdAt"]}
    return answer(_save(hubspot, call, shown, "update")["tokens"][place])


def _drop_token(hubspot: HubSpot, call: Call) -> Response:
    shown = _template(hubspot, call)
    del shown["tokens"][_place_of(call, shown)]
    _save(hubspot, call, shown, "update")
    return Response(status_code=204)
