"""`crm listen`: act on events of the CRMs as they come, and ask for what has no event, until Ctrl-C.

Belongs here: the server, and when what is done. Whether a delivery is genuine is `pipelines.listening`; the
rounds that follow are `cli.rounds`.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rich.console import Console

from pipelines import listening
from pipelines.errors import CrmError, UsageError
from pipelines.rules.events import EventRule, EventsFile, load_events, unheard

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from pipelines.settings import Settings

_DECIDE = EventRule(on="*")
_ENTERING = 40
"""Into journeys in one round, which has room for others beside them; the rest wait for the next."""


@dataclass
class Inbox:
    """Events that came and were not acted on yet. Safe to use from the server's thread and the worker's."""

    keep: Callable[[Sequence[listening.Event]], None] | None = None
    """Keeps for good what nothing would find again; what it raises leaves the events untaken."""
    seen: listening.Seen = field(default_factory=listening.Seen)
    waiting: list[listening.Event] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take_in(self, events: Sequence[listening.Event]) -> int:
        with self._lock:
            new = self.seen.new(events)
            try:
                if self.keep is not None:
                    self.keep(new)
            except Exception:
                self.seen.forget(new)
                raise
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
    from starlette.concurrency import run_in_threadpool
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
            new = await run_in_threadpool(inbox.take_in, listening.events_of(body))
        except listening.NotTheirs as refusal:
            return JSONResponse({"error": str(refusal)}, 401)
        except ValueError as mistake:
            return JSONResponse({"error": str(mistake)}, 400)
        except CrmError as error:  # not taken: it is delivered again
            return JSONResponse({"error": str(error)}, 503)
        return JSONResponse({"new": new})

    return Starlette(routes=[Route("/hubspot", hubspot, methods=["POST"])])


class Beside:
    """Does what takes long in a thread of its own, one after the other; what is asked for again before it was
    begun is done once."""

    def __init__(self) -> None:
        self._waiting: dict[EventRule, Callable[[EventRule], None]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._broke: BaseException | None = None

    def ask(self, rule: EventRule, do: Callable[[EventRule], None]) -> None:
        with self._lock:
            self._waiting[rule] = do
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="beside", daemon=True)
                self._thread.start()

    def must_be_whole(self) -> None:
        """Raises what broke the thread, if anything has: nobody else would hear of it."""
        if self._broke is not None:
            raise self._broke

    def finish(self) -> None:
        """Wait for what is under way; nothing else is begun."""
        with self._lock:
            self._waiting.clear()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                rule = next(iter(self._waiting))
                do = self._waiting.pop(rule)
            try:
                do(rule)
            except Exception as error:  # noqa: BLE001 - raised where somebody hears of it
                self._broke = error
                return


class Shortcut(Protocol):
    """Sees to people without a refresh (`cli.rounds.Prompt`)."""

    def has_published(self) -> bool: ...

    def get_ready(self) -> None: ...

    def not_ours(self, events: Sequence[listening.Event]) -> list[listening.Event]: ...

    def look(self) -> list[listening.Named]: ...

    def act(self, named: Collection[listening.Named], entries: Sequence[listening.Entry] = ()) -> bool: ...


class Kept(Protocol):
    """Entries that wait, kept for when this process ends (`cli.waiting.Kept`)."""

    def waiting(self) -> list[listening.Entry]: ...

    def settle(self, entries: Collection[listening.Entry]) -> None: ...


class Worker:
    """Acts: on what came, and when it is time to look. `prompt` sees to people by themselves; without it
    everything takes a refresh. `beside` does what takes long in a thread of its own, and people do not wait
    for it."""

    def __init__(
        self, file: EventsFile, inbox: Inbox, act: Callable[[EventRule], None], said: Callable[[str], None],
        prompt: Shortcut | None = None, clock: Callable[[], float] = time.monotonic,
        refreshed: float | None = None, beside: Beside | None = None, kept: Kept | None = None,
    ) -> None:  # fmt: skip
        """`refreshed`: when everything was read last, by the clock; without it that comes first."""
        self.file, self.inbox, self._act, self._said = file, inbox, act, said
        self._prompt, self._clock = prompt, clock
        self._begun = refreshed
        self._stands = refreshed is not None
        """There is a refresh to look people up in."""
        self._beside = beside
        self._kept = kept
        self._entries: list[listening.Entry] = kept.waiting() if kept is not None else []
        """Into journeys, which no refresh would find: they wait until a round has seen to them."""
        self._failed = 0
        """So many refreshes in a row: it is tried again at the next look, then later and later."""

    @property
    def waiting(self) -> int:
        """Entries that no round has seen to."""
        return len(self._entries)

    def once(self) -> None:
        """Everything that waits, and a look at what has no event. An error is said, and the next round goes
        on."""
        if self._beside is not None:
            self._beside.must_be_whole()
        events = self.inbox.take_out()
        came = listening.entries(events, self.file)
        if self._prompt is not None:
            with self._trying():
                events = self._prompt.not_ours(events)
        long = [rule for rule in listening.set_off(events, self.file) if rule.do in ("sync", "job")]
        entries = listening.entries(events, self.file)
        self._entries += [each for each in entries if each not in self._entries]
        self._settle([each for each in came if each not in entries])
        if self._prompt is None or not self._stands or not self._short(events) or self._is_owed():
            long.append(_DECIDE)
        for rule in long:
            if self._beside is None or not self._stands:
                self._do(rule)
            else:
                self._beside.ask(rule, self._do)

    def _do(self, rule: EventRule) -> None:
        if rule.do == "decide":
            self._begun = self._clock()  # what came since may not be in it
        with self._trying():
            self._act(rule)
            if rule.do == "decide":
                self._stands, self._failed = True, 0
            return
        self._failed += rule.do == "decide"

    def _is_owed(self) -> bool:
        """A refresh failed, and it is time to try again."""
        if not self._failed or self._begun is None:
            return False
        times: int = 2 ** min(self._failed - 1, 16) - 1
        wait = min(times * self.file.poll_every, self.file.refresh_every)
        return self._clock() - self._begun >= wait.total_seconds()

    def _short(self, events: Sequence[listening.Event]) -> bool:
        """What can be done for people by themselves. False when a refresh is to follow."""
        assert self._prompt is not None
        assert self._begun is not None
        named, others = listening.split(events, self.file)
        done = False
        try:
            found = self._prompt.look()
            others = others or not all(each.is_person for each in found)
            some = self._entries[:_ENTERING]
            entering = [each.named for each in some]
            named = list(dict.fromkeys([*named, *entering, *(each for each in found if each.is_person)]))
            done = not named or self._prompt.act(named, some)
            if done:
                self._settle(some)
                del self._entries[: len(some)]
        except CrmError as error:
            self._said(f"{str(error).rstrip('.')}; a refresh follows")
        next_look = self._clock() + self.file.poll_every.total_seconds()
        is_time = next_look - self._begun > self.file.refresh_every.total_seconds()
        return done and not others and not is_time

    def _settle(self, entries: Collection[listening.Entry]) -> None:
        if self._kept is not None and entries:
            with self._trying():
                self._kept.settle(entries)

    @contextlib.contextmanager
    def _trying(self) -> Iterator[None]:
        try:
            yield
        except CrmError as error:
            self._said(str(error))

    def until(self, stopped: threading.Event) -> None:
        every = self.file.poll_every.total_seconds()
        self._begin(stopped)
        refresh = self.file.refresh_every.total_seconds()
        self._said(f"listening: people every {every:.0f} s, everything every {refresh:.0f} s")
        while not stopped.is_set():
            begun = time.monotonic()
            self.once()
            left = every - (time.monotonic() - begun)
            if left > 0 and not stopped.is_set():
                self.inbox.arrived.wait(left)

    def _begin(self, stopped: threading.Event) -> None:
        """The first refresh. People wait for it only where nothing that was published stands yet."""
        if self._prompt is not None and self._beside is not None and self._prompt.has_published():
            with self._trying():
                self._prompt.get_ready()  # before the refresh has what this takes
                self._stands, self._begun = True, self._clock()
                self._beside.ask(_DECIDE, self._do)
                return
        self.once()
        if self._prompt is not None and not stopped.is_set():
            with self._trying():
                self._prompt.get_ready()


def listen(port: int, public_url: str, *, once: bool) -> None:
    """Until Ctrl-C or SIGTERM, or for one round."""
    from cli import changes, rounds, stopping, waiting
    from pipelines.settings import load_settings

    settings = load_settings()
    file = load_events(settings.config_dir)
    kept = waiting.Kept(settings, file)
    console, inbox, stopped = Console(highlight=False), Inbox(kept.keep), threading.Event()
    if once:
        one_round(
            file, inbox, rounds.Act(), console.print, kept, lambda: rounds.prompt(settings, console.print)
        )
        return
    for sentence in unheard(file, webhooks=bool(port), changes=settings.salesforce is not None):
        console.print(sentence)
    with contextlib.ExitStack() as stack:
        prompt = stack.enter_context(rounds.prompt(settings, console.print))
        if settings.salesforce is not None:
            stack.enter_context(changes.subscribed(settings, inbox, console.print))
        beside = Beside()
        worker = Worker(file, inbox, rounds.Act(), console.print, prompt, beside=beside, kept=kept)
        if port:
            stack.enter_context(served(application(settings, inbox, public_url, now_ms), port))
        with contextlib.suppress(KeyboardInterrupt), stopping.asked_to(stopped, inbox.arrived.set):
            try:
                worker.until(stopped)
            except Exception:
                beside.finish()
                raise
            beside.finish()
            beside.must_be_whole()


def one_round(
    file: EventsFile, inbox: Inbox, act: Callable[[EventRule], None], said: Callable[[str], None],
    kept: Kept, prompt: Callable[[], AbstractContextManager[Shortcut]],
) -> None:  # fmt: skip
    """A round over everything, and then the entries that an earlier process left, which no refresh finds."""
    Worker(file, inbox, act, said).once()
    if not kept.waiting():
        return
    with prompt() as short:
        worker = Worker(file, inbox, act, said, short, refreshed=time.monotonic(), kept=kept)
        before = -1
        while worker.waiting and worker.waiting != before:
            before = worker.waiting
            worker.once()


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
