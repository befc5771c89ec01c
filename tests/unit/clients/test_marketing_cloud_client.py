"""Marketing Cloud's client against the sandbox's own server, in this process."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.clients import errors
from pipelines.clients.marketing_cloud import soap
from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.marketing_cloud.times import utc
from pipelines.settings import MarketingCloudConnection, Secret
from sandbox.limits import RollingWindow
from tests.fixtures import marketing_cloud as mcs


class Waiting:
    """A clock that does not wait, and remembers for how long it would have."""

    def __init__(self) -> None:
        self.now, self.waited = 0.0, []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds


@pytest.fixture
def mc(smallest_world: Path, tmp_path: Path) -> Iterator[Any]:
    with mcs.account(mcs.copy_of(smallest_world, tmp_path / "mc")) as found:
        yield found


def tokens_asked(mc: Any) -> int:
    return int(mc.store.value("select count(*) from requests where path = '/v2/token'")) - 1


def client(mc: Any, tmp_path: Path, **more: Any) -> MarketingCloudClient:
    connection = replace(mcs.connection(mc), token_file=tmp_path / "token.json")
    return MarketingCloudClient(connection, True, http=mc.http._transport, **more)


def test_all_processes_of_a_machine_share_one_token(mc, tmp_path):
    with client(mc, tmp_path) as first, client(mc, tmp_path) as second:
        assert first.identity() == second.identity()
        assert first.identity().member_id == mc.store.get_meta("member_id")
    assert tokens_asked(mc) == 1
    assert (tmp_path / "token.json").stat().st_mode & 0o077 == 0


def _sign_in(folder: Path, meet: Any, told: Any) -> None:
    """A process that signs in; a token takes until another process waits for it as well."""

    def answer(request: httpx.Request) -> httpx.Response:
        with (folder / "asked").open("a") as log:
            log.write(f"{os.getpid()}\n")
        meet.wait(20)
        urls = {f"{part}_instance_url": f"https://{part}.example/" for part in ("rest", "soap")}
        return httpx.Response(200, json={"access_token": f"of {os.getpid()}", "expires_in": 1_079, **urls})

    connection = MarketingCloudConnection(
        url="https://auth.example", client_id="a", client_secret=Secret("b"), environment="sandbox",
        token_file=folder / "token.json",
    )  # fmt: skip
    with MarketingCloudClient(connection, False, http=httpx.MockTransport(answer)) as one:
        told.put(("begins", os.getpid()))
        told.put((one.session.token.reveal(), one.session.rest))


def test_two_processes_that_sign_in_at_once_ask_for_one_token(tmp_path):
    """Both are under way before the first has its answer: the second waits at the lock and takes that one."""
    forked = multiprocessing.get_context("fork")
    meet, told = forked.Event(), forked.Queue()
    both = [forked.Process(target=_sign_in, args=(tmp_path, meet, told)) for _ in range(2)]
    for process in both:
        process.start()
    begun = [told.get(timeout=20), told.get(timeout=20)]
    meet.set()
    tokens = [told.get(timeout=20), told.get(timeout=20)]
    for process in both:
        process.join(20)
        assert process.exitcode == 0
    assert {said for said, _ in begun} == {"begins"}
    assert len((tmp_path / "asked").read_text().split()) == 1
    assert tokens[0] == tokens[1]


def test_rest_and_soap_are_where_the_token_says_and_not_where_it_was_asked_for(mc):
    """The account's three hosts, as a vendor's subdomain has them."""
    hosts: dict[str, set[str]] = {}
    auth = "https://mc1.auth.marketingcloudapis.com"

    def answer(request: httpx.Request) -> httpx.Response:
        hosts.setdefault(request.url.host.split(".")[1], set()).add(request.url.path)
        passed = {k: v for k, v in request.headers.items() if k != "content-length"}
        found = mc.http.request(
            request.method, f"{request.url.path}?{request.url.query.decode()}", content=request.content,
            headers=passed,
        )  # fmt: skip
        return httpx.Response(
            found.status_code, content=found.content, headers={"date": found.headers["date"]}
        )

    connection = replace(mcs.connection(mc), url=auth)
    with MarketingCloudClient(connection, False, http=httpx.MockTransport(answer)) as one:
        one.identity()
        next(one.retrieve("List", ("ID",)))
        assert (one.session.rest, one.session.soap) == (
            auth.replace(".auth.", ".rest."), auth.replace(".auth.", ".soap."),
        )  # fmt: skip
    assert hosts == {
        "auth": {"/v2/token"}, "rest": {"/platform/v1/tokenContext"}, "soap": {"/Service.asmx"},
    }  # fmt: skip


def test_a_token_that_ended_is_asked_for_anew_by_rest_and_soap_alike(mc, tmp_path):
    with client(mc, tmp_path) as one:
        one.identity()
        mc.do(do="expire_tokens")
        assert one.identity().member_id
        mc.do(do="expire_tokens")
        assert [page.rows for page in one.retrieve("List", ("ID", "ListName"))]
    assert tokens_asked(mc) == 3


def test_an_expired_package_is_said_in_one_sentence(mc, tmp_path):
    mc.do(do="expire_package")
    with client(mc, tmp_path) as one, pytest.raises(errors.AuthFailed) as failed:
        one.identity()
    assert "package has not expired" in failed.value.remedy
    assert mc.store.get_meta("client_secret") not in str(failed.value)


def test_a_throttled_call_waits_as_long_as_it_is_told(mc, tmp_path):
    clock = Waiting()
    with client(mc, tmp_path, clock=clock) as one:
        one.identity()
        mc.server.rest = RollingWindow(0, 60_000)
        with pytest.raises(errors.RateLimited):
            one.identity()
        assert clock.waited[0] == 5.0
        mc.server.rest = RollingWindow(10, 60_000)
        assert one.identity().member_id


def test_a_throttled_soap_call_is_told_from_an_error(mc, tmp_path):
    with client(mc, tmp_path, clock=Waiting()) as one:
        mc.server.soap = RollingWindow(0, 60_000)
        with pytest.raises(errors.RateLimited):
            list(one.retrieve("List", ("ID",)))


def test_pages_of_a_retrieve_follow_each_other_to_the_end(mc, tmp_path):
    at = datetime(2026, 6, 1, tzinfo=UTC)
    rows = [("OpenEvent", int(at.timestamp() * 1000) + n, 1, f"003{n}", 1, 1) for n in range(5_100)]
    mc.store.db.execute("delete from tracking")
    mc.store.db.executemany(
        "insert into tracking (kind, at, subscriber, subscriber_key, send, batch) values (?, ?, ?, ?, ?, ?)",
        rows,
    )
    since = soap.Filter("EventDate", "greaterThanOrEqual", (at + timedelta(milliseconds=50),))
    with client(mc, tmp_path) as one:
        sizes = [len(page.rows) for page in one.retrieve("OpenEvent", ("SubscriberKey", "EventDate"), since)]
    assert sizes == [2_500, 2_500, 50]


def test_several_are_looked_for_with_in_and_a_single_one_is_compared_with(mc, tmp_path):
    keys = [key for (key,) in mc.store.rows("select key from subscribers order by key limit 3")]
    with client(mc, tmp_path) as one:
        for wanted, operator in ((keys[:1], "equals"), (keys, "IN")):
            where = soap.among("SubscriberKey", wanted)
            pages = one.retrieve("Subscriber", ("SubscriberKey",), where)
            assert [row["SubscriberKey"] for page in pages for row in page.rows] == wanted
            assert where.operator == operator


@pytest.mark.parametrize(
    ("kind", "asked", "error"),
    [("Nothing", ("ID",), errors.NotFound), ("List", ("Nothing",), errors.Rejected)],
)
def test_what_soap_does_not_know_is_a_typed_error(mc, tmp_path, kind, asked, error):
    with client(mc, tmp_path) as one, pytest.raises(error):
        list(one.retrieve(kind, asked))


def test_an_answer_that_is_cut_is_not_taken_for_the_end(mc):
    answer = mc.http.post("/Service.asmx", content=b"").content
    with pytest.raises(errors.Truncated):
        soap.parsed(httpx.Response(200, content=answer[:100]), "host")


def test_times_are_central_all_year():
    assert utc("2026-07-01T06:00:00.5") == "2026-07-01T12:00:00.500000+00:00"
    assert utc("2026-01-01T06:00:00") == "2026-01-01T12:00:00+00:00"
    assert utc("0001-01-01T00:00:00") is None
