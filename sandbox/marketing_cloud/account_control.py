"""`/_sandbox/account`: what happens at Marketing Cloud without an API call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.call import answer
from sandbox.marketing_cloud import tracking

if TYPE_CHECKING:
    from sandbox.marketing_cloud.app import MarketingCloud

Wish = dict[str, Any]
_EVENTS = {"open": "OpenEvent", "click": "ClickEvent", "unsubscribe": "UnsubEvent", "complain": "Complaint",
           "bounce": "BounceEvent"}  # fmt: skip


def routes(mc: MarketingCloud) -> list[Route]:
    async def account(request: Request) -> Response:
        try:
            wish = orjson.loads(await request.body())
            done = _DO[wish["do"]]
            with mc.store.transaction():
                return answer(done(mc, wish))
        except (KeyError, TypeError, ValueError) as problem:
            return answer({"error": f"send {{'do': one of {sorted(_DO)}}}: {problem!r}"}, 400)

    return [Route("/_sandbox/account", account, methods=["POST"])]


def _engage(mc: MarketingCloud, wish: Wish) -> Wish:
    """Somebody opens, clicks, complains, or leaves all lists or one `list`; `at` in milliseconds or now."""
    kind = _EVENTS[wish["do"]]
    at, left = int(wish.get("at", mc.clock.now())), wish.get("list")
    if left is not None and kind != "UnsubEvent":
        raise ValueError("a list is left by unsubscribe")
    left = None if left is None else int(left)
    return {"send": tracking.engage(mc.store, kind, str(wish["contact"]), at, wish.get("url"), left)}


def _expire_tokens(mc: MarketingCloud, wish: Wish) -> Wish:
    return {"ended": mc.store.db.execute("delete from tokens").rowcount}


def _expire_package(mc: MarketingCloud, wish: Wish) -> Wish:
    """The installed package runs out: no token is given and none counts."""
    mc.store.set_meta("package_expired", "1")
    return _expire_tokens(mc, wish)


def _take_scope(mc: MarketingCloud, wish: Wish) -> Wish:
    mc.store.set_meta("scopes_taken", " ".join(wish.get("scopes", [])))
    return {"scope": mc.scope()}


def _deactivate(mc: MarketingCloud, wish: Wish) -> Wish:
    changed = mc.store.db.execute("update contacts set active = 0 where key = ?", (str(wish["contact"]),))
    return {"changed": changed.rowcount}


def _goal(mc: MarketingCloud, wish: Wish) -> Wish:
    changed = mc.store.db.execute(
        "update entries set state = 'goal', ended = ? where contact = ? and journey_key = ?",
        (mc.clock.now(), str(wish["contact"]), str(wish["journey"])),
    )
    return {"changed": changed.rowcount}


def _synchronize(mc: MarketingCloud, wish: Wish) -> Wish:
    """Marketing Cloud Connect takes in the contact that a lead became: a contact more, and no subscriber
    until it is mailed."""
    key, at = str(wish["contact"]), mc.clock.now()
    made = mc.store.db.execute(
        "insert into contacts (key, active, created, attributes) values (?, 1, ?, ?)", (key, at, b"{}")
    )
    return {"made": made.rowcount}


def _delay(mc: MarketingCloud, wish: Wish) -> Wish:
    mc.async_ms = int(wish["milliseconds"])
    return {"async_ms": mc.async_ms}


def _entries(mc: MarketingCloud, wish: Wish) -> Wish:
    """Who is or was in a journey: the truth about entries."""
    columns = ("id", "contact", "journey_key", "version", "at", "state")
    found = mc.store.rows(
        f"select {', '.join(columns)} from entries where journey_key = ? order by at, id", (wish["journey"],)
    )
    return {"entries": [dict(zip(columns, row, strict=True)) for row in found]}


_DO: dict[str, Callable[[MarketingCloud, Wish], Wish]] = {
    **dict.fromkeys(_EVENTS, _engage),
    "expire_tokens": _expire_tokens,
    "expire_package": _expire_package,
    "take_scopes": _take_scope,
    "deactivate": _deactivate,
    "synchronize": _synchronize,
    "meet_goal": _goal,
    "delay_async": _delay,
    "entries": _entries,
}
