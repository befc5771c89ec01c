"""The connections of `clients.wire`, against a server that says and closes what a test wants."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO

import httpx
import orjson
import pytest

from pipelines.clients import wire
from pipelines.clients.transport import Call
from sandbox.front import authority

OK = b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 2\r\n\r\nok"
FLAT = b"HTTP/1.1 200 OK\r\n"


class Server:
    """Gives each request the next answer. An answer that ends in None closes the connection after it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.answers: list[tuple[bytes, bool]] = []
        self.requests: list[tuple[list[tuple[bytes, bytes]], bytes]] = []
        self.connections = 0
        self.closed = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            if self.tls is not None:
                try:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                except (ssl.SSLError, OSError):
                    continue  # the other end does not trust us
            with connection, connection.makefile("rb") as coming:
                while head := _head(coming):
                    length = int(dict(head[1:]).get(b"content-length", 0))
                    self.requests.append((head, coming.read(length)))
                    answer, stays = self.answers.pop(0)
                    connection.sendall(answer)
                    if not stays:
                        break
            self.closed.set()

    def close(self) -> None:
        self._listening.close()


def _head(coming: BinaryIO) -> list[tuple[bytes, bytes]]:
    """The request's line, then its fields, names in lower case; nothing when the connection is closed."""
    lines = list(iter(coming.readline, b"\r\n")) if coming.peek(1) else []  # type: ignore[attr-defined]
    fields = [line.strip().partition(b": ")[::2] for line in lines]
    return [(name if at == 0 else name.lower(), value) for at, (name, value) in enumerate(fields)]


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server()
    yield serving
    serving.close()


@pytest.fixture
def line() -> Iterator[wire.Wire]:
    made = wire.wire_to("http://127.0.0.1:1", local=True)
    yield made
    made.close()


def get(line: wire.Wire, url: str, heard: wire.Heard | None = None) -> httpx.Response:
    return line.send("GET", url, {}, None, heard)


def test_a_connection_is_kept_and_one_that_the_other_end_closed_is_not_asked(server, line):
    server.answers = [(OK, True), (OK, False), (OK, True)]
    assert [get(line, server.url + "/a").content for _ in range(2)] == [b"ok", b"ok"]
    assert server.connections == 1
    assert server.closed.wait(5)
    assert get(line, server.url + "/a").headers["x-name"] == "café"
    assert server.connections == 2


def test_a_packed_answer_is_unpacked_and_its_head_is_heard_before_its_body(server, line):
    packed = gzip.compress(b"many words")
    head = FLAT + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    server.answers = [(head + packed, True)]
    heard: list[str] = []
    assert get(line, server.url, lambda fields: heard.append(fields["content-encoding"])).text == "many words"
    assert heard == ["gzip"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (FLAT + b"Content-Length: 9\r\n\r\nhalf", httpx.RemoteProtocolError),
        (b"", httpx.TransportError),
        (b"no HTTP at all\r\n\r\n", httpx.RemoteProtocolError),
        (FLAT + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nflat", httpx.RemoteProtocolError),
    ],
)
def test_an_answer_that_breaks_off_or_is_none_is_trouble_and_its_connection_is_given_up(
    server, line, answer, problem
):
    server.answers = [(answer, False), (OK, True)]
    with pytest.raises(problem):
        get(line, server.url)
    assert get(line, server.url).content == b"ok"


def test_whom_nobody_answers_for_is_told_apart_from_an_answer_that_is_lost(line):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        nobody = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with pytest.raises(httpx.ConnectError):
        get(line, nobody)


def test_what_is_sent_is_what_httpx_would_send(server, line):
    """Words, blanks and letters beyond ASCII in the path and in parameters; a form; a body by POST."""
    calls = [
        Call(method="GET", path="/a b/ü?x=1", params=None),
        Call(method="GET", path="/q", params={"q": "SELECT Id FROM A WHERE N = 'é & +'", "n": 5}),
        Call(method="POST", path="/form", form={"grant": "a b&c"}),
        Call(method="POST", path="/json", json={"a": "é"}),
        Call(method="DELETE", path="/gone"),
        Call(method="POST", path="/nothing"),
    ]
    server.answers = [(OK, True)] * 2 * len(calls)
    for call in calls:
        body, kind = call.body()
        line.send(call.method, call.at(server.url), {**kind, "X-One": "1"}, body, None)
    line.close()
    with httpx.Client(trust_env=False) as client:
        for call in calls:
            request = {"params": call.params, "content": call.content, "data": call.form, "json": call.json}
            client.request(call.method, server.url + call.path, headers={"X-One": "1"}, **request)
    ours, theirs = server.requests[: len(calls)], server.requests[len(calls) :]
    for (our_head, our_body), (their_head, their_body) in zip(ours, theirs, strict=True):
        assert our_head[0] == their_head[0]
        usual = {b"user-agent": b"crm-integration", b"connection": b"keep-alive"}
        assert dict(our_head[1:]) | usual == dict(their_head[1:]) | usual
        assert (
            orjson.loads(our_body) == orjson.loads(their_body)
            if our_body[:1] == b"{"
            else our_body == their_body
        )


def test_by_tls_only_a_host_whose_certificate_is_trusted_is_asked(tmp_path, monkeypatch):
    made = authority.Authority(tmp_path, int(time.time() * 1000))
    server, direct = Server(made.context("api.example")), socket.create_connection
    server.answers = [(OK, True), (OK, True)]
    there = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    monkeypatch.setattr(socket, "create_connection", lambda address, *rest: direct(there, *rest))
    stranger = wire.wire_to("https://api.example", local=False)
    with pytest.raises(httpx.ConnectError, match="certificate"):
        get(stranger, "https://api.example/a")
    assert server.requests == []
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / authority.CERTIFICATE))
    trusting = wire.wire_to("https://api.example", local=False)
    assert [get(trusting, "https://api.example/a").content for _ in range(2)] == [b"ok", b"ok"]
    trusting.close()
    with pytest.raises(httpx.ConnectError, match="certificate"):
        get(trusting, "https://another.example/a")
    server.close()


def test_where_the_environment_names_a_proxy_httpx_goes_through_it(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert isinstance(wire.wire_to("https://api.example", local=False), wire._Direct)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    proxied = wire.wire_to("https://api.example", local=False)
    with pytest.raises(httpx.ConnectError):  # the proxy is not there
        get(proxied, "https://api.example")
    proxied.close()
    assert isinstance(wire.wire_to("http://127.0.0.1:2", local=True), wire._Direct)
