"""How we sign in to Marketing Cloud: an installed package's client credentials, one token for all processes.

Belongs here: getting, sharing and keeping the token. The vendor wants no more than one in 20 minutes from a
machine, so it lies in a file that only its owner may read; a lock lets one process ask for the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from pipelines.clients import errors
from pipelines.clients.transport import Call, Transport, json_of
from pipelines.settings import MarketingCloudConnection, Secret

TOKEN_PATH = "/v2/token"  # noqa: S105 - a path
SPARE_SECONDS = 60.0
"""How long before its end a token is not used any more: a call takes a while itself."""


@dataclass(frozen=True)
class Session:
    """A token, where it is good, what it may do and until when (seconds since 1970)."""

    token: Secret
    rest: str
    soap: str
    scope: tuple[str, ...]
    ends: float

    def as_json(self, mark: str) -> bytes:
        return orjson.dumps(
            {
                "of": mark, "token": self.token.reveal(), "rest": self.rest, "soap": self.soap,
                "scope": self.scope, "ends": self.ends,
            }
        )  # fmt: skip


class MarketingCloudLogin:
    """Signs calls with the shared token; asks for the next when it is about to end or was refused."""

    def __init__(self, connection: MarketingCloudConnection, now: Callable[[], float] = time.time) -> None:
        self.connection = connection
        self.transport: Transport | None = None
        self._now = now
        self._session: Session | None = None
        self._lock = threading.Lock()
        self._used = threading.local()

    def session(self) -> Session:
        """The session in use, a new one when there is none or it is about to end."""
        with self._lock:
            if self._session is None or self._session.ends - SPARE_SECONDS <= self._now():
                self._begin(refused="")
            assert self._session is not None
            self._used.token = self._session.token.reveal()
            return self._session

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.session().token.reveal()}"}

    def renew(self) -> bool:
        """After a refusal, unless another thread or process has a newer token already."""
        with self._lock:
            used = getattr(self._used, "token", "")
            if self._session is None or self._session.token.reveal() == used:
                self._begin(refused=used)
            return True

    def _begin(self, *, refused: str) -> None:
        with self._held():
            kept = self._kept()
            if kept is not None and kept.token.reveal() != refused:
                self._take(kept)
                return
            self._take(self._ask())
            self._keep()

    def _take(self, session: Session) -> None:
        self._session = session
        if self.transport is not None:
            self.transport.secrets = (self.connection.client_secret, session.token)

    def _ask(self) -> Session:
        transport = self.transport
        if transport is None:
            raise RuntimeError("a login needs a transport")
        wish = {
            "grant_type": "client_credentials", "client_id": self.connection.client_id,
            "client_secret": self.connection.client_secret.reveal(),
        }  # fmt: skip
        if self.connection.account_id:
            wish["account_id"] = self.connection.account_id
        call = Call(method="POST", path=self.connection.url + TOKEN_PATH, json=wish, signed=False)
        answer = json_of(transport.send(call))
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise errors.AuthFailed(
                "Marketing Cloud's sign-in gave no token", where=transport.host,
                remedy="check MARKETING_CLOUD_URL: it is the account's auth host",
            )  # fmt: skip
        return Session(
            Secret(str(answer["access_token"])), str(answer["rest_instance_url"]).rstrip("/"),
            str(answer["soap_instance_url"]).rstrip("/"), tuple(str(answer.get("scope", "")).split()),
            self._now() + float(answer.get("expires_in") or 0),
        )  # fmt: skip

    @contextmanager
    def _held(self) -> Iterator[None]:
        file = self.connection.token_file
        if file is None:
            yield
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _kept(self) -> Session | None:
        """What another process has, if it is of this connection and good for a while."""
        file = self.connection.token_file
        try:
            kept = orjson.loads(file.read_bytes()) if file is not None else {}
        except (FileNotFoundError, orjson.JSONDecodeError):
            return None
        if kept.get("of") != self._mark() or kept["ends"] - SPARE_SECONDS <= self._now():
            return None
        return Session(Secret(kept["token"]), kept["rest"], kept["soap"], tuple(kept["scope"]), kept["ends"])

    def _keep(self) -> None:
        file = self.connection.token_file
        if file is None or self._session is None:
            return
        temporary = Path(f"{file}.tmp")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(self._session.as_json(self._mark()))
        os.replace(temporary, file)

    def _mark(self) -> str:
        one = self.connection
        said = f"{one.url} {one.client_id} {one.client_secret.reveal()} {one.account_id}"
        return hashlib.sha256(said.encode()).hexdigest()
