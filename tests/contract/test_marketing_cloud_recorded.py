"""Every recorded answer of Marketing Cloud against the sandbox's, where they lie beside the project.

Each way to ask is a function that makes an empty account hold what was recorded, asks, and says which fields
are free. What is recorded and not compared stands in `LEFT_OUT` with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from sandbox.clock import Clock
from sandbox.marketing_cloud import account
from sandbox.store import Store
from sandbox.worlds.default import NOW
from tests.fixtures import marketing_cloud as mcs
from tests.fixtures import recorded
from tests.fixtures.recorded import FOLDER, RECORDED, Free
from tests.fixtures.recorded_marketing_cloud import journeys, rest, soap
from tests.fixtures.recorded_marketing_cloud.common import Asked, read

pytestmark = pytest.mark.outside
LEFT_OUT = {
    "*-expected.*": "what a client of the vendor's keeps on disk or sends; no answer",
    "dataExtension/update-afterCreatedViaEvent-response.xml": "not well-formed: its closing tags are swapped",
    "interaction/v1/interactions/validateStatus/*/get-response.json": "an empty file",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mcs.MarketingCloud]:
    if not FOLDER.is_dir():
        pytest.skip("there is no ../shared/contract beside the project")
    home = tmp_path_factory.mktemp("contract")
    store = Store(home / "marketing_cloud.sqlite")
    account.prepare(store, 1)
    store.close()
    Clock.create(home / "clock", NOW).close()
    with mcs.account(home) as found:
        yield found


@pytest.fixture
def mc(shared: mcs.MarketingCloud) -> mcs.MarketingCloud:
    """An account that holds nothing."""
    for (name,) in shared.store.rows("select name from sqlite_master where type = 'table'"):
        if name not in ("meta", "tokens"):
            shared.store.db.execute(f"delete from {name}")
    return shared


COMPARED: dict[str, Callable[[mcs.MarketingCloud, Path], Asked]] = {
    "data/v1/customobjectdata/*": rest.rowset,
    "data/v1/filetransferlocation*": rest.location,
    "messaging/v1/domainverification/*": rest.domain,
    "messaging/v1/*/definitions/*": rest.definition,
    "hub/v1/contacts/schema/*": rest.contact_schema,
    "interaction/v1/eventDefinitions/*": journeys.event,
    "interaction/v1/interactions/get-response*": journeys.journey_list,
    "interaction/v1/interactions/*/audit/all/*": journeys.audit,
    "interaction/v1/interactions/*/delete-response*": journeys.removed,
    "interaction/v1/interactions/*Async/*": journeys.started,
    "interaction/v1/interactions/*Status/*": journeys.outcome,
    "interaction/v1/interactions/transactional/*": journeys.transactional,
    "interaction/v1/interactions/*": journeys.journey,
    "dataExtension/retrieve-*": soap.extension,
    "dataExtension/*-response.xml": soap.changed,
    "dataExtensionField/*": soap.field,
    "dataExtensionTemplate/*": soap.template,
    "list/*": soap.list_,
}
FILES = sorted(str(path.relative_to(RECORDED)) for path in RECORDED.rglob("*") if path.is_file())
LEFT = {name for name in FILES if any(fnmatchcase(name, pattern) for pattern in LEFT_OUT)}


def test_every_recorded_file_is_compared_or_left_out_for_a_reason(mc: mcs.MarketingCloud) -> None:
    unknown = [name for name in FILES if name not in LEFT and not any(fnmatchcase(name, p) for p in COMPARED)]
    assert unknown == []
    assert len(FILES) - len(LEFT) > 90
    for pattern in (*COMPARED, *LEFT_OUT):
        assert any(fnmatchcase(name, pattern) for name in FILES), f"{pattern} names nothing"


@pytest.mark.parametrize("name", [name for name in FILES if name not in LEFT], ids=str)
def test_an_answer_is_the_recorded_one_field_for_field(name: str, mc: mcs.MarketingCloud) -> None:
    ask = next(how for pattern, how in COMPARED.items() if fnmatchcase(name, pattern))
    real, ours, free = ask(mc, RECORDED / name)
    assert recorded.differences(real, ours, free) == []


def test_the_token_and_its_refusals_are_the_recorded_ones(mc: mcs.MarketingCloud) -> None:
    auth = read(FOLDER / "auth.json")
    answer, told = mc.sign_in(), Free(("access_token", "scope", "soap_instance_url", "rest_instance_url"))
    assert recorded.differences(auth["success"]["response"], answer, told) == []
    assert len(answer["access_token"]) == 512
    assert set(answer["scope"].split()) <= set(auth["success"]["response"]["scope"].split())
    wrong = mc.http.post("/v2/token", json={"grant_type": "client_credentials", "client_id": "a"})
    assert (wrong.status_code, wrong.json()) == (
        auth["unauthorized"]["status"], auth["unauthorized"]["response"],
    )  # fmt: skip
    late = mc.http.get("/hub/v1/campaigns", headers={"Authorization": "Bearer old"})
    assert (late.status_code, late.json()) == (auth["expired"]["status"], auth["expired"]["response"])


def test_what_is_not_there_is_the_recorded_404(mc: mcs.MarketingCloud) -> None:
    answer = mc.http.get("/data/v1/customobjectdata/key/nobody/rowset")
    assert (answer.status_code, answer.json()) == (404, read(FOLDER / "rest404-response.json"))
