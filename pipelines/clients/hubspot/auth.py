"""How we sign in to HubSpot: a token that stays, or an OAuth app's, which lasts half an hour and is renewed.

Belongs here: getting and keeping an access token. The token lives in memory only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.clients import errors
from pipelines.clients.bearer import BearerLogin
from pipelines.clients.hubspot.paths import Paths
from pipelines.clients.refresh import RefreshToken
from pipelines.clients.transport import Call, Transport, json_of
from pipelines.settings import HubSpotConnection, Secret


class FixedToken:
    """The token of a service key or private app."""

    def __init__(self, token: Secret) -> None:
        self._token = token
        self.transport: Transport | None = None

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token.reveal()}"}

    def renew(self) -> bool:
        return False

    def about(self) -> dict[str, Any]:
        """What the token stands for: its scopes among it."""
        return _told(self.transport, Call(
            method="POST", path="/oauth/v2/private-apps/get/access-token-info",
            json={"tokenKey": self._token.reveal()},
        ))  # fmt: skip


class OAuthLogin(BearerLogin):
    """Of an OAuth app, by its refresh token."""

    def __init__(self, connection: HubSpotConnection) -> None:
        super().__init__()
        self.connection = connection
        self._refresh = RefreshToken(connection)

    def about(self) -> dict[str, Any]:
        """What the token stands for: its scopes among it."""
        self.headers()
        connection = self.connection
        form = {
            "token": self._token.reveal(), "token_type_hint": "access_token",
            "client_id": connection.client_id, "client_secret": connection.client_secret.reveal(),
        }  # fmt: skip
        path = f"{Paths(connection.api_version)('token')}/introspect"
        return _told(self.transport, Call(method="POST", path=path, form=form))

    def _sign_in(self) -> None:
        transport, connection = self.transport, self.connection
        if transport is None:
            raise RuntimeError("a login needs a transport")
        with self._refresh.held():
            current = self._refresh.current()
            form = {
                "grant_type": "refresh_token", "refresh_token": current, "client_id": connection.client_id,
                "client_secret": connection.client_secret.reveal(),
            }  # fmt: skip
            path = Paths(connection.api_version)("token")
            answer = json_of(transport.send(Call(method="POST", path=path, form=form, signed=False)))
            following = str(answer.get("refresh_token") or "") if isinstance(answer, dict) else ""
            if following and following != current:
                self._refresh.keep(following)
        if not isinstance(answer, dict) or not answer.get("access_token"):
            raise errors.AuthFailed(
                "HubSpot's sign-in gave no token", where=transport.host, remedy="check HUBSPOT_URL"
            )
        self._token = Secret(str(answer["access_token"]))
        transport.secrets = (connection.client_secret, connection.refresh_token, self._token)


def _told(transport: Transport | None, call: Call) -> dict[str, Any]:
    if transport is None:
        raise RuntimeError("a login needs a transport")
    answer = json_of(transport.send(call))
    return answer if isinstance(answer, dict) else {}
