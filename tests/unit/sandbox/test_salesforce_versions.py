"""What an older version of the API does not know yet."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.clock import Clock
from sandbox.salesforce import app
from sandbox.store import Store


@pytest.fixture(scope="module")
def asked(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Asks an org in this process; the answers in their order."""
    home = Path(shutil.copytree(world, tmp_path_factory.mktemp("versions") / "home"))
    store, clock = Store(home / "salesforce.sqlite"), Clock(home / "clock")
    store.db.execute("insert or replace into tokens values ('SESSION', '005', ?)", (2**41,))
    transport = httpx.ASGITransport(app=app.application(store, clock, limited=False))

    def ask(*paths: str, **options: Any) -> list[httpx.Response]:
        async def all_of() -> list[httpx.Response]:
            async with httpx.AsyncClient(
                transport=transport, base_url="http://sf", headers={"Authorization": "Bearer SESSION"}
            ) as client:
                return [
                    await client.request(options.get("method", "GET"), f"/services/data/{p}") for p in paths
                ]

        return asyncio.run(all_of())

    yield ask
    store.close()
    clock.close()


@pytest.mark.parametrize(
    ("path", "since"),
    [("jobs/query", 47), ("composite", 38), ("composite/sobjects/Lead", 42)],
)
def test_a_resource_is_there_from_its_version_on(asked: Any, path: str, since: int) -> None:
    before, at = asked(f"v{since - 1}.0/{path}", f"v{since}.0/{path}")
    assert before.json()[0]["errorCode"] == "NOT_FOUND"
    assert (before.status_code, before.json()) != (at.status_code, at.json())


def test_a_describe_and_a_query_know_what_their_version_knows(asked: Any) -> None:
    old, new = asked("v45.0/sobjects/Opportunity/describe", "v46.0/sobjects/Opportunity/describe")
    assert "ContactId" not in {f["name"] for f in old.json()["fields"]}
    assert "ContactId" in {f["name"] for f in new.json()["fields"]}
    assert "associateEntityType" not in new.json()
    for sobject, field, since in (("Opportunity", "LastStageChangeDate", 52), ("Event", "EndDate", 46),
                                  ("Lead", "GeocodeAccuracy", 35)):  # fmt: skip
        before, then = asked(*(f"v{v}.0/sobjects/{sobject}/describe" for v in (since - 1, since)))
        more = {f["name"] for f in then.json()["fields"]} - {f["name"] for f in before.json()["fields"]}
        assert field in more
    limits = [answer.json() for answer in asked("v48.0/limits", "v49.0/limits")]
    assert ["DailyBulkApiRequests" in each for each in limits] == [True, False]
    assert limits[0]["DailyBulkApiRequests"] == limits[1]["DailyBulkApiBatches"]
    query = "query?q=select+ContactId+from+Opportunity+limit+1"
    refused, fine = asked(f"v45.0/{query}", f"v46.0/{query}")
    assert refused.json()[0]["errorCode"] == "INVALID_FIELD"
    assert fine.json()["done"]
    names = [
        {each["name"] for each in answer.json()["sobjects"]}
        for answer in asked("v36.0/sobjects", "v37.0/sobjects")
    ]
    assert names[1] - names[0] == {"CampaignInfluence", "CampaignInfluenceModel"}
    latest, functions = asked(
        "latest/sobjects/Lead/describe", "v50.0/query?q=select+FIELDS(ALL)+from+Lead+limit+1"
    )
    assert latest.json()["associateEntityType"] is None
    assert functions.json()[0]["errorCode"] == "MALFORMED_QUERY"


def test_another_method_is_refused_in_salesforces_words(asked: Any) -> None:
    (answer,) = asked("v67.0/limits", method="DELETE")
    assert answer.status_code == 405
    assert answer.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"
