"""Signing calls with an access token that ends, shared by the threads of a process.

Belongs here: who may use a token and who gets the next. How a vendor gives one is in its `auth`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping

from pipelines.clients.transport import Transport
from pipelines.settings import Secret


class BearerLogin(ABC):
    """Signs calls; signs in on first use and again when told that the token has ended."""

    def __init__(self) -> None:
        self.transport: Transport | None = None
        self._token = Secret("")
        self._lock = threading.Lock()
        self._used = threading.local()

    def headers(self) -> Mapping[str, str]:
        with self._lock:
            if not self._token:
                self._sign_in()
            self._used.token = self._token
            return {"Authorization": f"Bearer {self._token.reveal()}"}

    def renew(self) -> bool:
        """Unless another thread has: four readers whose token ended get one between them."""
        with self._lock:
            if getattr(self._used, "token", None) in (None, self._token):
                self._sign_in()
            return True

    @abstractmethod
    def _sign_in(self) -> None:
        """Set `_token`. Raises AuthFailed."""
