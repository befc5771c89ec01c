"""What an account is set up with: where files go, and whose addresses and domains may be sent from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import Call, answer
from sandbox.marketing_cloud import account, documents, errors, rows
from sandbox.marketing_cloud.event_definitions import page_of

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

LOCATION, DOMAIN = "file location", "domain"


def routes(mc: MarketingCloud) -> list[Route]:
    one, domains = "/data/v1/filetransferlocation/{key}", "/messaging/v1/domainverification"
    return [
        *mc.route("GET", domains, lambda call: _domains(mc, call)),
        *mc.route("POST", domains, lambda call: _add_domain(mc, call)),
        *mc.route("GET", "/data/v1/filetransferlocations", lambda call: _locations(mc, call)),
        *mc.route("POST", "/data/v1/filetransferlocation", lambda call: _save_location(mc, call)),
        *mc.route("GET", one, lambda call: _location(mc, call)),
        *mc.route("PATCH", one, lambda call: _save_location(mc, call)),
        *mc.route("DELETE", one, lambda call: _drop_location(mc, call)),
        *mc.route("POST", domains + "/update", lambda call: _domains_changed(mc, call, gone=False)),
        *mc.route("POST", domains + "/delete", lambda call: _domains_changed(mc, call, gone=True)),
    ]


def _told(call: Call, **more: Any) -> Response:
    return answer({**more, "requestId": call.request_id, "resultMessages": []})


def _locations(mc: MarketingCloud, call: Call) -> Response:
    page, size = page_of(call, 50)
    every = [each.body for each in documents.every(mc.store, LOCATION)]
    items = every[(page - 1) * size : page * size]
    return _told(call, page=page, pageSize=size, count=len(every), items=items)


def _location(mc: MarketingCloud, call: Call) -> Response:
    """A location; of one that the vendor brings itself, or that nobody made, nothing is told, with a 200."""
    found = documents.find(mc.store, LOCATION, unquote(call.params["key"]))
    return _told(call, **({"fileTransferLocation": found.body} if found else {}))


def _save_location(mc: MarketingCloud, call: Call) -> Response:
    given = rows.body_of(call)
    key = unquote(call.params.get("key", "")) or (given.get("customerKey") if isinstance(given, dict) else "")
    if not isinstance(given, dict) or not key:
        raise errors.invalid("A file location has a customerKey")
    if "key" in call.params and documents.find(mc.store, LOCATION, key) is None:
        raise errors.not_found()
    made = documents.put(mc.store, LOCATION, str(key), {"customerKey": key, **given}, call.now)
    operation = "update" if "key" in call.params else "create"
    call.change("FileTransferLocation", str(key), operation, "name", None, str(made.body.get("name", "")))
    return _told(call, fileTransferLocation=made.body)


def _drop_location(mc: MarketingCloud, call: Call) -> Response:
    key = unquote(call.params["key"])
    if not documents.drop(mc.store, LOCATION, key):
        raise errors.not_found()
    call.change("FileTransferLocation", key, "delete", "name", key, None)
    return _told(call)


def _domains(mc: MarketingCloud, call: Call) -> Response:
    page, size = page_of(call, 500)
    every = documents.every(mc.store, DOMAIN)
    items = [
        {
            "enterpriseId": int(mc.store.get_meta("enterprise_id")), "domain": each.key,
            "status": "Verified", "domainType": "UserDomain" if "@" in each.key else "SAP",
            "isSendable": True, "memberId": mc.member_id, "emailSendTime": account.shown(each.created),
        } | each.body
        for each in every[(page - 1) * size : page * size]
    ]  # fmt: skip
    return answer({"page": page, "pageSize": size, "count": len(every), "items": items})


def _add_domain(mc: MarketingCloud, call: Call) -> Response:
    given = rows.body_of(call)
    domain = given.get("domain") if isinstance(given, dict) else None
    if not isinstance(domain, str) or not domain:
        raise errors.invalid("domain is required")
    kept = {name: given[name] for name in ("status", "domainType", "isSendable") if name in given}
    documents.put(mc.store, DOMAIN, domain, kept, call.now)
    call.change("Domain", domain, "create", "status", None, "Verified")
    return Response(f"{domain} successfully added.", 201)


def _domains_changed(mc: MarketingCloud, call: Call, *, gone: bool) -> Response:
    given, done = rows.body_of(call), 0
    for each in given if isinstance(given, list) else ():
        low = {str(k).lower(): v for k, v in each.items()} if isinstance(each, dict) else {}
        domain = str(low.get("emailaddress") or low.get("domain") or "")
        if documents.find(mc.store, DOMAIN, domain) is None:
            continue
        done += 1
        if gone:
            documents.drop(mc.store, DOMAIN, domain)
            call.change("Domain", domain, "delete", "domain", domain, None)
        else:
            sendable = bool(low.get("issendable", True))
            documents.put(mc.store, DOMAIN, domain, {"isSendable": sendable}, call.now)
            call.change("Domain", domain, "update", "isSendable", None, str(sendable))
    return Response(f"{done} records successfully updated!", 200)
