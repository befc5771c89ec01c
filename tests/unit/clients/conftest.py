"""A scripted server: answers in the order given, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from pipelines.clients.hubspot.client import HubSpotClient, windows
from pipelines.clients.rate_limit import RateBudget
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.settings import HubSpotConnection, SalesforceConnection, Secret


class FakeClock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Script:
    """Answers one after the other; the last one again and again."""

    answers: list[Answer] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, httpx.Response):
            return answer(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@dataclass
class Bench:
    """A client, the server it talks to and the clock it waits by."""

    script: Script
    clock: FakeClock
    client: Any


MakeHubSpot = Callable[..., Bench]


@pytest.fixture
def hubspot() -> MakeHubSpot:
    def make(*answers: Answer, url: str = "http://127.0.0.1:1", write: bool = True) -> Bench:
        script, clock = Script(list(answers)), FakeClock()
        connection = HubSpotConnection(url=url, token=Secret("pat-very-secret"), environment="production")
        client = HubSpotClient(
            connection,
            write,
            budget=RateBudget(windows(), clock),
            http=httpx.MockTransport(script),
            clock=clock,
        )
        return Bench(script, clock, client)

    return make


TOKEN = httpx.Response(200, json={"access_token": "session-secret", "instance_url": "http://127.0.0.1:1"})


@pytest.fixture
def salesforce() -> MakeHubSpot:
    def make(
        *answers: Answer, url: str = "http://127.0.0.1:1", write: bool = True, token: httpx.Response = TOKEN
    ) -> Bench:
        script, clock = Script([token, *answers]), FakeClock()
        connection = SalesforceConnection(
            url=url, client_id="our-app", client_secret=Secret("client-very-secret"), environment="production"
        )
        client = SalesforceClient(
            connection, write, budget=RateBudget({}), http=httpx.MockTransport(script), clock=clock
        )
        return Bench(script, clock, client)

    return make
