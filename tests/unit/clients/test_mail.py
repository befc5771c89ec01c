"""A mail server that goes away: whether it took the message is not known, and is not guessed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pipelines.clients import errors
from pipelines.clients.mail import MailClient
from pipelines.connections import MailConnection


@contextmanager
def server(hangs_up_after: str) -> Iterator[tuple[int, list[str]]]:
    """Speaks SMTP on this machine and closes the connection at one word, having taken all before it."""
    taken: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(10)

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 here\r\n")
            is_data = False
            for line in lines:
                said = line.decode().rstrip("\r\n")
                if is_data and said != ".":
                    continue
                word = "." if is_data else said.split(" ")[0].split(":")[0].upper()
                taken.append(word)
                if word == hangs_up_after:
                    return
                is_data = word == "DATA"
                connection.sendall(b"354 go on\r\n" if is_data else b"250 OK\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1], taken
    finally:
        thread.join(10)
        listening.close()


@pytest.fixture
def client() -> Callable[[int], MailClient]:
    def made(port: int) -> MailClient:
        connection = MailConnection(host="127.0.0.1", port=port, sender="crm@x.example", starttls=False)
        return MailClient(connection, may_write=True)

    return made


@pytest.mark.parametrize("word", [".", "RCPT"])
def test_a_server_that_hangs_up_leaves_an_answer_that_is_lost(client, word):
    with server(word) as (port, taken):
        mail = client(port)
        with pytest.raises(errors.AnswerLost, match="did not say whether it took the message"):
            mail.send("ann@x.example", "Hello", "Body", "key-1")
        mail.close()
    assert taken[-1] == word
    assert mail.calls == 1, "nothing is sent again by the client"
