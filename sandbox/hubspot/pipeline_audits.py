"""What was changed of pipelines and stages, and when: the audits of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer
from sandbox.hubspot import requests

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

TABLE = """
create table if not exists pipeline_audits (
    object text not null, identifier text not null, at integer not null, action text not null,
    message text not null, raw blob not null);
"""
_USER = 1


def routes(hubspot: HubSpot) -> list[Route]:
    hubspot.store.script(TABLE)
    area, one = "/crm/pipelines", "/{type}/{pipeline}"
    give = hubspot.versioned
    return [
        *give("GET", area, f"{one}/audit", lambda call: _audits(hubspot, call, "pipeline")),
        *give("GET", area, f"{one}/stages/{{stage}}/audit", lambda call: _audits(hubspot, call, "stage")),
    ]


def note(
    hubspot: HubSpot, call: Call, plural: str, identifier: str, action: str, raw: dict[str, Any]
) -> None:
    """Remember that a pipeline or stage was made (CREATE), changed (UPDATE) or deleted (DELETE)."""
    message = f"{action.capitalize()}d {raw.get('label') or identifier}"
    hubspot.store.db.execute(
        "insert into pipeline_audits values (?, ?, ?, ?, ?, ?)",
        (plural, identifier, call.now, action, message, orjson.dumps(raw)),
    )


def _audits(hubspot: HubSpot, call: Call, what: str) -> Response:
    """Newest first; what was there before anybody changed it has none."""
    plural = requests.kind_of(hubspot.portal, call).plural
    rows = hubspot.store.rows(
        "select at, action, message, raw from pipeline_audits where object = ? and identifier = ? "
        "order by at desc, rowid desc",
        (plural, call.params[what]),
    )
    results = [
        {
            "portalId": hubspot.portal.id, "identifier": call.params[what], "action": action,
            "timestamp": times.iso(at), "message": message, "rawObject": orjson.loads(raw),
            "fromUserId": _USER,
        }
        for at, action, message, raw in rows
    ]  # fmt: skip
    return answer({"results": results})
