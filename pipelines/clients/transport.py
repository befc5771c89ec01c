"""One way out: every call to a CRM passes here. Timeouts, bounded retries, the rate budget, the write guard.

Belongs here: what is the same for every vendor. Never logs a body, a query or a token. Redirects are not
followed: a token and a write go to the host they were meant for, or nowhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Protocol, Self
from urllib.parse import urlencode, urlsplit

import httpx
import orjson

from pipelines.clients import errors
from pipelines.clients.counting import CallCount
from pipelines.clients.rate_limit import Clock, RateBudget, RealClock
from pipelines.clients.wire import wire_to
from pipelines.settings import Secret, is_loopback

log = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # its own lines hold whole URLs, queries included

Effect = Literal["read", "write"]
ATTEMPTS = 5
CONNECT_ATTEMPTS = 3
RENEWALS = 3
"""Sessions one call goes through. More than one, for a session may end again while others sign in; a
credential that is refused is refused at the sign-in."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0
RETRIED = frozenset({408, 420, 423, 429, 477, 500, 502, 503, 504, 521, 522, 523, 524, 525, 526})
NOT_PROCESSED = frozenset({423, 429, 477})
"""Answers that say a write was not even begun, so that it may be sent again."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request. `effect`: does the vendor's data change? The method does not say, reads go by POST too."""

    method: str
    path: str
    effect: Effect = "read"
    params: Mapping[str, str | int] | None = None
    json: Any = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    content: bytes | Callable[[], bytes] | None = field(default=None, repr=False)
    """A body that is no JSON, its Content-Type among the headers; made anew for each attempt where it holds
    the token itself."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    window: str = "calls"
    signed: bool = True
    heard: Callable[[httpx.Headers], None] | None = field(default=None, repr=False)
    """Told the head of a successful answer while its body is on its way; of each attempt that has one."""
    answers: frozenset[int] = frozenset()
    """Statuses beside 2xx that are an answer to this call, and no trouble."""

    def at(self, origin: str) -> str:
        """Where it goes: `path` may be a whole address."""
        url = self.path if self.path.startswith(("http://", "https://")) else origin + self.path
        return f"{url}?{urlencode(self.params)}" if self.params else url

    def body(self) -> tuple[bytes | None, Mapping[str, str]]:
        """What it says, and the header that tells of which kind that is."""
        if self.json is not None:
            return orjson.dumps(self.json), {"Content-Type": "application/json"}
        if self.form is not None:
            kind = "application/x-www-form-urlencoded"
            return urlencode(self.form).encode(), {"Content-Type": kind}
        return self.content() if callable(self.content) else self.content, {}


class Vendor(Protocol):
    """What the transport asks a vendor's module about its answers."""

    name: str

    def explain(self, response: httpx.Response, host: str) -> errors.ClientError:
        """The error an unsuccessful answer stands for."""

    def learn(self, response: httpx.Response, budget: RateBudget, call: Call) -> None:
        """Take what the headers say about limits."""


class Auth(Protocol):
    """Signs calls. `renew` gets a new token and says whether it could."""

    def headers(self) -> Mapping[str, str]: ...

    def renew(self) -> bool: ...


@dataclass
class Transport:
    """The way to one connection. Safe to use from several threads."""

    vendor: Vendor
    base_url: str
    allow_write: bool
    budget: RateBudget
    auth: Auth | None = None
    secrets: tuple[Secret, ...] = ()
    clock: Clock = field(default_factory=RealClock)
    http: httpx.BaseTransport | None = None
    gate: Callable[[Call], None] | None = None
    """Asked before each call; it raises when no more are to be made."""
    status_of: Callable[[httpx.Response], int] = lambda response: response.status_code
    """What an answer's status means, where the vendor says it in the body: SOAP's faults are all 500."""

    def __post_init__(self) -> None:
        self.count = CallCount()
        self.server_time: datetime | None = None
        self.origin = self.base_url
        self.wire = wire_to(self.base_url, local=is_loopback(self.base_url), given=self.http)

    def stop_at(self, share: float) -> None:
        """Make no call once this share of the day's calls is used. Sign-ins count for nothing."""

        def gate(call: Call) -> None:
            if call.signed:
                self.budget.keep_within(share, self.vendor.name, self.host)

        self.gate = gate

    def stop_writing_at(self, share: float) -> None:
        """Write no more once this share of the day's calls is used; reading goes on."""

        def gate(call: Call) -> None:
            if call.effect == "write":
                self.budget.keep_within(share, self.vendor.name, self.host, "syncs.yml")

        self.gate = gate

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.wire.close()

    @property
    def host(self) -> str:
        return urlsplit(self.origin).netloc

    def send(self, call: Call) -> httpx.Response:
        """Send and return a successful answer (2xx). Raises ClientError, or WriteRefused before sending."""
        url = call.at(self.origin)
        self._guard(call, url)
        renewals, attempt, again = 0, 0, False
        while True:
            attempt += 1
            with self._under_way(call):
                self.budget.wait(call.window)
                response = self._attempt(call, url, attempt, again=again)
            again = True
            if response is None:
                continue
            if response.is_success or response.status_code in call.answers:
                return response
            if self.status_of(response) == 401 and renewals < RENEWALS and self._renewed(call):
                renewals, attempt = renewals + 1, attempt - 1
                continue
            self._settle(call, response, attempt)

    @contextmanager
    def _under_way(self, call: Call) -> Iterator[None]:
        """Let one attempt through and count it until its answer is learned from: those who ask meanwhile know
        of it before the vendor's figures do."""
        with self.budget.admitting:
            if self.gate is not None:
                self.gate(call)
            self.budget.under_way += call.signed  # a sign-in is no call of the day
        try:
            yield
        finally:
            with self.budget.admitting:
                self.budget.under_way -= call.signed

    def _renewed(self, call: Call) -> bool:
        return call.signed and self.auth is not None and self.auth.renew()

    def _guard(self, call: Call, url: str) -> None:
        """From this machine's sandbox nothing goes elsewhere; elsewhere, no write without permission."""
        local, base_local = is_loopback(url), is_loopback(self.base_url)
        host = urlsplit(url).netloc
        if base_local and not local:
            raise errors.WriteRefused(
                f"{self.vendor.name} on this machine points to {host}, which nothing is sent to",
                where=self.host, remedy="name that host in the connection's URL if you mean it",
            )  # fmt: skip
        if call.effect == "write" and not (self.allow_write or local):
            raise errors.WriteRefused(
                f"writing to {self.vendor.name} is switched off, nothing was sent", where=host,
                remedy="set CRM_WRITE=on if you mean to write there",
            )  # fmt: skip

    def _attempt(self, call: Call, url: str, attempt: int, *, again: bool) -> httpx.Response | None:
        """One request. None: no answer came, and another attempt is due."""
        signature = self.auth.headers() if call.signed and self.auth is not None else {}
        body, kind = call.body()
        self.count.one(again=again, sign_in=not call.signed)
        try:
            response = self.wire.send(
                call.method, url, {**kind, **signature, **call.headers}, body, call.heard
            )
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self._pause_or(attempt, CONNECT_ATTEMPTS, self._unreachable())
            return None
        except httpx.TransportError:
            if call.effect == "write":
                raise self._answer_lost(0) from None
            self._pause_or(attempt, ATTEMPTS, self._unavailable(call))
            return None
        self._note(response, call, attempt)
        return response

    def _settle(self, call: Call, response: httpx.Response, attempt: int) -> None:
        """Pause before another attempt, or raise what the answer means."""
        status = self.status_of(response)
        if response.is_redirect:
            raise errors.Redirected(
                f"{self.vendor.name} answers with a redirect, which is not followed", where=self.host,
                remedy="set the connection's URL to the host that answers", status=status,
            )  # fmt: skip
        if call.effect == "write" and status >= 500 and status not in NOT_PROCESSED:
            raise self._answer_lost(status)
        error = self._explained(response)
        is_too_fast = isinstance(error, errors.RateLimited)  # Salesforce says it with a 403
        if not (is_too_fast or status in RETRIED) or isinstance(error, errors.DailyLimitReached):
            raise error
        pause = _retry_after(response)
        if is_too_fast or status == 477:
            self.budget.close(call.window, 1.0 if pause is None else pause)
        self._pause_or(attempt, ATTEMPTS, error, pause)

    def _pause_or(self, attempt: int, attempts: int, error: Exception, asked: float | None = None) -> None:
        # Bounded on purpose: a thread parked in an endless backoff would hang the whole run.
        if attempt >= attempts or (asked or 0.0) > LONGEST_PAUSE_SECONDS:
            raise error
        self.clock.sleep(asked if asked is not None else FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))

    def _explained(self, response: httpx.Response) -> errors.ClientError:
        error = self.vendor.explain(response, self.host)
        for text in ("what", "where", "remedy"):
            setattr(error, text, self.redact(getattr(error, text)))
        error.args = (str(error),)
        return error

    def redact(self, text: str) -> str:
        """The text without any of the connection's secrets."""
        for secret in self.secrets:
            if secret:
                text = text.replace(secret.reveal(), "***")
        return text

    def _note(self, response: httpx.Response, call: Call, attempt: int) -> None:
        moment = _date(response)
        if moment is not None:
            self.server_time = moment
        self.vendor.learn(response, self.budget, call)
        log.debug(
            "%s %s %s -> %s (attempt %d)",
            self.vendor.name, call.method, urlsplit(call.path).path, response.status_code, attempt,
        )  # fmt: skip

    def _unreachable(self) -> errors.Unreachable:
        return errors.Unreachable(
            f"{self.vendor.name} cannot be reached", where=self.host,
            remedy="check the URL and the network, then run this again",
        )  # fmt: skip

    def _unavailable(self, call: Call) -> errors.Unavailable:
        return errors.Unavailable(
            f"{self.vendor.name} did not answer {ATTEMPTS} times ({call.method})", where=self.host,
            remedy="wait a little and run this again",
        )  # fmt: skip

    def _answer_lost(self, status: int) -> errors.AnswerLost:
        return errors.AnswerLost(
            f"{self.vendor.name} did not say what became of a write", where=self.host,
            remedy="the record is read back before anything is sent to it again", status=status,
        )  # fmt: skip


def json_of(response: httpx.Response) -> Any:
    """The answer's JSON, or None when it has none."""
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds the vendor asks us to wait: a number or a date; None when it does not say."""
    value = str(response.headers.get("Retry-After", "")).strip()
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    now = _date(response) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(str(response.headers.get("Date", ""))).astimezone(UTC)
    except ValueError:
        return None
