"""Nothing is written to a host that may not be written to, by whatever way a request gets there."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from pipelines.clients import errors
from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.clients.open import open_hubspot, open_salesforce
from pipelines.errors import ConfigError
from pipelines.settings import Settings, load_settings

ROWS = [{"id": "1", "properties": {"lead_score": "5"}}]
PRODUCTION = "https://api.hubapi.com"


def settings(tmp_path: Path, **env: str) -> Settings:
    return load_settings({"CRM_HOME": str(tmp_path), **env}, dotenv=tmp_path / "none")


@pytest.mark.parametrize("operation", ["batch_update", "batch_upsert", "batch_create"])
def test_a_write_to_production_without_permission_sends_nothing(hubspot, operation):
    bench = hubspot(httpx.Response(200, json={"results": []}), url=PRODUCTION, write=False)
    with pytest.raises(errors.WriteRefused) as caught:
        getattr(bench.client, operation)("contacts", ROWS)
    assert bench.script.requests == []
    assert str(caught.value) == (
        "writing to HubSpot is switched off, nothing was sent (api.hubapi.com); "
        "set CRM_WRITE=on if you mean to write there."
    )


@pytest.mark.parametrize("operation", ["update_collection", "create_collection"])
def test_salesforce_writes_to_production_are_refused_too(salesforce, operation):
    bench = salesforce(httpx.Response(200, json=[]), url="https://north.my.salesforce.com", write=False)
    with pytest.raises(errors.WriteRefused):
        getattr(bench.client, operation)("Lead", [{"Id": "00Q1"}])
    with pytest.raises(errors.WriteRefused):
        bench.client.upsert_collection("Lead", "Ext__c", [{"Ext__c": "1"}])
    assert bench.script.requests == []


def test_reading_production_by_post_is_no_write(hubspot):
    bench = hubspot(httpx.Response(200, json={"total": 0, "results": []}), url=PRODUCTION, write=False)
    bench.client.search_page("contacts", (), ())
    bench.client.batch_read("contacts", ["1"], ())
    list(bench.client.associations("contacts", "companies", ["1"]))
    assert [request.method for request in bench.script.requests] == ["POST"] * 3


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_carries_no_write_and_no_token_elsewhere(hubspot, status):
    moved = httpx.Response(
        status, headers={"Location": PRODUCTION + "/crm/objects/2026-03/contacts/batch/update"}
    )
    bench = hubspot(moved)
    with pytest.raises(errors.Redirected, match="redirect"):
        bench.client.batch_update("contacts", ROWS)
    with pytest.raises(errors.Redirected, match="redirect"):
        bench.client.account()
    assert {request.url.host for request in bench.script.requests} == {"127.0.0.1"}


def test_a_local_login_that_points_to_production_is_not_followed(salesforce):
    elsewhere = httpx.Response(
        200, json={"access_token": "t", "instance_url": "https://north.my.salesforce.com"}
    )
    bench = salesforce(httpx.Response(200, json=[]), token=elsewhere)
    bench.client._login.headers()
    for call in (
        lambda: bench.client.update_collection("Lead", [{"Id": "00Q1"}]),
        lambda: bench.client.describe_global(),
    ):
        with pytest.raises(errors.WriteRefused, match=r"north\.my\.salesforce\.com"):
            call()
    assert {request.url.host for request in bench.script.requests} == {"127.0.0.1"}


def test_permission_comes_from_settings(tmp_path):
    closed = settings(tmp_path, HUBSPOT_TOKEN="pat-1")
    with open_hubspot(closed) as client, pytest.raises(errors.WriteRefused):
        client.batch_update("contacts", ROWS)

    opened = settings(tmp_path, HUBSPOT_TOKEN="pat-1", CRM_WRITE="on")
    assert opened.hubspot is not None
    reply = httpx.Response(200, json={"results": [{"id": "1", "properties": {}}]})
    server = httpx.MockTransport(lambda request: reply)
    with HubSpotClient(opened.hubspot, opened.may_write(opened.hubspot), http=server) as client:
        assert client.batch_update("contacts", ROWS)[0].ok


def test_opening_what_is_not_connected_says_what_to_set(tmp_path):
    nothing = settings(tmp_path)
    with pytest.raises(ConfigError, match=r"there is no HubSpot connection.*HUBSPOT_TOKEN"):
        open_hubspot(nothing)
    with pytest.raises(ConfigError, match=r"there is no Salesforce connection.*SALESFORCE_URL"):
        open_salesforce(nothing)


def test_writing_stops_at_its_share_of_hubspots_day_and_reading_back_does_not(hubspot):
    used = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "200"}
    bench = hubspot(
        httpx.Response(200, json={"portalId": 1}, headers=used), httpx.Response(200, json={"results": []})
    )
    bench.client.stop_writing_at(0.8)
    bench.client.account()
    with pytest.raises(errors.DailyLimitReached, match="800 of HubSpot's 1,000 calls") as stopped:
        bench.client.batch_update("contacts", [{"id": "1", "properties": {}}])
    assert "config/syncs.yml" in stopped.value.remedy
    bench.client.batch_read("contacts", ["1"], ["email"])
    assert len(bench.script.requests) == 2


def test_a_call_under_way_counts_for_its_share_of_the_day_before_its_answer_says_so(hubspot):
    used = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "201"}
    row = [{"id": "1", "properties": {}}]

    def meanwhile(request):
        with pytest.raises(errors.DailyLimitReached, match=r"799 of .* used, and 1 are under way"):
            bench.client.batch_update("contacts", row)
        return httpx.Response(200, json={"results": []}, headers=used)

    bench = hubspot(httpx.Response(200, json={"portalId": 1}, headers=used), meanwhile)
    bench.client.stop_writing_at(0.8)
    bench.client.account()
    bench.client.batch_update("contacts", row)
    bench.client.stop_at(0.8)
    bench.client.batch_read("contacts", ["1"], ["email"])
    assert len(bench.script.requests) == 3
    assert bench.client.budget.under_way == 0


def test_writing_stops_at_its_share_of_salesforces_day_and_reading_back_does_not(salesforce):
    used = {"Sforce-Limit-Info": "api-usage=801/1000"}
    bench = salesforce(
        httpx.Response(200, json={"fields": []}, headers=used), httpx.Response(200, json=[None])
    )
    bench.client.stop_writing_at(0.8)
    bench.client.describe("Lead")
    for write in (
        lambda: bench.client.update_collection("Lead", [{"Id": "1"}]),
        lambda: bench.client.ingest.begin("Lead"),
    ):
        with pytest.raises(errors.DailyLimitReached, match="801 of Salesforce's 1,000 calls"):
            write()
    assert bench.client.read_collection("Lead", ["1"], ["Id"]) == [None]
