"""Rows of erased people are dropped before they reach the disk; rows of others stay as they are."""

from __future__ import annotations

import time
from contextlib import closing

import duckdb
import pyarrow as pa

from pipelines.sources import about_erased
from pipelines.sources.screen import screen_of
from pipelines.state.suppression import NOBODY, Suppression, _email, _record

KEY = b"k" * 32
LEAD, CONTACT = "00QSB00000000012AA", "003SB0000000001YAA"
HASHES = frozenset(
    {
        _email(KEY, "ann@example.org"),
        _record(KEY, "hubspot:1:contacts:77"),
        _record(KEY, "hubspot:1:notes:501"),
        _record(KEY, "hubspot:1:tickets:601"),
        _record(KEY, f"salesforce:00D:Lead:{LEAD}"),
        _record(KEY, f"salesforce:00D:Contact:{CONTACT}"),
    }
)
LIST = Suppression(KEY, HASHES)
STRANGERS = (
    "o'ann@example.org",
    "jo+ann@example.org",
    "jo-ann@example.org",
    "o%27ann%40example.org",
    "jo%2Bann%40example.org",
    "o%2527ann%2540example.org",
    "jo%252Bann%2540example.org",
    "o\\u0027ann@example.org",
    "jo.ann@example.org",
)
hubspot, salesforce = screen_of("hubspot", "1", LIST), screen_of("salesforce", "00D", LIST)


def rows(**columns: list[object]) -> pa.Table:
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def test_a_contact_goes_by_its_id_and_by_any_of_its_addresses() -> None:
    found = hubspot(
        "contacts",
        rows(
            id=["77", "78", "79", "80"],
            email=["new@example.org", "ANN@example.org", None, "joann@example.org"],
            hs_additional_emails=[None, None, ["x@y.example", "ann@example.org"], ["z@y.example"]],
        ),
    )
    assert found["id"].to_pylist() == ["80"]


def test_associations_go_at_either_end_and_ids_of_other_objects_do_not() -> None:
    found = hubspot(
        "associations",
        rows(
            from_type=["contacts", "deals", "deals", "companies"], from_id=["77", "5", "77", "77"],
            to_type=["companies", "contacts", "companies", "deals"], to_id=["1", "77", "77", "77"],
        ),
    )  # fmt: skip
    assert found["from_type"].to_pylist() == ["deals", "companies"]


def test_what_is_read_anew_of_them_goes_too_though_it_has_one_end_only() -> None:
    scope = rows(from_type=["contacts", "contacts"], to_type=["companies", "companies"], from_id=["77", "8"])
    assert hubspot("associations", scope)["from_id"].to_pylist() == ["8"]


def test_a_company_or_deal_with_the_number_of_an_erased_contact_stays() -> None:
    assert hubspot("companies", rows(id=["77"], name=["Acme"])).num_rows == 1
    assert hubspot("deals_property_history", rows(id=["77"], property=["amount"])).num_rows == 1


def test_a_note_that_went_with_a_person_does_not_come_back() -> None:
    found = hubspot("notes", rows(id=["501", "502"], hs_note_body=["about Ann", "about Bob"]))
    assert found["id"].to_pylist() == ["502"]


def test_an_address_inside_a_text_is_struck_out() -> None:
    found = hubspot(
        "deals", rows(id=["1", "2"], dealname=["For ann@example.org, soon", "ann@example.org.au"])
    )
    assert found["dealname"].to_pylist() == ["For erased, soon", "ann@example.org.au"]
    pages = {
        "https://a.example/thanks?email=ann%40Example.org&x=1": "https://a.example/thanks?email=erased&x=1",
        "/login?next=%2Fhome%3Fu%3Dann%40example.org%26y": "/login?next=%2Fhome%3Fu%3Derased%26y",
        "/in?to=%252Fhome%253Fu%253Dann%2540example.org%2526y": "/in?to=%252Fhome%253Fu%253Derased%2526y",
        "https://a.example/?email=ann@example.org": "https://a.example/?email=erased",
        '{"body":"Hello,\\nann@example.org"}': '{"body":"Hello,\\nerased"}',
        "https://a.example/?email=joann%40example.org": "https://a.example/?email=joann%40example.org",
        "CORP\\ann@example.org, 'ann@example.org'": "CORP\\erased, 'erased'",
        '"\\u003cann@example.org\\u003e"': '"\\u003cerased\\u003e"',
    } | {each: each for each in STRANGERS}
    found = hubspot("companies", rows(id=list(map(str, range(len(pages)))), last_page=list(pages)))
    assert found["last_page"].to_pylist() == list(pages.values())


def test_the_address_of_somebody_else_that_ends_like_theirs_stays() -> None:
    found = hubspot("contacts", rows(id=list(map(str, range(len(STRANGERS)))), email=list(STRANGERS)))
    assert found["email"].to_pylist() == list(STRANGERS)


def test_a_long_text_without_blanks_is_read_once() -> None:
    long = "a1B2/c3+" * 25_000
    began = time.process_time()
    assert LIST.without_emails(f"{long} ann@example.org {long}@", "x") == f"{long} x {long}@"
    assert time.process_time() - began < 2


def test_salesforce_rows_go_by_lead_or_contact_and_lookups_elsewhere_are_emptied() -> None:
    members = salesforce(
        "campaign_member",
        rows(Id=["a", "b", "c"], LeadId=[LEAD, None, None], ContactId=[None, CONTACT, None]),
    )
    assert members["Id"].to_pylist() == ["c"]
    deals = salesforce("opportunity", rows(Id=["006"], ContactId=[CONTACT], Sponsor__c=[LEAD]))
    assert deals.to_pylist() == [{"Id": "006", "ContactId": None, "Sponsor__c": None}]
    assert salesforce("task", rows(Id=["00T"], WhoId=[LEAD], Subject=["Call"])).num_rows == 0


def test_a_table_nobody_declared_goes_by_its_columns_names() -> None:
    found = hubspot("p_training", rows(id=["1", "2"], contact_id=["77", "9"], recipient=[None, None]))
    assert found["id"].to_pylist() == ["2"]
    mailed = hubspot(
        "email_events", rows(event=["OPEN", "CLICK"], recipient=["ann@example.org", "b@x.example"])
    )
    assert mailed["event"].to_pylist() == ["CLICK"]


def test_members_of_lists_go_however_a_contacts_type_is_spelled() -> None:
    found = hubspot(
        "list_members",
        rows(list_id=["1", "1", "1"], object_type=["0-1", "contacts", "0-2"], record_id=["77"] * 3),
    )
    assert found["object_type"].to_pylist() == ["0-2"]


def test_colleagues_keep_their_rows_though_they_are_on_the_list_as_people() -> None:
    assert hubspot("owners", rows(id=["77"], email=["ann@example.org"])).num_rows == 1


def test_with_nobody_on_the_list_rows_are_handed_on_untouched() -> None:
    table = rows(id=["77"], email=["ann@example.org"])
    assert screen_of("hubspot", "1", NOBODY)("contacts", table) is table


def test_what_only_an_association_ties_to_them_leaves_a_trace_without_their_id_and_goes_once_it_is_in() -> (
    None
):
    calls = [f"{n}" for n in (1, 2, 3)]
    found = hubspot(
        "associations",
        rows(
            from_type=["calls", "contacts", "calls", "calls", "deals"],
            from_id=["1", "77", "2", "3", "9"],
            to_type=["contacts", "calls", "contacts", "contacts", "contacts"],
            to_id=["77", "2", "78", "79", "77"],
        ),
    )
    assert "77" not in str(found.to_pydict())
    with closing(duckdb.connect()) as connection:
        connection.execute("create schema raw_hubspot")
        connection.execute("create table raw_hubspot.associations as from found")
        connection.execute("create table raw_hubspot.calls as select unnest($ids) as id", {"ids": calls})
        assert about_erased.take_out(connection) == 1
        assert connection.execute("select id from raw_hubspot.calls").fetchall() == [("2",), ("3",)]
        assert connection.execute("select from_id, to_id from raw_hubspot.associations").fetchall() == [
            ("2", "78"),
            ("3", "79"),
        ]
        assert about_erased.take_out(connection) == 0


def test_the_past_of_what_went_with_them_stays_out_and_an_id_in_a_portals_own_column_is_emptied() -> None:
    past = hubspot("tickets_property_history", rows(id=["601", "602"], property=["subject"] * 2))
    assert past["id"].to_pylist() == ["602"]
    companies = hubspot("companies", rows(id=["77", "6"], main_contact_id=["9", "77"]))
    assert companies.to_pylist() == [
        {"id": "77", "main_contact_id": "9"},
        {"id": "6", "main_contact_id": None},
    ]
