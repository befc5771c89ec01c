"""A vendor's page for people, `/`: what is in it, the last requests, a record with its history,
faults, a tick.

What the vendor has is asked of the vendor (`contents`, `record_of`); this lays it out and takes the forms.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox import fault_specs, times
from sandbox.call import answer
from sandbox.pages import render

if TYPE_CHECKING:
    from sandbox.vendor import Vendor

LAST, SHOWN_WRITES, MOST_DAYS, NEWEST = 30, 200, 366, 12


def routes(vendor: Vendor) -> list[Route]:
    async def page(request: Request) -> Response:
        return HTMLResponse(_page(vendor, dict(request.query_params)))

    async def switch(request: Request) -> Response:
        form = _form(await request.body())
        try:
            if form.get("off"):
                vendor.faults.replace([])
            else:
                vendor.faults.add(fault_specs.parse(_spec(form), vendor.kinds))
        except fault_specs.NoFault as problem:
            return HTMLResponse(_page(vendor, {}, str(problem)), 400)
        return RedirectResponse("/", 303)

    async def tick(request: Request) -> Response:
        body = await request.body()
        as_form = "form" in request.headers.get("content-type", "")
        days = _days(_form(body).get("days", "1") if as_form else body)
        if days is None:
            return answer({"error": f"days must be 1 to {MOST_DAYS}"}, 400)
        done = await _ticked(vendor, days)
        if as_form and "error" in done:
            return HTMLResponse(_page(vendor, {}, done["error"].removeprefix("sandbox: ")), 409)
        if as_form:
            vendor.lived = _told(done)
            return RedirectResponse("/", 303)
        return answer(done, 500 if "error" in done else 200)

    return [
        Route("/", page, methods=["GET"]),
        Route("/_sandbox/switch", switch, methods=["POST"]),
        Route("/_sandbox/tick", tick, methods=["POST"]),
    ]


def _form(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _spec(form: dict[str, str]) -> dict[str, Any]:
    spec: dict[str, Any] = {"kind": form.get("kind", ""), "match": form.get("match") or "."}
    return spec | ({"times": form["times"]} if form.get("times") else {})


def _days(given: str | bytes) -> int | None:
    try:
        found = orjson.loads(given or b"1")
        days = int(found["days"] if isinstance(found, dict) else found)
    except (ValueError, TypeError, KeyError):
        return None
    return days if 1 <= days <= MOST_DAYS else None


async def _ticked(vendor: Vendor, days: int) -> dict[str, Any]:
    """Let a process of its own live the days, and give what it tells."""
    command = [sys.executable, "-m", "sandbox", "tick", "--home", str(vendor.store.path.parent)]
    child = await asyncio.create_subprocess_exec(
        *command, "--days", str(days), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await child.communicate()
    if child.returncode:
        lines = err.decode("utf-8", "replace").strip().splitlines()
        return {"error": lines[-1] if lines else "the tick failed"}
    found: dict[str, Any] = orjson.loads(out.strip().splitlines()[-1])
    return found


def _told(done: dict[str, Any]) -> str:
    """What the days brought, in a line."""
    brought = ", ".join(f"{count:,} {what}" for what, count in sorted(done["happened"].items()))
    return f"Days that passed: {done['days']}. What they brought: {brought or 'nothing'}."


def _places(vendor: Vendor) -> list[tuple[str, str]]:
    """Names and addresses of the other pages of this sandbox."""
    try:
        ready = orjson.loads((vendor.store.path.parent / "ready.json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return []
    names = {"hubspot": "HubSpot", "salesforce": "Salesforce", "marketing_cloud": "Marketing Cloud",
             "webhooks": "Slack, mail and webhooks"}  # fmt: skip
    return [(title, ready[name]["url"]) for name, title in names.items()
            if name in ready and name != vendor.name]  # fmt: skip


def _page(vendor: Vendor, query: dict[str, str], problem: str = "") -> str:
    columns = ("seq", "at", "method", "path", "query", "status", "ms", "client", "effect", "changes")
    rows = vendor.store.rows(f"select {', '.join(columns)} from requests order by seq desc limit ?", (LAST,))
    requests = [dict(zip(columns, row, strict=True)) for row in rows]
    return render(
        "vendor.html", vendor=vendor.title, now=vendor.clock.now(), problem=problem,
        contents=vendor.contents(), requests=requests, faults=vendor.faults.shown(), kinds=list(vendor.kinds),
        record=_record(vendor, query), query=query, places=_places(vendor),
        lived=vendor.lived, newest=_newest(vendor, query), changed=_changed(vendor),
    )  # fmt: skip


def _newest(vendor: Vendor, query: dict[str, str]) -> list[str]:
    """Ids of the newest records of the kind that was chosen: nobody knows ids by heart."""
    table = dict(vendor.tables()).get(query.get("object", ""))
    if table is None or query.get("id", "").strip():
        return []
    try:
        rows = vendor.store.rows(f"select id from {table} order by rowid desc limit ?", (NEWEST,))
    except sqlite3.OperationalError:  # what is kept without an id
        return []
    return [str(own) for (own,) in rows]


def _changed(vendor: Vendor) -> list[tuple[str, str]]:
    """Records that were written last, each once."""
    rows = vendor.store.rows(
        "select object, record_id from (select object, record_id, seq from writes where operation <> 'noop' "
        "order by seq desc limit 500) group by object, record_id order by max(seq) desc limit ?",
        (NEWEST,),
    )
    kinds = {name for name, _ in vendor.tables()}
    return [(name, own) for name, own in rows if name in kinds]


def _record(vendor: Vendor, query: dict[str, str]) -> dict[str, Any] | None:
    """The record asked for, and what was written to it here."""
    kind, own = query.get("object", ""), query.get("id", "").strip()
    if not kind or not own:
        return None
    found = vendor.record_of(kind, own)
    if found is None:
        return {"missing": f"There is no {kind} {own}."}
    columns = ("at", "operation", "field", "before", "after", "request_id")
    rows = vendor.store.rows(
        f"select {', '.join(columns)} from writes where object = ? and record_id = ? and operation <> 'noop' "
        "order by seq desc limit ?",
        (found["object"], found["id"], SHOWN_WRITES),
    )
    writes = [dict(zip(columns, row, strict=True)) for row in rows]
    for each in writes:
        each["at"] = times.iso(each["at"])
    return found | {"writes": writes}
