"""The refresh token in use. With rotation each sign-in spends it, so the next one is kept where runs find it.

Belongs here: which token is next. The file is the owner's alone to read; a lock lets one process sign in at a
time, for a token used twice ends the whole grant.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from pipelines.settings import HubSpotConnection, SalesforceConnection


class RefreshToken:
    """The token of a connection: what its settings say, or what has followed it since."""

    def __init__(self, connection: HubSpotConnection | SalesforceConnection) -> None:
        self._first = connection.refresh_token.reveal()
        self._file: Path | None = connection.refresh_token_file if self._first else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else signs in with this token meanwhile."""
        if self._file is None:
            yield
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def current(self) -> str:
        """The token to sign in with. One that follows another token than the settings' is not ours."""
        try:
            kept = orjson.loads(self._file.read_bytes()) if self._file is not None else {}
        except (FileNotFoundError, orjson.JSONDecodeError):
            kept = {}
        return str(kept["token"]) if kept.get("follows") == self._mark() else self._first

    def keep(self, token: str) -> None:
        """Remember the token that the spent one was exchanged for, before anything else is done."""
        if self._file is None:
            self._first = token
            return
        temporary = self._file.with_suffix(".tmp")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(orjson.dumps({"follows": self._mark(), "token": token}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self._file)

    def _mark(self) -> str:
        return hashlib.sha256(self._first.encode()).hexdigest()
