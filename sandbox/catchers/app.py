"""The server of the catchers: Slack and webhooks over HTTP, mail over SMTP beside it, control and a page.

Control is `/_sandbox/slack`, `/_sandbox/mail` and `/_sandbox/hooks`: GET tells what arrived, DELETE forgets
it, POST changes how it is answered. Faults of the HTTP half are `/_sandbox/faults`, as everywhere.
"""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox import fault_specs
from sandbox.call import Call, answer
from sandbox.catchers import hooks, mail, slack, slack_answers
from sandbox.catchers.mail import Mail, Refusal
from sandbox.catchers.slack import Slack
from sandbox.clock import Clock
from sandbox.pages import render
from sandbox.store import Store
from sandbox.vendor import Vendor

QUIET = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    'img-src data:">'
)
"""Before a mail's HTML on the page: it loads nothing from anywhere."""
TABLES = {"slack": "slack_messages", "mail": "mails", "hooks": "hooks"}


class Catchers(Vendor):
    """Slack, mail and webhooks in one store."""

    name = "catchers"
    kinds = fault_specs.PLAIN

    def __init__(self, store: Store, clock: Clock, *, limited: bool = True) -> None:
        super().__init__(store, clock)
        self.home: Path = store.path.parent
        portal = Store(self.home / "hubspot.sqlite", read_only=True)
        token = portal.get_meta("token")
        portal.close()
        self.slack, self.mail = Slack(self, token, limited=limited), Mail(self, token)

    def admit(self, call: Call) -> None:
        """Anybody may enter: tokens are the business of Slack's methods."""

    def refusal(self, call: Call, status: int, message: str) -> Response:
        if status == 429:
            return slack_answers.rate_limited()
        return answer({"ok": False, "error": {404: "not_found"}.get(status, "internal_error")}, status)

    def headers(self, call: Call) -> dict[str, str]:
        return {}

    def kept(self, what: str, query: dict[str, str]) -> list[dict[str, Any]]:
        return {"slack": slack.shown, "mail": mail.shown, "hooks": hooks.shown}[what](self.store, query)


def _settings(catchers: Catchers, what: str, wish: Any) -> dict[str, Any]:
    """Change how a part answers. Raises ValueError or TypeError for what makes no sense."""
    if what == "slack":
        for name in wish.get("add_channels", []):
            catchers.slack.people.add_channel(str(name))
        for name in wish.get("archive_channels", []):
            catchers.slack.people.add_channel(str(name), archived=True)
        return {
            "channels": [
                r[0] for r in catchers.store.rows("select name from slack_channels where user is null")
            ]
        }
    if what == "mail":
        catchers.mail.refusals = [Refusal.parse(spec) for spec in wish["refuse"]]
        return {"refuse": [refusal.shown() for refusal in catchers.mail.refusals]}
    raise ValueError("webhooks are answered otherwise by /_sandbox/faults")


def _control(catchers: Catchers) -> list[Route]:
    async def part(request: Request) -> Response:
        what = request.path_params["what"]
        if what not in TABLES:
            return answer({"error": f"there are {', '.join(TABLES)}"}, 404)
        if request.method == "DELETE":
            with catchers.store.transaction():
                catchers.store.db.execute(f"delete from {TABLES[what]}")
            return answer({what: []})
        if request.method == "POST":
            try:
                wish = orjson.loads(await request.body())
                with catchers.store.transaction():
                    return answer(_settings(catchers, what, wish))
            except (ValueError, TypeError, KeyError, AttributeError, re.error) as problem:
                return answer({"error": f"this cannot be set: {problem}"}, 400)
        if not request.query_params.get("after", "0").isdecimal():
            return answer({"error": "after must be a whole number"}, 400)
        return answer({what: catchers.kept(what, dict(request.query_params))})

    async def page(request: Request) -> Response:
        parts = {what: list(reversed(catchers.kept(what, {})))[:200] for what in TABLES}
        counts = {w: catchers.store.value(f"select count(*) from {table}") for w, table in TABLES.items()}
        names = {
            catchers.slack.people.direct_name(each.id): each.name
            for each in catchers.slack.people.members.values()
        }
        return HTMLResponse(
            render(
                "catchers.html",
                parts=parts,
                counts=counts,
                now=catchers.clock.now(),
                names=names,
                webhook=catchers.slack.webhook,
                base=str(request.base_url).rstrip("/"),
                smtp=catchers.mail.port,
                quiet=QUIET,
            )
        )

    return [
        Route("/", page, methods=["GET"]),
        *catchers.control_routes(),
        Route("/_sandbox/{what:str}", part, methods=["GET", "POST", "DELETE"]),
    ]


def application(
    store: Store, clock: Clock, *, limited: bool = True, sockets: dict[str, socket.socket] | None = None
) -> Starlette:
    """The catchers' server; with a socket named `smtp`, the mail server too."""
    catchers = Catchers(store, clock, limited=limited)
    smtp = (sockets or {}).get("smtp")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        server = await catchers.mail.listen(smtp) if smtp is not None else None
        yield
        if server is not None:
            server.close()

    routes = [
        *_control(catchers),
        *catchers.slack.routes(),
        *hooks.routes(catchers),
    ]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.router.default = catchers.fallback()
    app.router.redirect_slashes = False
    return app
