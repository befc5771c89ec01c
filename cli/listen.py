"""`crm listen`: act on events of the CRMs as they come, and ask for what has no event, until Ctrl-C.

Belongs here: the server, the clock that polls, and the order of steps. Whether a delivery is genuine is
`pipelines.listening`; what follows is the same refresh, decide, plan and apply as ever.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipelines import listening
from pipelines.errors import CrmError, UsageError
from pipelines.rules.events import EventRule, EventsFile, load_events

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from pipelines.reverse_sync.planned import Plan
    from pipelines.settings import Settings
    from pipelines.steps import Loop

log = logging.getLogger(__name__)
_DECIDE = EventRule(on="*")


@dataclass
class Inbox:
    """Events that came and were not acted on yet. Safe to use from the server's thread and the worker's."""

    seen: listening.Seen = field(default_factory=listening.Seen)
    waiting: list[listening.Event] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take_in(self, events: Sequence[listening.Event]) -> int:
        with self._lock:
            new = self.seen.new(events)
            self.waiting += new
        if new:
            self.arrived.set()
        return len(new)

    def take_out(self) -> list[listening.Event]:
        with self._lock:
            self.arrived.clear()
            found, self.waiting = self.waiting, []
        return found


def application(settings: Settings, inbox: Inbox, public_url: str, now_ms: Callable[[], int]) -> Starlette:
    """The server that HubSpot delivers to."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    connection = settings.hubspot
    if connection is None or not connection.client_secret:
        raise UsageError(
            "webhooks are signed with the app's secret, and HUBSPOT_CLIENT_SECRET is not set",
            where="environment or .env", remedy="set it, or listen without --port to poll alone",
        )  # fmt: skip
    secret = connection.client_secret

    async def hubspot(request: Request) -> Response:
        body = await request.body()
        url = public_url.rstrip("/") + request.url.path if public_url else str(request.url)
        url += f"?{request.url.query}" if public_url and request.url.query else ""
        try:
            listening.check(secret, request.method, url, body, request.headers, now_ms())
            new = inbox.take_in(listening.events_of(body))
        except listening.NotTheirs as refusal:
            return JSONResponse({"error": str(refusal)}, 401)
        except ValueError as mistake:
            return JSONResponse({"error": str(mistake)}, 400)
        return JSONResponse({"new": new})

    return Starlette(routes=[Route("/hubspot", hubspot, methods=["POST"])])


class Worker:
    """Acts: on what came, and when it is time to look."""

    def __init__(
        self, file: EventsFile, inbox: Inbox, act: Callable[[EventRule], None], said: Callable[[str], None]
    ):
        self.file, self.inbox, self._act, self._said = file, inbox, act, said

    def once(self) -> None:
        """Everything that waits, and a look at the clocks. An error is said, and the next round goes on."""
        events = self.inbox.take_out()
        rules = listening.set_off(events, self.file)
        if not any(rule.do == "decide" for rule in rules):
            rules = [*rules, _DECIDE]  # what has no event is asked for, and clocks run out by themselves
        for rule in rules:
            try:
                self._act(rule)
            except CrmError as error:
                self._said(str(error))

    def until(self, stopped: threading.Event) -> None:
        every = self.file.poll_every.total_seconds()
        while not stopped.is_set():
            begun = time.monotonic()
            self.once()
            left = every - (time.monotonic() - begun)
            if left > 0 and not stopped.is_set():
                self.inbox.arrived.wait(left)


def act(rule: EventRule) -> None:
    """One round of the loop: what is new is read, decided and written, or one sync, or a job."""
    from cli.connect import live_loop

    if rule.do == "job":
        from cli.dagster_commands import run_job

        run_job(rule.name)
        return
    with live_loop() as loop:
        loop.recover()
        loop.refresh()
        plan = loop.plan()
        if plan.stopped:
            raise CrmError(f"the plan is not applied: {'; '.join(plan.stopped)}", where=plan.path.name,
                           remedy="read it and run crm apply")  # fmt: skip
        wanted = [rule.name] if rule.do == "sync" else due(loop, plan)
        if not plan.is_empty and wanted:
            loop.apply(plan.path, only=wanted)
            loop.record()


def due(loop: Loop, plan: Plan) -> list[str]:
    """What of a plan is written in a round: real-time, without a syncFrequency, or due by its own.
    Nothing takes more calls than `pace` of syncs.yml lets it."""
    from pipelines.reverse_sync import pace
    from pipelines.reverse_sync.mirror.effective import load_effective

    with loop.state.reading() as reading:
        waiting = pace.waiting(
            reading, plan, load_effective(loop.settings), datetime.now(UTC), by_schedule=False
        )
    for sentence in waiting.values():
        log.info(sentence)
    changed = [name for name, summary in plan.syncs.items() if summary.records]
    acting = [name for name, summary in plan.actions.items() if summary.total]
    return [name for name in dict.fromkeys((*changed, *acting)) if name not in waiting]


def listen(
    port: Annotated[
        int, typer.Option(help="Take HubSpot's webhooks on this port of 127.0.0.1; 0: poll alone.")
    ] = 0,
    public_url: Annotated[str, typer.Option(help="The address HubSpot delivers to, which it signs.")] = "",
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
) -> None:
    """Act on the CRMs' events as they come and ask for what has none, until Ctrl-C."""
    from pipelines.settings import load_settings

    settings = load_settings()
    console, inbox, stopped = Console(highlight=False), Inbox(), threading.Event()
    worker = Worker(load_events(settings.config_dir), inbox, act, console.print)
    if once:
        worker.once()
        return
    with contextlib.ExitStack() as stack:
        if port:
            stack.enter_context(served(application(settings, inbox, public_url, now_ms), port))
        with contextlib.suppress(KeyboardInterrupt):
            worker.until(stopped)


@contextlib.contextmanager
def served(app: ASGIApp, port: int) -> Iterator[str]:
    """The server in a thread of its own, stopped at the end; gives its address. Early calls wait."""
    import uvicorn

    with socket.create_server(("127.0.0.1", port)) as door:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([door],), name="listen", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(5)


def now_ms() -> int:
    return int(time.time() * 1000)
