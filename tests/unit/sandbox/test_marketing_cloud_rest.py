"""Marketing Cloud's REST: rows, contacts, journeys, campaigns and tokens, as clients besides the loop ask."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from sandbox import times
from tests.fixtures import marketing_cloud as mcs

BY_KEY, READ = f"/hub/v1/dataevents/key:{mcs.PEOPLE}", f"/data/v1/customobjectdata/key/{mcs.PEOPLE}/rowset"
DELETE = "/contacts/v1/contacts/actions/delete"


def put(mc: mcs.MarketingCloud, *scores: int) -> None:
    """Rows 003A, 003B ... with these scores."""
    rows = [
        {"keys": {"ContactKey": f"003{chr(65 + n)}"}, "values": {"LeadScore": score}}
        for n, score in enumerate(scores)
    ]
    assert mc.http.post(f"{BY_KEY}/rowset", json=rows).json() == rows


def read(mc: mcs.MarketingCloud, **asked: str) -> list[str]:
    page = mc.http.get(READ, params={f"${name}": value for name, value in asked.items()}).json()
    return [row["keys"]["contactkey"] for row in page.get("items", ())]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ("LeadScore gt 9", ["003B", "003C"]),
        ("LeadScore lte '9'", ["003A"]),
        ("(LeadScore eq 10 or LeadScore eq 9) and ContactKey ne '003a'", ["003B"]),
        ("ContactKey like '%C'", ["003C"]),
    ],
)
def test_numbers_are_compared_as_numbers_and_texts_without_case(
    mc_once: mcs.MarketingCloud, chosen: str, found: list[str]
) -> None:
    put(mc_once, 9, 10, 100)
    assert read(mc_once, filter=chosen) == found


@pytest.mark.parametrize("chosen", ["LeadScore gt", "Nope eq 1", "(LeadScore eq 1", "LeadScore eq x", "))"])
def test_a_filter_that_cannot_be_is_a_400(mc_once: mcs.MarketingCloud, chosen: str) -> None:
    assert mc_once.http.get(READ, params={"$filter": chosen}).status_code == 400


def test_rows_come_in_the_order_that_is_asked_for_on_every_page(mc_once: mcs.MarketingCloud) -> None:
    put(mc_once, 9, 100, 10)
    assert read(mc_once, orderBy="LeadScore desc") == ["003B", "003C", "003A"]
    asked = {"$orderBy": "LeadScore", "$pageSize": "2", "$fields": "ContactKey"}
    first = mc_once.http.get(READ, params=asked).json()
    second = mc_once.http.get("/data" + first["links"]["next"]).json()
    assert [row for page in (first, second) for row in page["items"]] == [
        {"keys": {"contactkey": key}, "values": {}} for key in ("003A", "003C", "003B")
    ]
    assert mc_once.http.get(READ, params={"$orderBy": "Nope"}).status_code == 400


def test_an_extension_is_named_by_its_id_too_and_an_id_is_no_key(mc_once: mcs.MarketingCloud) -> None:
    own = mc_once.store.value("select id from data_extensions where key = ?", (mcs.PEOPLE,))
    row = [{"keys": {"ContactKey": "003Z"}, "values": {"LeadScore": 1}}]
    assert mc_once.http.post(f"/hub/v1/dataevents/{own}/rowset", json=row).status_code == 200
    assert mc_once.http.post(f"/hub/v1/dataevents/key:{own}/rowset", json=row).status_code == 400
    taken = mc_once.http.put(
        f"/data/v1/async/dataextensions/{own}/rows", json={"items": [{"ContactKey": "1"}]}
    )
    assert taken.status_code == 202
    assert mc_once.http.get(f"/data/v1/customobjectdata/{own}/rowset").json()["count"] == 2
    again = mc_once.http.post(
        f"/data/v1/async/dataextensions/{own}/rows", json={"items": [{"ContactKey": "1"}]}
    )
    results = mc_once.http.get(f"/data/v1/async/{again.json()['requestId']}/results").json()
    assert results["items"][0]["errorCode"] == "UnexpectedError"


def test_a_column_is_incremented(mc_once: mcs.MarketingCloud) -> None:
    put(mc_once, 9)
    column = f"{BY_KEY}/rows/ContactKey:003A/column/LeadScore/increment"
    assert mc_once.http.put(column, params={"step": "5"}).json()["values"] == {"LeadScore": 14}
    assert mc_once.http.put(column).json()["values"] == {"LeadScore": 15}
    assert mc_once.http.put(column, params={"step": "x"}).status_code == 400


def test_a_deleted_contact_is_suppressed_and_gone_two_days_later(mc_once: mcs.MarketingCloud) -> None:
    mc = mc_once
    contact, key = mc.store.row(
        "select id, key from contacts where key in (select key from subscribers) order by id"
    )  # type: ignore[misc]
    asked = {"values": [contact], "deleteOperationType": "ContactAndAttributes"}
    told = mc.http.post(DELETE, params={"type": "ids"}, json=asked).json()
    assert mc.fire(key, "one").status_code == 400
    status = {"operationID": str(told["operationID"])}
    assert mc.http.get(DELETE + "/status", params=status).json()["status"] == "Processing"
    other = mc.http.post(DELETE, json={"Values": ["nobody"], "DeleteOperationType": "ContactAndAttributes"})
    assert other.json()["operationID"] != told["operationID"]
    now = mc.clock.now()
    mc.http.post("/_sandbox/clock", json={"advance_seconds": 2 * 86_400 + 1})
    assert mc.http.get(DELETE + "/status", params=status).json()["status"] == "Completed"
    assert mc.store.value("select count(*) from subscribers where key = ?", (key,)) == 0
    assert mc.store.value("select count(*) from contacts where key = ?", (key,)) == 0
    mc.http.post("/_sandbox/clock", json={"now": times.iso(now)})
    assert mc.http.post(DELETE, params={"type": "listReference"}, json=asked).status_code == 400


def test_contacts_are_found_by_address(mc_once: mcs.MarketingCloud) -> None:
    key, email = mc_once.store.row("select key, email from subscribers order by id")  # type: ignore[misc]
    found = mc_once.http.post(
        "/contacts/v1/addresses/email/search", json={"channelAddressList": [email.upper(), "no@body.example"]}
    ).json()["channelAddressResponseEntities"]
    assert key in [each["contactKey"] for each in found[0]["contactKeyDetails"]]
    assert found[1]["contactKeyDetails"] == []


def test_a_contact_leaves_the_versions_that_are_named(mc_once: mcs.MarketingCloud) -> None:
    mc = mc_once
    mc.fire("003NEW", "one")
    asked = {"ContactKey": "003NEW", "DefinitionKey": mcs.NURTURE}
    members = "/interaction/v1/interactions/contactMembership"

    def journeys() -> list[str]:
        told = mc.http.post(members, json={"ContactKeyList": ["003NEW"]}).json()
        return [each["definitionKey"] for each in told["results"]["contactMemberships"]]

    mc.http.post("/interaction/v1/interactions/contactexit", json=[{**asked, "Versions": [99]}])
    assert journeys() == [mcs.NURTURE]
    mc.http.post("/interaction/v1/interactions/contactexit", json=[{**asked, "Versions": [1]}])
    assert journeys() == []


def test_journeys_are_chosen_by_words_and_kind_and_sorted(mc_once: mcs.MarketingCloud) -> None:
    def listed(**query: str) -> list[str]:
        items = mc_once.http.get("/interaction/v1/interactions", params=query).json()["items"]
        return [each["key"] for each in items]

    every = listed()
    name = mc_once.http.get(f"/interaction/v1/interactions/key:{mcs.NURTURE}").json()["name"]
    assert listed(nameOrDescription=name.upper()) == [mcs.NURTURE]
    assert listed(definitionType="Quicksend") == []
    assert listed(**{"$orderBy": "name DESC"}) == list(reversed(listed(**{"$orderBy": "name ASC"})))
    assert sorted(every) == sorted(listed(**{"$orderBy": "name"}))
    assert mc_once.http.get("/interaction/v1/interactions", params={"$orderBy": "luck"}).status_code == 400


def test_a_campaign_is_made_changed_and_deleted_with_what_hangs_on_it(mc_once: mcs.MarketingCloud) -> None:
    base, http = "/hub/v1/campaigns", mc_once.http
    made = http.post(base, json={"name": "Fair", "campaignCode": "f-1"}).json()
    assert http.post(base, json={"id": made["id"], "name": "Fair 2"}).json()["campaignCode"] == "f-1"
    assert http.get(f"{base}/{made['id']}").json()["name"] == "Fair 2"
    assets = http.post(f"{base}/{made['id']}/assets", json={"type": "CMS_ASSET", "ids": ["7"]}).json()
    assert http.get(f"{base}/{made['id']}/assets/{assets[0]['id']}").json()["itemID"] == "7"
    assert http.delete(f"{base}/{made['id']}/assets/{assets[0]['id']}").status_code == 200
    http.post(f"{base}/{made['id']}/assets", json={"type": "CMS_ASSET", "ids": ["8"]})
    assert http.delete(f"{base}/{made['id']}").status_code == 200
    gone: Any = http.get(f"{base}/{made['id']}")
    assert (gone.status_code, gone.json()["errorcode"], gone.json()["message"]) == (
        400, 10000, "Campaign ID is invalid",
    )  # fmt: skip
    again = http.post(base, json={"name": "Fair 3"}).json()["id"]
    assert http.get(f"{base}/{again}/assets").json()["count"] == 0


def test_a_token_is_asked_for_by_form_and_for_less_than_all(mc_once: mcs.MarketingCloud) -> None:
    names = ("client_id", "client_secret")
    wish = {"grant_type": "client_credentials", **{n: mc_once.store.get_meta(n) for n in names}}
    told = mc_once.http.post("/v2/token", data={**wish, "scope": "campaign_read"}).json()
    assert told["scope"] == "campaign_read"
    refused = mc_once.http.post("/v2/token", json={**wish, "scope": "campaign_read everything"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    assert mc_once.http.get("/hub/v1/campaigns", headers=bearer).status_code == 200
    assert mc_once.http.post("/hub/v1/campaigns", headers=bearer, json={"name": "x"}).status_code == 403
    assert mc_once.http.get(READ, headers=bearer).status_code == 403
    mc_once.do(do="take_scopes", scopes=["data_extensions_write", "tracking_events_read"])
    refused = mc_once.http.post(f"{BY_KEY}/rowset", json=[{"keys": {"ContactKey": "1"}, "values": {}}])
    assert (refused.status_code, refused.json()["message"]) == (403, "Insufficient Privileges")
    lacking = mc_once.retrieve("SentEvent", ["SendID"])
    assert mcs.text(lacking, "OverallStatus") == "Error: API Permission Failed"
    assert mc_once.http.get("/v2/userinfo").json()["organization"]["member_id"] == mc_once.server.member_id


def test_an_asset_is_made_found_changed_and_deleted(mc_once: mcs.MarketingCloud) -> None:
    base, http = "/asset/v1/content/assets", mc_once.http
    wish = {"name": "Welcome", "assetType": {"name": "htmlemail", "id": 208}}
    made = http.post(base, json=wish).json()
    again = http.post(base, json=wish)
    assert (again.status_code, len(again.json()["validationErrors"])) == (400, 1)
    query = {
        "leftOperand": {"property": "assetType.name", "simpleOperator": "equal", "value": "HTMLEMAIL"},
        "logicalOperator": "AND",
        "rightOperand": {"property": "name", "simpleOperator": "like", "value": "Wel%"},
    }
    found = http.post(base + "/query", json={"page": {"page": 1, "pageSize": 5}, "query": query}).json()
    assert [each["id"] for each in found["items"]] == [made["id"]]
    assert http.patch(f"{base}/{made['id']}", json={"name": "Hello"}).json()["name"] == "Hello"
    assert http.delete(f"{base}/{made['id']}").status_code == 200
    assert http.get(base).json()["count"] == 0


def test_assets_are_filtered_and_sorted_and_one_name_stands_once_in_a_place(
    mc_once: mcs.MarketingCloud,
) -> None:
    base, http = "/asset/v1/content/assets", mc_once.http
    for name, kind in (("b", 1), ("a", 1), ("a", 2)):
        assert http.post(base, json={"name": name, "assetType": {"id": kind}}).status_code == 201

    def listed(**query: str) -> list[tuple[str, int]]:
        items = http.get(base, params={f"${name}": value for name, value in query.items()}).json()["items"]
        return [(each["name"], each["assetType"]["id"]) for each in items]

    assert listed(filter="name eq 'A'", orderBy="assetType.id desc") == [("a", 2), ("a", 1)]
    sort = {"sort": [{"property": "name", "direction": "ASC"}]}
    assert [each["name"] for each in http.post(base + "/query", json=sort).json()["items"]] == ["a", "a", "b"]
    first = http.get(base).json()["items"][0]["id"]
    for wish in ({"name": "a"}, {"name": None}):
        assert http.patch(f"{base}/{first}", json=wish).status_code == 400
    assert http.get(base, params={"$filter": "name or so"}).status_code == 400
    nothing = {"query": {"property": "name", "simpleOperator": "equal", "value": []}}
    assert http.post(base + "/query", json=nothing).status_code == 400


JOURNEYS = "/interaction/v1/interactions"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"{BY_KEY}/rows/ContactKey:z", {"values": {"LeadScore": "9" * 400}}),
        ("POST", f"{JOURNEYS}/contactexit",
         [{"ContactKey": "a", "DefinitionKey": "b", "Versions": ["9" * 5_000]}]),
        ("GET", f"{READ}?$filter={'%20or%20'.join(['LeadScore%20eq%201'] * 1_100)}", None),
        ("GET", f"{READ}?$filter=a{'%20' * 9_000}", None),
    ],
)  # fmt: skip
def test_what_is_too_large_is_a_400_at_once(
    mc_once: mcs.MarketingCloud, method: str, path: str, body: Any
) -> None:
    assert mc_once.http.request(method, path, json=body).status_code == 400


def test_a_journey_may_say_anything_and_comes_in_by_what_it_says_last(mc_once: mcs.MarketingCloud) -> None:
    http, trigger = mc_once.http, {"metaData": {"eventDefinitionKey": mcs.ENTRY}}
    odd = {"activities": ["x", {"type": "EMAILV2", "configurationArguments": [1]}], "triggers": 5}
    made = http.post(JOURNEYS, json={"name": "Odd", "key": "odd", **odd}).json()
    wish = {"id": made["id"], "triggers": [{"metaData": 1}, trigger], "entryMode": "MultipleEntries"}
    assert http.put(JOURNEYS, json=wish).json()["entryMode"] == "MultipleEntries"
    status = http.post(f"{JOURNEYS}/publishAsync/{made['id']}").json()["statusId"]
    assert http.get(f"{JOURNEYS}/publishStatus/{status}").json()["errors"] == []
    assert mc_once.fire("003NEW", "odd-1").status_code == 201
    assert http.get(f"{JOURNEYS}/{made['id']}").json()["stats"]["currentPopulation"] == 1


def test_an_event_definitions_field_is_no_longer_than_can_be(mc_once: mcs.MarketingCloud) -> None:
    fields = [{"name": "x", "dataType": "Text", "maxLength": "9" * 30}]
    wish = {"name": "e", "type": "APIEvent", "schema": {"fields": fields}}
    assert mc_once.http.post("/interaction/v1/eventDefinitions", json=wish).status_code == 201


def test_contacts_are_searched_by_as_many_keys_as_are_told(mc_once: mcs.MarketingCloud) -> None:
    [(known,)] = mc_once.store.rows("select key from contacts limit 1")
    usual = mc_once.store.db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 50)
    wish = {"contactKeys": ["nobody"] * 60 + [known]}
    found = mc_once.http.post("/contacts/v1/contacts/actions/search", json=wish).json()
    mc_once.store.db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, usual)
    assert [each["contactKey"] for each in found["items"]] == [known]


def test_a_body_too_deep_to_keep_is_no_valid_json(mc_once: mcs.MarketingCloud) -> None:
    deep = "[" * 300 + "]" * 300
    for body in (deep, f'{{"key": "deep", "name": "Deep", "goals": {deep}}}'):
        answer = mc_once.http.post(JOURNEYS, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["message"]) == (400, "The request body is not valid JSON")
