"""How we sign in to Salesforce: client credentials, JWT bearer with a private key, or a refresh token.

Belongs here: getting and keeping an access token. The token lives in memory only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from pipelines.clients import errors
from pipelines.clients.bearer import BearerLogin
from pipelines.clients.refresh import RefreshToken
from pipelines.clients.transport import Call, json_of
from pipelines.settings import SalesforceConnection, Secret

TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
_JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_SECONDS = 180


class SalesforceLogin(BearerLogin):
    """By whichever of the flows the connection is set up for."""

    def __init__(self, connection: SalesforceConnection, now: Callable[[], datetime] | None = None) -> None:
        super().__init__()
        self.connection = connection
        self._now = now or (lambda: datetime.now(UTC))
        self.scope: tuple[str, ...] = ()
        """Of the latest token; empty before the first, and where Salesforce does not tell."""
        self._refresh = RefreshToken(connection)

    def _sign_in(self) -> None:
        transport = self.transport
        if transport is None:
            raise RuntimeError("a login needs a transport")
        url = self.connection.url + TOKEN_PATH
        with self._refresh.held():
            answer = json_of(transport.send(Call(method="POST", path=url, form=self._grant(), signed=False)))
            if isinstance(answer, dict) and answer.get("refresh_token"):
                self._refresh.keep(str(answer["refresh_token"]))
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise errors.AuthFailed(
                "Salesforce's sign-in gave no token", where=transport.host,
                remedy="check SALESFORCE_URL: it is the org's My Domain, without a path",
            )  # fmt: skip
        self._token = Secret(str(answer["access_token"]))
        self.scope = tuple(str(answer.get("scope") or "").split())
        transport.secrets = (*transport.secrets[:3], self._token)
        transport.origin = str(answer.get("instance_url") or self.connection.url).rstrip("/")

    def _grant(self) -> dict[str, str]:
        connection = self.connection
        if connection.private_key:
            return {"grant_type": _JWT_GRANT, "assertion": self._assertion()}
        if connection.refresh_token:
            return {
                "grant_type": "refresh_token", "refresh_token": self._refresh.current(),
                "client_id": connection.client_id, "client_secret": connection.client_secret.reveal(),
            }  # fmt: skip
        return {
            "grant_type": "client_credentials", "client_id": connection.client_id,
            "client_secret": connection.client_secret.reveal(),
        }  # fmt: skip

    def _assertion(self) -> str:
        import jwt  # needed by this flow only, and slow to import

        claims = {
            "iss": self.connection.client_id, "sub": self.connection.username, "aud": self.connection.url,
            "exp": int(self._now().timestamp()) + _JWT_SECONDS,
        }  # fmt: skip
        try:
            return jwt.encode(claims, self.connection.private_key.reveal(), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            raise errors.AuthFailed(
                "SALESFORCE_PRIVATE_KEY_FILE is not an RSA key in PEM form", where="environment or .env",
                remedy="give the key that belongs to the connected app's certificate",
            ) from None  # fmt: skip
