"""Salesforce's clients, unmodified, over the proxy: simple-salesforce, jsforce, tap-salesforce."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import simple_salesforce.bulk
import simple_salesforce.bulk2
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceResourceNotFound

from tests.clients.conftest import records, run, selected
from tests.unit.sandbox.conftest import Running


@pytest.fixture
def org(served: Running, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Salesforce:
    for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, environment[name])
    known = served.ready["salesforce"]
    return Salesforce(
        username=known["username"], password=known["password"], security_token=known["security_token"]
    )


def test_simple_salesforce_signs_in_each_way(org: Salesforce, served: Running) -> None:
    known = served.ready["salesforce"]
    by_key = Salesforce(
        username=known["username"], consumer_key=known["client_id"], privatekey_file=known["jwt_key_file"]
    )
    by_client = Salesforce(
        consumer_key=known["client_id"], consumer_secret=known["client_secret"], domain="northwind.my"
    )
    counts = {each.query("select count() from Lead")["totalSize"] for each in (org, by_key, by_client)}
    assert len(counts) == 1


def test_simple_salesforce_writes_row_by_row(org: Salesforce) -> None:
    made = org.Account.create({"Name": "Client Co"})
    assert org.Account.update(made["id"], {"Phone": "123"}) == 204
    assert org.Account.get(made["id"])["Phone"] == "123"
    assert org.Account.upsert("External_Id__c/simple-1", {"Name": "Up"}) == 201
    assert org.Account.upsert("External_Id__c/simple-1", {"Name": "Up again"}) == 200
    assert org.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        org.Account.get(made["id"])
    with pytest.raises(SalesforceMalformedRequest) as refused:
        org.Contact.create({"FirstName": "x"})
    assert refused.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_simple_salesforce_writes_and_reads_in_bulk(
    org: Salesforce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (simple_salesforce.bulk, simple_salesforce.bulk2):  # it asks again after 5 s
        monkeypatch.setattr(module, "sleep", lambda seconds: time.sleep(seconds / 200))
    rows: list[dict[str, Any]] = [{"LastName": f"One{n}"} for n in range(5)]
    results = org.bulk.Contact.insert([*rows, {"FirstName": "nobody"}])
    assert [r["success"] for r in results] == [True] * 5 + [False]
    found = org.bulk.Contact.query("select Id, LastName from Contact where LastName like 'One%'")
    assert len(found) == 5
    (done,) = org.bulk2.Contact.insert(records=[{"LastName": f"Two{n}", "Email": ""} for n in range(5)])
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (5, 0)
    assert org.bulk2.Contact.get_successful_records(done["job_id"]).count("Two") == 5
    pages = list(
        org.bulk2.Contact.query("select LastName from Contact where LastName like 'Two%'", max_records=2)
    )
    assert sum(page.count("Two") for page in pages) == 5


def test_simple_salesforce_describes_and_searches(org: Salesforce) -> None:
    assert {"Lead", "Opportunity"} <= {each["name"] for each in org.describe()["sobjects"]}
    assert "LastName" in {field["name"] for field in org.Lead.describe()["fields"]}
    assert org.limits()["DailyApiRequests"]["Max"] > 0
    org.Account.create({"Name": "Findable Fjords"})
    found = org.search("FIND {Fjords} IN ALL FIELDS RETURNING Account(Id, Name)")["searchRecords"]
    assert [each["Name"] for each in found] == ["Findable Fjords"]


_JSFORCE = """
const jsforce = require(process.argv[2]), ready = JSON.parse(process.argv[3]), s = ready.salesforce;
(async () => {
  const c = new jsforce.Connection({loginUrl: 'https://login.salesforce.com', httpProxy: ready.front.url});
  await c.login(s.username, s.password + s.security_token);
  c.bulk.pollTimeout = c.bulk2.pollTimeout = 60000;
  const told = {instance: c.instanceUrl};
  const account = c.sobject('Account');
  told.many = await account.create([{Name: 'JS one'}, {Name: 'JS two'}, {}]).catch(e => e.errorCode);
  await c.sobject('Contact').create({LastName: 'Child', AccountId: told.many[0].id});
  told.query = (await c.query(
    "select Name, (select LastName from Contacts) from Account where Name like 'JS%'")).records;
  told.updated = await account.update({Id: told.many[0].id, Phone: '1'});
  const wish = {External_Id__c: 'js-1', Name: 'JS up'};
  told.upserts = [await account.upsert(wish, 'External_Id__c'), await account.upsert(wish, 'External_Id__c')];
  told.phone = (await account.retrieve(told.many[0].id)).Phone;
  told.fields = (await c.sobject('Lead').describe()).fields.length;
  told.bulk = await c.bulk.load('Contact', 'insert', [{LastName: 'JSB'}, {LastName: 'JSB2'}]);
  told.bulk2 = await c.bulk2.loadAndWaitForResults({object: 'Contact', operation: 'insert',
    input: [{LastName: 'JSC', Email: 'not mail'}, {LastName: 'JSD', Email: 'js@d.example'}],
    pollTimeout: 60000, pollInterval: 50});
  const lead = await c.sobject('Lead').create({LastName: 'Conv', Company: 'ConvCo'});
  told.converted = await c.soap.convertLead({leadId: lead.id, convertedStatus: 'Closed - Converted'});
  told.user = (await c.identity()).username;
  told.deleted = await account.del(told.many[0].id);
  told.wrong = await c.query('select Nope from Account').catch(e => e.errorCode);
  console.log(JSON.stringify(told));
})().catch(e => { console.error(e); process.exit(1); });
"""


def test_jsforce_signs_in_reads_writes_converts(
    served: Running, environment: dict[str, str], installed: Callable[[str], Path]
) -> None:
    module = installed("jsforce")
    told = json.loads(run(["node", "-e", _JSFORCE, "-", str(module), json.dumps(served.ready)], environment))
    assert told["instance"].endswith(".my.salesforce.com")
    assert [each["success"] for each in told["many"]] == [True, True, False]
    by_name = {each["Name"]: each["Contacts"] for each in told["query"]}
    assert by_name["JS one"]["records"][0]["LastName"] == "Child"
    assert by_name["JS two"] is None
    assert [each["created"] for each in told["upserts"]] == [True, False]
    assert told["phone"] == "1"
    assert told["fields"] > 30
    assert [each["success"] for each in told["bulk"]] == [True, True]
    assert [each["LastName"] for each in told["bulk2"]["successfulResults"]] == ["JSD"]
    assert [each["LastName"] for each in told["bulk2"]["failedResults"]] == ["JSC"]
    assert told["converted"]["success"] is True
    assert told["user"] == served.ready["salesforce"]["username"]
    assert told["wrong"] == "INVALID_FIELD"


@pytest.mark.parametrize("api", ["REST", "BULK"])
def test_tap_salesforce_discovers_and_syncs(
    served: Running, environment: dict[str, str], installed: Callable[[str], Path], tmp_path: Path, api: str
) -> None:
    tap, known = str(installed("tap-salesforce")), served.ready["salesforce"]
    config = {name: known[name] for name in ("client_id", "client_secret", "refresh_token")}
    config |= {"start_date": "2024-01-01T00:00:00Z", "api_type": api, "select_fields_by_default": "true"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    arguments = [tap, "-c", str(tmp_path / "config.json")]
    catalog = selected(run([*arguments, "--discover"], environment), {"Lead", "OpportunityFieldHistory"})
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    found = records(run([*arguments, "-p", str(tmp_path / "catalog.json")], environment))
    for name in ("Lead", "OpportunityFieldHistory"):
        ours = served.salesforce.get(
            "/services/data/v67.0/queryAll", params={"q": f"select count() from {name}"}
        )
        assert len(found[name]) == ours.json()["totalSize"], name
