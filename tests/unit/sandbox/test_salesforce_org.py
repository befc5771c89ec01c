"""Signing in to the Salesforce sandbox, and what it says of itself: versions, limits, objects."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.unit.sandbox.conftest import API, Running

TOKEN = "/services/oauth2/token"


def _token(shared: Running, **form: str) -> httpx.Response:
    return httpx.post(shared.ready["salesforce"]["url"] + TOKEN, data=form)


def _assertion(shared: Running, **changes: Any) -> str:
    mine = shared.ready["salesforce"]
    claims = {
        "iss": mine["client_id"],
        "sub": mine["username"],
        "aud": mine["url"],
        "exp": int(time.time()) + 120,
    }
    return jwt.encode(claims | changes, Path(mine["jwt_key_file"]).read_text(), algorithm="RS256")


JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def test_a_signed_assertion_signs_in(shared: Running) -> None:
    answer = _token(shared, grant_type=JWT_BEARER, assertion=_assertion(shared))
    assert answer.status_code == 200
    assert answer.json()["instance_url"] == shared.ready["salesforce"]["url"]
    assert "refresh_token" not in answer.json()
    session = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert httpx.get(shared.ready["salesforce"]["url"] + f"{API}/limits", headers=session).status_code == 200


@pytest.mark.parametrize("changes", [{"exp": 1}, {"iss": "someone"}, {"sub": "nobody@x.example"}])
def test_an_assertion_that_says_the_wrong_thing_does_not(shared: Running, changes: dict[str, Any]) -> None:
    answer = _token(shared, grant_type=JWT_BEARER, assertion=_assertion(shared, **changes))
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("invalid_")


def test_an_assertion_that_was_changed_after_signing_does_not(shared: Running) -> None:
    head, body, signature = _assertion(shared).split(".")
    for broken in (f"{head}.{body}x.{signature}", f"{head}.{body}.{signature[:-8]}AAAAAAAA", "nonsense"):
        assert _token(shared, grant_type=JWT_BEARER, assertion=broken).json()["error"] == "invalid_grant"


def test_other_grants(shared: Running) -> None:
    mine = shared.ready["salesforce"]
    client = {"client_id": mine["client_id"], "client_secret": mine["client_secret"]}
    good = _token(shared, grant_type="refresh_token", refresh_token=mine["refresh_token"], **client)
    assert good.status_code == 200
    assert (
        _token(shared, grant_type="refresh_token", refresh_token="x", **client).json()["error"]
        == "invalid_grant"
    )
    assert (
        _token(shared, grant_type="client_credentials", client_id="x").json()["error"] == "invalid_client_id"
    )
    bad = _token(shared, grant_type="client_credentials", client_id=mine["client_id"], client_secret="x")
    assert bad.json()["error"] == "invalid_client"
    assert _token(shared, grant_type="saml").json()["error"] == "unsupported_grant_type"
    sign_in = {"grant_type": "password", "username": mine["username"], **client}
    known = _token(shared, password=mine["password"] + mine["security_token"], **sign_in).json()
    signed = hmac.new(mine["client_secret"].encode(), (known["id"] + known["issued_at"]).encode(), "sha256")
    assert known["signature"] == base64.b64encode(signed.digest()).decode()
    wrong = _token(shared, password="guess", **sign_in).json()
    assert (wrong["error"], wrong["error_description"]) == ("invalid_grant", "authentication failure")
    basic = httpx.post(
        mine["url"] + TOKEN,
        data={"grant_type": "client_credentials"},
        auth=(mine["client_id"], mine["client_secret"]),
    )
    assert basic.status_code == 200


def test_a_browser_brings_back_a_code_that_is_good_once_for_who_asked_for_it(shared: Running) -> None:
    mine, back = shared.ready["salesforce"], "http://localhost:1717/cb"
    challenge = base64.urlsafe_b64encode(hashlib.sha256(b"proof").digest()).decode().rstrip("=")
    wish = {"response_type": "code", "client_id": mine["client_id"], "redirect_uri": back, "state": "s 1",
            "code_challenge": challenge}  # fmt: skip

    def code() -> str:
        there = httpx.get(mine["url"] + "/services/oauth2/authorize", params=wish).headers["location"]
        assert there.startswith(back + "?")
        found = httpx.URL(there).params
        assert found["state"] == "s 1"
        return str(found["code"])

    first, second = code(), code()
    give = {"grant_type": "authorization_code", "client_id": mine["client_id"], "redirect_uri": back}
    told = _token(shared, code=first, code_verifier="proof", **give).json()
    assert told["refresh_token"] == mine["refresh_token"]
    for spent in ({"code": first, "code_verifier": "proof"}, {"code": second, "code_verifier": "guess"}):
        assert _token(shared, **spent, **give).json()["error"] == "invalid_grant"
    client = {"client_id": mine["client_id"], "client_secret": mine["client_secret"]}
    address = mine["url"] + "/services/oauth2/introspect"
    states = [httpx.post(address, data={"token": each, **client}).json()["active"] for each in
              (told["access_token"], "nothing")]  # fmt: skip
    assert states == [True, False]
    door = shared.salesforce.get("/services/oauth2/singleaccess").json()["frontdoor_uri"]
    assert httpx.get(door).headers["location"] == "/"
    assert httpx.get(mine["url"] + "/services/oauth2/singleaccess").status_code == 401


def test_without_a_session_nothing_is_told(shared: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer stale"}):
        answer = httpx.get(shared.ready["salesforce"]["url"] + f"{API}/sobjects", headers=headers)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


def test_versions_limits_and_userinfo(shared: Running) -> None:
    versions = {v["version"]: v["label"] for v in shared.salesforce.get("/services/data").json()}
    assert (len(versions), versions["67.0"], versions["68.0"]) == (38, "Summer '26", "Winter '27")
    answer = shared.salesforce.get(f"{API}/limits")
    assert {"DailyApiRequests", "DailyBulkV2QueryJobs"} <= set(answer.json())
    assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")
    info = shared.salesforce.get("/services/oauth2/userinfo").json()
    assert info["organization_id"] == shared.ready["salesforce"]["organization_id"]
    assert shared.salesforce.get(API).json()["sobjects"] == f"{API}/sobjects"


def test_addresses_that_a_describe_names_are_answered(shared: Running) -> None:
    urls = shared.salesforce.get(f"{API}/sobjects/Contact/describe").json()["urls"]
    for name in ("listviews", "quickActions", "compactLayouts", "approvalLayouts"):
        assert shared.salesforce.get(urls[name]).status_code == 200, name
    layout = shared.salesforce.get(urls["compactLayouts"]).json()["compactLayouts"][0]
    assert layout["fieldItems"][0]["layoutComponents"][0]["value"] == "Name"
    assert shared.salesforce.get(f"{API}/sobjects/Nothing/listviews").status_code == 404
    assert shared.salesforce.get(f"{API}/tabs").json() == []


def test_the_org_is_prepared_for_our_fields(shared: Running) -> None:
    listed = {o["name"]: o for o in shared.salesforce.get(f"{API}/sobjects").json()["sobjects"]}
    assert {"Lead", "OpportunityHistory", "OpportunityStage", "CampaignMember", "Group"} <= set(listed)
    for name in ("Lead", "Contact"):
        fields = {
            f["name"]: f for f in shared.salesforce.get(f"{API}/sobjects/{name}/describe").json()["fields"]
        }
        for ours in ("Lead_Score__c", "First_Touch_Source__c", "Touch_Count__c", "Attributed_Revenue__c"):
            assert fields[ours]["updateable"]
            assert fields[ours]["custom"]
    empty = shared.soql("SELECT COUNT() FROM Lead WHERE Lead_Score__c != null AND Company != 'Test Ltd'")
    assert empty["totalSize"] == 0


def test_new_leads_wait_in_the_queue(shared: Running) -> None:
    queue = shared.soql("SELECT Id FROM Group WHERE Type = 'Queue'")["records"][0]["Id"]
    assert queue.startswith("00G")
    waiting = shared.soql(f"SELECT COUNT() FROM Lead WHERE OwnerId = '{queue}' AND IsConverted = false")
    assert waiting["totalSize"] > 5
