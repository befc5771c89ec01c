"""Retries, waiting, signing in again, and what is never said."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

import httpx
import pytest

from pipelines.clients import errors
from pipelines.clients.transport import ATTEMPTS, CONNECT_ATTEMPTS, RENEWALS

ACCOUNT = httpx.Response(200, json={"portalId": 1}, headers={"Date": "Tue, 30 Jun 2026 12:00:00 GMT"})
BUSY = httpx.Response(429, json={"policyName": "TEN_SECONDLY_ROLLING"}, headers={"Retry-After": "3"})
REPLY = httpx.Response(200, json={"results": [{"id": "1", "properties": {}}]})


def test_a_429_is_waited_out_as_long_as_the_vendor_asks(hubspot):
    bench = hubspot(BUSY, ACCOUNT)
    assert bench.client.account() == {"portalId": 1}
    assert bench.clock.now >= 3
    assert bench.client.calls == 2


def test_a_429_without_retry_after_is_waited_out_too(hubspot):
    bench = hubspot(httpx.Response(429, json={}), ACCOUNT)
    assert bench.client.account() == {"portalId": 1}


def test_retry_after_may_be_a_date(hubspot):
    later = {"Retry-After": "Tue, 30 Jun 2026 12:00:07 GMT", "Date": "Tue, 30 Jun 2026 12:00:00 GMT"}
    bench = hubspot(httpx.Response(503, headers=later), ACCOUNT)
    bench.client.account()
    assert bench.clock.slept == [7.0]


def test_waiting_is_bounded_when_the_vendor_asks_for_an_hour(hubspot):
    bench = hubspot(httpx.Response(429, json={}, headers={"Retry-After": "3600"}))
    with pytest.raises(errors.RateLimited, match="HubSpot says too many calls"):
        bench.client.account()
    assert bench.clock.slept == []


def test_attempts_are_bounded(hubspot):
    bench = hubspot(httpx.Response(502))
    with pytest.raises(errors.Unavailable, match=r"HubSpot is in trouble \(status 502\) \(127\.0\.0\.1:1\)"):
        bench.client.account()
    assert bench.client.calls == ATTEMPTS


def test_a_reset_while_reading_is_tried_again(hubspot):
    bench = hubspot(httpx.ReadError("reset"), ACCOUNT)
    assert bench.client.account() == {"portalId": 1}


def test_an_unreachable_host_is_one_sentence(hubspot):
    bench = hubspot(httpx.ConnectError("refused"))
    with pytest.raises(errors.Unreachable) as caught:
        bench.client.account()
    assert str(caught.value) == (
        "HubSpot cannot be reached (127.0.0.1:1); check the URL and the network, then run this again."
    )
    assert bench.client.calls == CONNECT_ATTEMPTS


def test_a_lost_answer_to_a_write_is_not_sent_again(hubspot):
    for lost in (httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.Response(502)):
        bench = hubspot(lost)
        with pytest.raises(errors.AnswerLost):
            bench.client.batch_update("contacts", [{"id": "1", "properties": {}}])
        assert bench.client.calls == 1


def test_a_write_that_was_not_begun_is_sent_again(hubspot):
    bench = hubspot(BUSY, httpx.Response(423), REPLY)
    assert bench.client.batch_update("contacts", [{"id": "1", "properties": {}}])[0].ok
    assert bench.client.calls == 3


def test_a_wrong_token_is_one_sentence_without_the_token(hubspot):
    body = {"category": "INVALID_AUTHENTICATION", "message": "token pat-very-secret is wrong"}
    bench = hubspot(httpx.Response(401, json=body))
    with pytest.raises(errors.AuthFailed, match="HubSpot does not accept the token") as caught:
        bench.client.account()
    assert "secret" not in str(caught.value)


def test_a_vendor_that_repeats_our_token_is_redacted(hubspot):
    body = {"category": "VALIDATION_ERROR", "message": "cannot use pat-very-secret here"}
    bench = hubspot(httpx.Response(400, json=body))
    with pytest.raises(errors.Rejected) as caught:
        bench.client.account()
    assert "cannot use *** here" in str(caught.value)


def test_nothing_secret_is_logged(hubspot, caplog):
    caplog.set_level(logging.DEBUG)
    bench = hubspot(BUSY, REPLY)
    bench.client.batch_update("contacts", [{"id": "1", "properties": {"email": "ann@x.example"}}])
    assert "batch/update" in caplog.text
    assert "secret" not in caplog.text
    assert "ann@x.example" not in caplog.text


def test_a_session_that_ended_is_renewed_also_when_it_ends_again_but_not_for_ever(salesforce):
    ended = httpx.Response(401, json=[{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}])
    again = httpx.Response(200, json={"access_token": "second", "instance_url": "http://127.0.0.1:1"})
    bench = salesforce(ended, again, httpx.Response(200, json={"sobjects": []}))
    assert bench.client.describe_global() == []
    assert bench.script.requests[-1].headers["Authorization"] == "Bearer second"

    bench = salesforce(ended, again, ended, again, httpx.Response(200, json={"sobjects": []}))
    assert bench.client.describe_global() == []

    bench = salesforce(*[ended, again] * RENEWALS, ended)
    with pytest.raises(errors.AuthFailed):
        bench.client.describe_global()
    assert bench.client.calls == 2 * (1 + RENEWALS)


def test_a_call_refused_with_two_tokens_of_which_another_thread_renewed_one_signs_in_itself(salesforce):
    ended = httpx.Response(401, json=[{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}])
    tokens, asked = iter("abcdef"), []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": next(tokens)})
        asked.append(request.headers["Authorization"].removeprefix("Bearer "))
        place = len(asked)
        if place == 1:
            other = threading.Thread(target=bench.client.describe_global)
            other.start()
            other.join()
        return ended if place in (1, 2, 4) else httpx.Response(200, json={"sobjects": []})

    bench = salesforce(ended)
    bench.client._transport.wire._client._transport = httpx.MockTransport(answer)
    assert bench.client.describe_global() == []
    assert asked == ["a", "a", "b", "b", "c"]


def test_server_time_is_the_date_header(hubspot):
    bench = hubspot(ACCOUNT)
    assert bench.client.server_time is None
    bench.client.account()
    assert bench.client.server_time == datetime(2026, 6, 30, 12, tzinfo=UTC)


def test_the_daily_limit_is_not_waited_for(hubspot):
    bench = hubspot(httpx.Response(429, json={"policyName": "DAILY"}))
    with pytest.raises(errors.DailyLimitReached, match="used up"):
        bench.client.account()
    assert bench.client.calls == 1
