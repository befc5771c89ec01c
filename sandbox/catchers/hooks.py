"""A catcher of webhooks: any request below `/hooks/` is kept whole and answered 200, or as a fault says."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from sandbox import times
from sandbox.call import Call, answer

if TYPE_CHECKING:
    from sandbox.catchers.app import Catchers

METHODS = ("POST", "PUT", "PATCH", "GET", "DELETE", "OPTIONS")
TABLES = """
create table if not exists hooks (
    seq integer primary key, at integer not null, method text not null, path text not null,
    query text not null, headers text not null, body blob not null, request_id text not null)
"""


def routes(catchers: Catchers) -> list[Route]:
    catchers.store.script(TABLES)
    paths = ("/hooks", "/hooks/{name:path}")
    return [
        route
        for path in paths
        for method in METHODS
        for route in catchers.route(method, path, lambda call: _keep(catchers, call))
    ]


def _keep(catchers: Catchers, call: Call) -> Response:
    catchers.store.db.execute(
        "insert into hooks (at, method, path, query, headers, body, request_id) values (?, ?, ?, ?, ?, ?, ?)",
        (
            call.now, call.method, call.path, call.query_string, orjson.dumps(dict(call.headers)).decode(),
            call.body, call.request_id,
        ),
    )  # fmt: skip
    call.effect, call.records = "write", 1
    return answer({"received": True})


def shown(store: Any, query: dict[str, str]) -> list[dict[str, Any]]:
    """What was caught, oldest first: `after` a sequence number, `path`."""
    rows = store.rows(
        "select seq, at, method, path, query, headers, body, request_id from hooks "
        "where seq > ? and (? = '' or path = ?) order by seq",
        (query.get("after", "0"), query.get("path", ""), query.get("path", "")),
    )
    return [
        {
            "seq": r[0], "at": times.iso(r[1]), "method": r[2], "path": r[3], "query": r[4],
            "headers": orjson.loads(r[5]), "body": bytes(r[6]).decode("utf-8", "replace"),
            "json": _json(bytes(r[6])), "base64": _coded(bytes(r[6])), "request_id": r[7],
        }
        for r in rows
    ]  # fmt: skip


def _coded(body: bytes) -> str | None:
    """A body that is no text, so that it is not lost."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()
    return None


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
