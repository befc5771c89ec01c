"""The server of the front port.

A connection's first line says what it is: CONNECT opens a tunnel to a vendor's host name, in which a client
speaks TLS (ended here with a certificate of our own authority) or, as some do, plain HTTP; an absolute
address is a proxy's plain request; anything else is asked of the port itself and goes by its path. A vendor
is reached on its socket `https` or `http`, by which it knows what its own addresses look like to the client.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.front import routing
from sandbox.front.authority import Authority
from sandbox.pages import render

HOST = "127.0.0.1"
CHUNK = 65_536
MAX_HEAD = 65_536
_TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True)
class Backend:
    """A vendor's sockets: the port for what comes plain and the one for what came by TLS."""

    http: int
    https: int


class Front:
    """Passes bytes on; it never looks at more of a request than its head."""

    def __init__(self, authority: Authority, backends: dict[str, Backend]) -> None:
        self.authority, self.backends = authority, backends
        self._tls_port = 0

    async def serve(self, listener: socket.socket) -> None:
        """Serve until cancelled."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = self._named
        tls = await asyncio.start_server(self._decrypted, HOST, 0, ssl=context)
        self._tls_port = tls.sockets[0].getsockname()[1]
        server = await asyncio.start_server(self._accepted, sock=listener, limit=MAX_HEAD)
        async with tls, server:
            await server.serve_forever()

    def _named(self, tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        if not name or routing.vendor_of_host(name) is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        tls.context = self.authority.context(name)
        return None

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        except asyncio.LimitOverrunError:
            await _refuse(writer, 431, "The head of the request is too long.")
            return
        line, _, rest = head.partition(b"\r\n")
        parts = line.decode("latin-1").split(" ")
        if len(parts) != 3:
            await _refuse(writer, 400, "This is not HTTP.")
        elif parts[0] == "CONNECT":
            await self._tunnel(parts[1], reader, writer)
        else:
            await self._request(parts, rest, reader, writer)

    async def _tunnel(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        vendor = self._vendor(target)
        if vendor not in self.backends:
            await _refuse(writer, 403, f"{target} is not a vendor of this sandbox; it reaches nothing else.")
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        first = await reader.read(CHUNK)
        port = self._tls_port if first.startswith(_TLS_HANDSHAKE) else self.backends[vendor].http
        await _joined(reader, writer, port, first)

    def _vendor(self, target: str) -> str | None:
        """Whose host it is: one of the vendors' own, or the place on this machine where one is served."""
        host, _, port = target.rpartition(":")
        if host in (HOST, "localhost"):
            return next((name for name, each in self.backends.items() if str(each.http) == port), None)
        return routing.vendor_of_host(target)

    async def _decrypted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        context = writer.get_extra_info("ssl_object").context
        vendor = routing.vendor_of_host(self.authority.host_of(context))
        if vendor is None:  # no name was given, so no certificate of ours was shown either
            writer.close()
            return
        await _joined(reader, writer, self.backends[vendor].https, b"")

    async def _request(
        self, parts: list[str], rest: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One plain request. The connection ends with its answer: the next may be for another vendor."""
        method, target, version = parts
        split = urlsplit(target)
        if split.scheme:
            vendor = self._vendor(split.netloc)
            target = (split.path or "/") + (f"?{split.query}" if split.query else "")
        elif split.path == "/":
            await _page(writer, self.backends)
            return
        else:
            vendor = routing.vendor_of_path(split.path)
        if vendor not in self.backends:
            await _refuse(writer, 404, "No vendor of this sandbox has this address.")
            return
        fields = re.sub(rb"(?im)^(proxy-)?connection:[^\r\n]*\r\n", b"", rest)
        head = f"{method} {target} {version}\r\nConnection: close\r\n".encode("latin-1") + fields
        await _joined(reader, writer, self.backends[vendor].http, head)


async def _joined(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, first: bytes
) -> None:
    """Connect to a port of this machine and pass bytes both ways until one side ends."""
    there_reader, there_writer = await asyncio.open_connection(HOST, port)
    if first:
        there_writer.write(first)
    # Once the vendor has ended nothing more that the client says matters: its side may never end by itself.
    asking = asyncio.create_task(_pumped(reader, there_writer))
    try:
        await _pumped(there_reader, writer)
    finally:
        asking.cancel()
        for end in (writer, there_writer):
            end.close()


async def _pumped(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        with contextlib.suppress(OSError, RuntimeError):
            if target.can_write_eof():
                target.write_eof()
            else:
                target.close()


async def _refuse(writer: asyncio.StreamWriter, status: int, text: str) -> None:
    await _answer(writer, f"{status} Refused", "text/plain", text.encode())


async def _page(writer: asyncio.StreamWriter, backends: dict[str, Backend]) -> None:
    places = {vendor: f"http://{HOST}:{backend.http}/" for vendor, backend in backends.items()}
    await _answer(writer, "200 OK", "text/html; charset=utf-8", render("front.html", places=places).encode())


async def _answer(writer: asyncio.StreamWriter, status: str, kind: str, body: bytes) -> None:
    fields = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close"
    head = f"HTTP/1.1 {status}\r\n{fields}\r\n\r\n"
    with contextlib.suppress(ConnectionError):
        writer.write(head.encode() + body)
        await writer.drain()
    writer.close()
