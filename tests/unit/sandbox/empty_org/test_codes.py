"""Signing in by a code in an empty org."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox.store import Store
from tests.unit.sandbox.empty_org.conftest import Ask

CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b"proof").digest()).decode().rstrip("=")


BACK = "http://localhost:1717/cb"


def _authorized(ask: Ask, back: str, kind: str = "code") -> httpx.Response:
    wish = {"response_type": kind, "client_id": "APP", "redirect_uri": back, "code_challenge": CHALLENGE}
    return ask("GET", f"/services/oauth2/authorize?{urlencode(wish)}")


def _by_code(ask: Ask, code: str, **other: str) -> Any:
    form = {"grant_type": "authorization_code", "client_id": "APP", "redirect_uri": BACK, "code": code}
    return ask("POST", "/services/oauth2/token", urlencode(form | {"code_verifier": "proof"} | other)).json()


def test_a_code_that_was_tried_in_vain_is_spent(ask: Ask) -> None:
    for name, wrong, told in (
        ("client_id", "WRONG", "invalid_client_id"), ("client_secret", "WRONG", "invalid_client"),
        ("code_verifier", "guess", "invalid_grant"), ("redirect_uri", "x://y", "redirect_uri_mismatch"),
    ):  # fmt: skip
        code = str(httpx.URL(_authorized(ask, BACK).headers["location"]).params["code"])
        assert _by_code(ask, code, **{name: wrong})["error"] == told
        assert _by_code(ask, code)["error"] == "invalid_grant"


def test_a_code_that_nobody_brought_back_is_not_kept(ask: Ask, tmp_path: Path) -> None:
    store = Store(tmp_path / "salesforce.sqlite")
    store.set_meta("oauth code old", '{"until": 1}')
    _authorized(ask, BACK)
    kept = store.rows("select key from meta where key like 'oauth code %'")
    store.close()
    assert [key for (key,) in kept] != []
    assert ("oauth code old",) not in kept


def test_an_address_to_go_back_to_stays_one_line_of_plain_signs(ask: Ask) -> None:
    for path, shown in (("/€", "/%E2%82%AC"), ("/\r\nSet-Cookie: a", "/%0D%0ASet-Cookie")):
        door = ask("GET", f"/secur/frontdoor.jsp?{urlencode({'retURL': path})}")
        for answer in (_authorized(ask, f"http://x{path}"), door):
            assert answer.status_code == 302
            assert shown in answer.headers["location"]
            assert "set-cookie" not in answer.headers
