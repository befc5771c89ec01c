"""Marketing Cloud's REST: rows, contacts, journeys, campaigns and tokens, as clients besides the loop ask."""

from __future__ import annotations

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
    assert http.delete(f"{base}/{made['id']}").status_code == 200
    gone: Any = http.get(f"{base}/{made['id']}")
    assert (gone.status_code, gone.json()["errorcode"], gone.json()["message"]) == (
        400, 10000, "Campaign ID is invalid",
    )  # fmt: skip


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
