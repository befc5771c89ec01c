"""What only the sandbox can do to a portal: `/_sandbox/portal` (switches) and `/_sandbox/records` (deeds).

Belongs here: what at HubSpot happens in the user interface, in the background or as time passes. Deeds leave
no row in the write log, for no client did them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import answer
from sandbox.hubspot import write_rules
from sandbox.hubspot.records import SWITCHES, Record

if TYPE_CHECKING:
    from sandbox.hubspot.app import HubSpot

_SWITCHES = ("search_lag_ms", "count_properties", "hidden", "write_rules", *SWITCHES)
_MISTAKES = (ValueError, KeyError, TypeError, AttributeError)


def routes(hubspot: HubSpot) -> list[Route]:
    async def portal(request: Request) -> Response:
        if request.method == "POST":
            try:
                wish = orjson.loads(await request.body())
                unknown = sorted(set(wish) - set(_SWITCHES))
                if unknown:
                    raise ValueError(f"{unknown[0]} is none; there are {', '.join(_SWITCHES)}")
                hubspot.records.switch(wish)
                hubspot.seen.take(wish, hubspot.portal.type_of)
                if "write_rules" in wish:
                    hubspot.portal.write_rules = write_rules.keep(hubspot.store, wish["write_rules"])
            except _MISTAKES as problem:
                return answer({"error": f"not a portal's switches: {problem}"}, 400)
        return answer(
            hubspot.seen.shown() | hubspot.records.switches | {"write_rules": hubspot.portal.write_rules}
        )

    async def records(request: Request) -> Response:
        try:
            done = _deed(hubspot, orjson.loads(await request.body()))
        except _MISTAKES as problem:
            return answer({"error": f"send object, id and action (purge, restore, edit): {problem}"}, 400)
        return answer({"done": done})

    return [
        Route("/_sandbox/portal", portal, methods=["GET", "POST"]),
        Route("/_sandbox/records", records, methods=["POST"]),
    ]


def _deed(hubspot: HubSpot, wish: dict[str, Any]) -> bool:
    """Purge: gone without a trace. Restore: out of the recycle bin. Edit: values HubSpot calculates itself,
    which move no last-modified time."""
    kind = hubspot.portal.type_of(str(wish["object"]))
    if kind is None or wish["action"] not in ("purge", "restore", "edit"):
        raise ValueError(f"{wish['object']}, {wish['action']}")
    record = hubspot.records.stored(kind, int(wish["id"]))
    if record is None:
        return False
    with hubspot.store.transaction():
        if wish["action"] == "purge":
            hubspot.records.remove(record)
        elif wish["action"] == "restore":
            hubspot.records.restore(record)
        else:
            _edit(hubspot, record, wish["properties"])
    return True


def _edit(hubspot: HubSpot, record: Record, properties: dict[str, Any]) -> None:
    for name, value in properties.items():
        if value is None:
            record.props.pop(name, None)
        else:
            record.props[name] = str(value)
    hubspot.records.save(record)
