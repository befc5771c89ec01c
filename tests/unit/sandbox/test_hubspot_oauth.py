"""OAuth at HubSpot: consent, the three grants, what a token stands for, and its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.unit.sandbox.conftest import Running

BACK = "https://app.example/back?x=1"


def _app(portal: Running) -> dict[str, str]:
    return {name: portal.ready["hubspot"][name] for name in ("client_id", "client_secret")}


def _post(portal: Running, path: str, **form: str) -> httpx.Response:
    return httpx.post(portal.ready["hubspot"]["url"] + path, data=form, timeout=30)


def _code(portal: Running) -> str:
    query = {"client_id": _app(portal)["client_id"], "redirect_uri": BACK, "state": "s1", "scope": "oauth"}
    answer = httpx.get(portal.ready["hubspot"]["url"] + "/oauth/authorize", params=query)
    assert answer.status_code == 302
    found = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (found["x"], found["state"]) == (["1"], ["s1"])
    return found["code"][0]


@pytest.mark.parametrize("api", ["v1", "v3", "2026-03", "2026-09"])
def test_a_code_is_exchanged_once(shared: Running, api: str) -> None:
    form = {**_app(shared), "grant_type": "authorization_code", "code": _code(shared), "redirect_uri": BACK}
    token = _post(shared, f"/oauth/{api}/token", **form).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    url = shared.ready["hubspot"]["url"]
    assert httpx.get(f"{url}/crm/v3/objects/contacts?limit=1", headers=headers).status_code == 200
    again = _post(shared, f"/oauth/{api}/token", **form)
    assert (again.status_code, again.json()["status"]) == (400, "BAD_AUTH_CODE")


def test_a_code_is_good_for_its_address_alone(shared: Running) -> None:
    form = {
        **_app(shared),
        "grant_type": "authorization_code",
        "code": _code(shared),
        "redirect_uri": "https://b",
    }
    assert _post(shared, "/oauth/v3/token", **form).json()["status"] == "BAD_REDIRECT_URI"


def test_client_credentials_bring_no_refresh_token(shared: Running) -> None:
    token = _post(shared, "/oauth/v3/token", **_app(shared), grant_type="client_credentials").json()
    assert "refresh_token" not in token
    told = _post(shared, "/oauth/v3/token/introspect", token=token["access_token"]).json()
    assert (told["active"], told["hub_id"]) == (True, int(shared.ready["hubspot"]["portal_id"]))
    old = httpx.get(f"{shared.ready['hubspot']['url']}/oauth/v1/access-tokens/{token['access_token']}").json()
    assert old["token_type"] == "access"
    assert _post(shared, "/oauth/v3/token/revoke", token=token["access_token"]).status_code == 204
    assert _post(shared, "/oauth/v3/token/introspect", token=token["access_token"]).json() == {
        "active": False
    }


def test_a_revoked_app_is_out_until_somebody_consents(fresh: Path, start: Callable[..., Any]) -> None:
    with start(fresh, "--no-limits") as portal:
        refresh = portal.ready["hubspot"]["refresh_token"]
        form = {**_app(portal), "grant_type": "refresh_token", "refresh_token": refresh}
        assert _post(portal, "/oauth/v1/token", **form).status_code == 200
        assert _post(portal, "/oauth/v3/token/revoke", token=refresh).status_code == 204
        assert _post(portal, "/oauth/v1/token", **form).json()["status"] == "BAD_REFRESH_TOKEN"
        code = {
            **_app(portal),
            "grant_type": "authorization_code",
            "code": _code(portal),
            "redirect_uri": BACK,
        }
        assert _post(portal, "/oauth/v3/token", **code).status_code == 200
        assert _post(portal, "/oauth/v1/token", **form).status_code == 200


def test_what_is_the_apps_own_is_had_by_its_developers_key(shared: Running) -> None:
    ready = shared.ready["hubspot"]
    key = {"hapikey": ready["developer_key"]}
    for path, status in ((f"/webhooks/v3/{ready['app_id']}/subscriptions", 200),
                         (f"/crm/v3/timeline/{ready['app_id']}/event-templates", 200),
                         ("/crm/v3/objects/contacts", 401)):  # fmt: skip
        assert httpx.get(ready["url"] + path, params=key).status_code == status
        assert httpx.get(ready["url"] + path, params={"hapikey": "x"}).status_code == 401
