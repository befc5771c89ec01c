"""A proxy into which everybody falls who calls anything but this machine.

Belongs here: hearing who calls. Who must not is said in the tests.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def trap() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that writes down whoever calls, and answers nobody."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    done = threading.Event()

    def listen() -> None:
        while not done.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            heard.append(connection.recv(200))
            connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
    finally:
        done.set()
        thread.join()
        server.close()
