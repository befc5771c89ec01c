"""HubSpot's clients, unmodified: hubspot-api-client by its option for the host, tap-hubspot by the proxy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from hubspot.crm.contacts.exceptions import ApiException

from tests.clients.conftest import records, run, selected
from tests.unit.sandbox.conftest import Running


@pytest.fixture(scope="module")
def portal(served: Running) -> Any:
    url = served.ready["front"]["url"]
    return HubSpot(access_token=served.ready["hubspot"]["token"], host=url, base_url=url)


def _made(portal: Any, email: str, **more: str) -> Any:
    wish = SimplePublicObjectInputForCreate(properties={"email": email, **more}, associations=[])
    return portal.crm.contacts.basic_api.create(wish)


def test_the_client_creates_reads_updates_and_archives(portal: Any) -> None:
    made = _made(portal, "one@client.example", firstname="One")
    api = portal.crm.contacts.basic_api
    changed = api.update(made.id, SimplePublicObjectInput(properties={"firstname": "Two"}))
    assert changed.properties["firstname"] == "Two"
    read = api.get_by_id(made.id, properties=["firstname"], properties_with_history=["firstname"])
    assert [each.value for each in read.properties_with_history["firstname"]] == ["Two", "One"]
    api.archive(made.id)
    with pytest.raises(ApiException) as gone:
        api.get_by_id(made.id)
    assert gone.value.status == 404
    assert made.id in [each.id for each in portal.crm.contacts.get_all(archived=True)]


def test_the_client_works_in_batches(portal: Any) -> None:
    inputs = [{"properties": {"email": f"b{n}@client.example"}, "associations": []} for n in range(3)]
    api = portal.crm.contacts.batch_api
    made = api.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
    assert (made.status, len(made.results)) == ("COMPLETE", 3)
    changes = [{"id": each.id, "properties": {"city": "Bergen"}} for each in made.results]
    assert len(api.update(BatchInputSimplePublicObjectBatchInput(inputs=changes)).results) == 3
    upserts = [
        {"id": f"b{n}@client.example", "idProperty": "email", "properties": {"city": "Oslo"}} for n in (0, 9)
    ]
    done = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=upserts))
    assert sorted(each.new for each in done.results) == [False, True]


def test_the_client_searches_and_merges(portal: Any) -> None:
    first, second = _made(portal, "m1@client.example"), _made(portal, "m2@client.example")
    wish = PublicMergeInput(primary_object_id=first.id, object_id_to_merge=second.id)
    merged = portal.crm.contacts.basic_api.merge(wish)
    filters = [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "m1@client.example"}]}]
    found = portal.crm.contacts.search_api.do_search(PublicObjectSearchRequest(filter_groups=filters))
    assert [each.id for each in found.results] == [merged.id]
    assert portal.crm.contacts.basic_api.get_by_id(second.id).id == merged.id


def test_the_client_pages_through_everything(portal: Any, served: Running) -> None:
    ids = [each.id for each in portal.crm.companies.get_all()]
    assert len(ids) == len(set(ids)) > 40
    owners = portal.crm.owners.owners_api.get_page(limit=100).results
    assert len(owners) > 10
    assert portal.crm.properties.core_api.get_all("deals").results
    assert portal.crm.pipelines.pipelines_api.get_all("deals").results


def test_the_client_raises_the_vendors_errors(portal: Any) -> None:
    _made(portal, "twice@client.example")
    with pytest.raises(ApiException) as twice:
        _made(portal, "twice@client.example")
    assert twice.value.status == 409
    with pytest.raises(ApiException) as unknown:
        _made(portal, "x@client.example", no_such_property="1")
    assert json.loads(unknown.value.body)["category"] == "VALIDATION_ERROR"


def test_the_client_signs_in_as_an_app(portal: Any, served: Running) -> None:
    known = served.ready["hubspot"]
    token = portal.oauth.tokens_api.create(
        grant_type="refresh_token", client_id=known["client_id"], client_secret=known["client_secret"],
        refresh_token=known["refresh_token"],
    )  # fmt: skip
    url = served.ready["front"]["url"]
    assert HubSpot(access_token=token.access_token, host=url).crm.contacts.basic_api.get_page(limit=1).results


def test_tap_hubspot_discovers_and_syncs_every_stream(
    served: Running, environment: dict[str, str], installed: Callable[[str], Path], tmp_path: Path
) -> None:
    tap, known = str(installed("tap-hubspot")), served.ready["hubspot"]
    config = {name: known[name] for name in ("client_id", "client_secret", "refresh_token")}
    config |= {"redirect_uri": "https://app.example/back", "start_date": "2024-01-01T00:00:00Z"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    arguments = [tap, "-c", str(tmp_path / "config.json")]
    catalog = selected(run([*arguments, "--discover"], environment))
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    found = records(run([*arguments, "-p", str(tmp_path / "catalog.json")], environment))
    for stream, plural in (("contacts", "contacts"), ("companies", "companies"), ("deals", "deals")):
        ours = served.hubspot.post(f"/crm/v3/objects/{plural}/search", json={"limit": 1}).json()["total"]
        assert len(found[stream]) == ours, stream
    for stream in ("engagements", "list_memberships", "form_submissions", "email_events", "deal_pipelines"):
        assert found[stream], stream


_NODE = """
const hubspot = require(process.argv[2]), ready = JSON.parse(process.argv[3]), told = {};
const c = new hubspot.Client({accessToken: ready.hubspot.token, basePath: ready.front.url}), crm = c.crm;
const status = wish => wish.then(() => 0, refused => refused.code);
(async () => {
  const made = await crm.contacts.basicApi.create({properties: {email: 'node@client.example'}});
  await crm.contacts.basicApi.update(made.id, {properties: {firstname: 'Ada'}});
  const inputs = [{id: 'node@client.example', idProperty: 'email', properties: {lastname: 'Node'}}];
  told.upserted = (await crm.contacts.batchApi.upsert({inputs})).results[0].id === made.id;
  const read = await crm.contacts.basicApi.getById(made.id, ['firstname', 'lastname']);
  told.names = [read.properties.firstname, read.properties.lastname];
  const filters = [{propertyName: 'email', operator: 'EQ', value: 'node@client.example'}];
  told.found = (await crm.contacts.searchApi.doSearch({filterGroups: [{filters}], limit: 5})).total;
  told.all = (await crm.contacts.getAll()).length;
  told.wrong = await status(crm.contacts.basicApi.create({properties: {nothing: 'x'}}));
  told.absent = await status(crm.contacts.basicApi.getById('999999999'));
  await crm.contacts.basicApi.archive(made.id);
  told.gone = await status(crm.contacts.basicApi.getById(made.id));
  console.log(JSON.stringify(told));
})().catch(problem => { console.error(problem); process.exit(1); });
"""


def test_hubspots_client_for_node_reads_and_writes(
    served: Running, installed: Callable[[str], Path], environment: dict[str, str]
) -> None:
    module = installed("@hubspot/api-client")
    told = json.loads(run(["node", "-e", _NODE, "-", str(module), json.dumps(served.ready)], environment))
    all_of = told.pop("all")
    assert all_of > 100
    assert told == {
        "upserted": True, "names": ["Ada", "Node"], "found": 1, "wrong": 400, "absent": 404, "gone": 404,
    }  # fmt: skip
