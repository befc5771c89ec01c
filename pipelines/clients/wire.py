"""How one request gets to a host and its answer back: connections that are kept, and nothing else.

Belongs here: sockets. httpx takes half a millisecond of processor time for a call, most of it for what is not
used here (cookies, redirects, authentication); while a long list is read no other thread works meanwhile. The
standard library takes a fifth of that. What it cannot do, going through proxies, is left to httpx, and so are
answers that tests give; whichever it is, errors and answers are httpx's. What an answer means, when a request
is sent again and whether it may be sent at all is `transport`.
"""

from __future__ import annotations

import http.client
import re
import select
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

Heard = Callable[[httpx.Headers], None]
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0
KEPT_SECONDS = 5.0
"""A connection that nothing went over for so long is closed: who else would close it is not asked."""
_USUAL = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "crm-integration"}
_WELL_SPELLED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
Place = tuple[str, str, int | None]


class Wire(Protocol):
    """A way to hosts. Safe to use from several threads."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, heard: Heard | None
    ) -> httpx.Response:
        """One request, once: the answer with its whole body. `heard` is told the head of a successful one
        while the body is on its way. Raises httpx.TransportError; ConnectError and ConnectTimeout when
        nothing was sent."""

    def close(self) -> None: ...


def wire_to(url: str, *, local: bool, given: httpx.BaseTransport | None = None) -> Wire:
    """`local`: this machine, where neither proxies nor certificates of the environment count. `given`: what
    answers in the place of a host."""
    if given is not None or (not local and getproxies().keys() & {"http", "https", "all"}):
        return _ThroughHttpx(given, is_plain=url.startswith("http://"), local=local)
    return _Direct(trust_env=not local)


class _Direct:
    """Connections of this process's own, one for each call that is under way."""

    def __init__(self, *, trust_env: bool) -> None:
        self._trust_env = trust_env
        self._context: ssl.SSLContext | None = None
        self._idle: deque[tuple[Place, http.client.HTTPConnection, float]] = deque()

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, heard: Heard | None
    ) -> httpx.Response:
        if not _WELL_SPELLED.fullmatch(url):
            url = str(httpx.URL(url))
        parts = urlsplit(url)
        place = (parts.scheme, parts.hostname or "", parts.port)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._connected(place)
        try:
            with _said_as_httpx_does():
                with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered all the same
                    connection.request(method, target, body, {**_USUAL, **headers})
                head = connection.getresponse()
                fields = [
                    (name.encode("latin-1"), value.encode("latin-1")) for name, value in head.getheaders()
                ]
                if heard is not None and 200 <= head.status < 300:
                    heard(httpx.Headers(fields))
                answer = _answer(head.status, fields, head.read())
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:
            self._idle.append((place, connection, time.monotonic()))
        return answer

    def _connected(self, place: Place) -> http.client.HTTPConnection:
        """The connection used last of those that are still open, or a new one."""
        while kept := self._take(place):
            connection, since = kept
            if time.monotonic() - since < KEPT_SECONDS and not _has_something_to_read(connection):
                return connection
            connection.close()
        scheme, host, port = place
        if scheme == "https":
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=CONNECT_SECONDS, context=self._trusted()
            )
        else:
            made = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        try:
            made.connect()
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        made.sock.settimeout(ANSWER_SECONDS)
        return made

    def _take(self, place: Place) -> tuple[http.client.HTTPConnection, float] | None:
        """An idle connection to a place. Others' are put back for them."""
        for _ in range(len(self._idle)):
            try:
                of, connection, since = self._idle.pop()
            except IndexError:
                return None
            if of == place:
                return connection, since
            self._idle.appendleft((of, connection, since))
        return None

    def _trusted(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = httpx.create_ssl_context(trust_env=self._trust_env)
        return self._context

    def close(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()


class _ThroughHttpx:
    """By httpx's client: through proxies, or to what stands for a host."""

    def __init__(self, given: httpx.BaseTransport | None, *, is_plain: bool, local: bool) -> None:
        self._client = httpx.Client(
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS), transport=given,
            follow_redirects=False, trust_env=not local, verify=not is_plain, headers=_USUAL,
        )  # fmt: skip

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, heard: Heard | None
    ) -> httpx.Response:
        request = self._client.build_request(method, url, content=body, headers=headers)
        response = self._client.send(request, stream=True)
        try:
            if heard is not None and response.is_success:
                heard(response.headers)
            with _said_as_httpx_does():
                response.read()
        finally:
            response.close()
            # httpx leaves answer and stream holding each other: pages of a long read would pile up until
            # Python looks for garbage, which is seldom.
            response.stream = httpx.ByteStream(b"")
        return response

    def close(self) -> None:
        self._client.close()


def _answer(status: int, fields: list[tuple[bytes, bytes]], content: bytes) -> httpx.Response:
    """Unpacked as its head says it is packed."""
    response = httpx.Response(status, headers=fields, stream=httpx.ByteStream(content))
    response.read()
    response.stream = httpx.ByteStream(b"")
    return response


def _has_something_to_read(connection: http.client.HTTPConnection) -> bool:
    """Before anything was asked: the other end has closed it."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


@contextmanager
def _said_as_httpx_does() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpx.ReadTimeout(str(error)) from error
    except OSError as error:
        raise httpx.ReadError(str(error)) from error
    except (http.client.HTTPException, httpx.DecodingError) as error:
        raise httpx.RemoteProtocolError(str(error)) from error
