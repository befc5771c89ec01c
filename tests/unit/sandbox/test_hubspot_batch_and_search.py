"""HubSpot by the hundred: batches with their half-successes, search with its limits."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.conftest import Running

CONTACTS, COMPANIES = "/crm/objects/2026-03/contacts", "/crm/v3/objects/companies"


def _ids(shared: Running, count: int) -> list[str]:
    return [r["id"] for r in shared.hubspot.get(CONTACTS, params={"limit": count}).json()["results"]]


def _batch(shared: Running, name: str, inputs: list[dict], **more: Any) -> Any:
    return shared.hubspot.post(f"{CONTACTS}/batch/{name}", json={"inputs": inputs, **more})


def test_batch_read_gives_what_is_there_and_names_what_is_not(shared: Running) -> None:
    ids = _ids(shared, 3)
    whole = _batch(shared, "read", [{"id": i} for i in ids], properties=["email"])
    assert whole.status_code == 200
    assert [r["id"] for r in whole.json()["results"]] == ids
    partly = _batch(shared, "read", [{"id": i} for i in [*ids, "987654321"]], properties=["email"])
    assert partly.status_code == 207
    assert partly.json()["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert partly.json()["errors"][0]["context"]["ids"] == ["987654321"]


def test_batch_update_reports_missing_records_and_stores_the_others(shared: Running) -> None:
    ids = _ids(shared, 2)
    inputs = [{"id": i, "properties": {"touch_count": "41"}} for i in [*ids, "987654321"]]
    answer = _batch(shared, "update", inputs)
    assert answer.status_code == 207
    assert {r["id"]: r["properties"]["touch_count"] for r in answer.json()["results"]} == dict.fromkeys(
        ids, "41"
    )
    assert _batch(shared, "update", [inputs[0], inputs[0]]).status_code == 400


def test_batch_update_with_one_bad_value_stores_nothing(shared: Running) -> None:
    first, second = _ids(shared, 2)
    before = shared.writes("hubspot", record_id=first)
    inputs = [
        {"id": first, "properties": {"lead_score": "77"}},
        {"id": second, "properties": {"lead_score": "x"}},
    ]
    assert _batch(shared, "update", inputs).status_code == 400
    assert shared.writes("hubspot", record_id=first) == before


def test_batch_create_is_all_or_nothing_unless_every_input_is_traced(shared: Running) -> None:
    def inputs(mark: str, traced: bool) -> list[dict]:
        emails = (f"good-{mark}@batch.example", "bad")
        return [
            {"properties": {"email": email}, **({"objectWriteTraceId": str(n)} if traced else {})}
            for n, email in enumerate(emails)
        ]

    assert _batch(shared, "create", inputs("a", False)).status_code == 400
    found = shared.hubspot.get(f"{CONTACTS}/good-a@batch.example", params={"idProperty": "email"})
    assert found.status_code == 404
    answer = _batch(shared, "create", inputs("b", True))
    assert answer.status_code == 207
    assert [r["objectWriteTraceId"] for r in answer.json()["results"]] == ["0"]
    assert answer.json()["numErrors"] == 1
    assert answer.json()["errors"][0]["context"]["objectWriteTraceId"] == ["1"]
    assert _batch(shared, "create", [{"properties": {"email": "good-c@batch.example"}}]).status_code == 201


def test_batch_upsert_tells_new_from_known(shared: Running) -> None:
    inputs = [{"id": "up@batch.example", "idProperty": "email", "properties": {"firstname": "Up"}}]
    first, second = _batch(shared, "upsert", inputs), _batch(shared, "upsert", inputs)
    assert [r["new"] for a in (first, second) for r in a.json()["results"]] == [True, False]
    assert first.json()["results"][0]["id"] == second.json()["results"][0]["id"]
    wrong = [{"id": "x", "idProperty": "firstname", "properties": {}}]
    assert _batch(shared, "upsert", wrong).status_code == 400


def test_batch_archive_and_too_large_batches(shared: Running) -> None:
    made = _batch(shared, "create", [{"properties": {"email": "arch@batch.example"}}]).json()["results"][0][
        "id"
    ]
    assert _batch(shared, "archive", [{"id": made}]).status_code == 204
    assert shared.hubspot.get(f"{CONTACTS}/{made}").status_code == 404
    assert _batch(shared, "read", [{"id": "1"}] * 101).status_code == 400
    assert _batch(shared, "read", [{"id": "1"}] * 51, propertiesWithHistory=["email"]).status_code == 400


def _search(shared: Running, filters: list[dict], **more: Any) -> dict:
    body = {"filterGroups": [{"filters": filters}], "limit": 200, **more}
    answer = shared.hubspot.post(f"{COMPANIES}/search", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_operator_counts_as_the_list_does(shared: Running) -> None:
    names = ["name", "domain", "numberofemployees", "industry", "hs_lastmodifieddate"]
    listed = shared.hubspot.get(COMPANIES, params={"limit": 100, "properties": ",".join(names)}).json()[
        "results"
    ]
    # Other tests make companies in this portal that have neither, and are not counted here.
    whole = ("numberofemployees", "industry")
    props = [r["properties"] for r in listed if all(r["properties"][name] for name in whole)]

    def count(one: dict[str, Any]) -> int:
        return _search(shared, [one, *(_filter(name, "HAS_PROPERTY") for name in whole)])["total"]

    big = [p for p in props if float(p["numberofemployees"]) >= 200]
    assert count(_filter("numberofemployees", "GTE", "200")) == len(big)
    assert count(_filter("numberofemployees", "LT", "200")) == len(props) - len(big)
    known = [p for p in props if p["domain"]]
    assert count(_filter("domain", "HAS_PROPERTY")) == len(known)
    assert count(_filter("domain", "NOT_HAS_PROPERTY")) == len(props) - len(known)
    industries = sorted({p["industry"] for p in props})[:2]
    among = [p for p in props if p["industry"] in industries]
    assert count({**_filter("industry", "IN"), "values": industries}) == len(among)
    assert count({**_filter("industry", "NOT_IN"), "values": industries}) == len(props) - len(among)
    one = known[0]["domain"]
    assert count(_filter("domain", "EQ", one.upper())) >= 1
    assert count(_filter("domain", "NEQ", one)) < len(props)
    middle = sorted(p["hs_lastmodifieddate"] for p in props)[len(props) // 2]
    later = count(_filter("hs_lastmodifieddate", "GT", middle))
    earlier = count({**_filter("hs_lastmodifieddate", "BETWEEN", "0"), "highValue": middle})
    assert later + earlier == len(props)


def _filter(name: str, operator: str, value: str | None = None) -> dict:
    return {"propertyName": name, "operator": operator} | ({} if value is None else {"value": value})


def test_search_pages_and_sorts(shared: Running) -> None:
    sorts = [{"propertyName": "numberofemployees", "direction": "DESCENDING"}]
    first = _search(shared, [], limit=10, sorts=sorts, properties=["numberofemployees"])
    second = _search(shared, [], limit=10, sorts=sorts, properties=["numberofemployees"],
                     after=first["paging"]["next"]["after"])  # fmt: skip
    sizes = [float(r["properties"]["numberofemployees"]) for p in (first, second) for r in p["results"]]
    assert sizes == sorted(sizes, reverse=True)
    assert len({r["id"] for p in (first, second) for r in p["results"]}) == 20


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"limit": 200, "after": "9900"},
        {"filterGroups": [{"filters": [{"propertyName": "no_such", "operator": "EQ", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "name", "operator": "SOUNDS_LIKE", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "soon"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "name", "operator": "HAS_PROPERTY"}]}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "name", "operator": "HAS_PROPERTY"}] * 7}]},
    ],
)
def test_search_refuses_what_hubspot_refuses(shared: Running, body: dict) -> None:
    answer = shared.hubspot.post(f"{COMPANIES}/search", json=body)
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"


def test_archived_records_are_not_found_by_search(shared: Running) -> None:
    made = shared.hubspot.post(COMPANIES, json={"properties": {"name": "Vanishing Act"}}).json()["id"]
    wanted = [_filter("name", "EQ", "vanishing act")]
    assert _search(shared, wanted)["total"] == 1
    shared.hubspot.delete(f"{COMPANIES}/{made}")
    assert _search(shared, wanted)["total"] == 0


def test_every_type_is_searched_by_words_and_contacts_by_a_time_they_do_not_have(shared: Running) -> None:
    for plural in ("communications", "subscriptions", "feedback_submissions"):
        found = shared.hubspot.post(f"/crm/v3/objects/{plural}/search", json={"query": "word"})
        assert (found.status_code, found.json()["total"]) == (200, 0)
    sorts = [{"propertyName": "hs_lastmodifieddate", "direction": "DESCENDING"}]
    assert shared.hubspot.post("/crm/v3/objects/contacts/search", json={"sorts": sorts}).json()["total"] > 0
    late = {"propertyName": "hs_lastmodifieddate", "operator": "GT", "value": "1"}
    body = {"filterGroups": [{"filters": [late]}]}
    assert shared.hubspot.post("/crm/v3/objects/contacts/search", json=body).json()["total"] == 0
