"""Who is erased is known by what nobody else goes by: rows and cells of others stay as they are."""

from __future__ import annotations

from pipelines.erasure import erase
from pipelines.erasure.erase import Place
from pipelines.erasure.request import parse
from tests.unit.erasure.conftest import DIRECT, rows


def test_a_colleague_who_shares_mailbox_number_and_company_stays_whole(place: Place) -> None:
    before = rows(place, "select * from raw_hubspot.contacts where id in ('2', '4') order by id")
    erased = erase(place, [parse("hubspot:77:contacts:1")], reason="asked")
    assert rows(place, "select id from raw_hubspot.contacts order by id") == [("2",), ("3",), ("4",)]
    assert rows(place, "select * from raw_hubspot.contacts where id in ('2', '4') order by id") == before
    assert rows(place, "select * from marts.unified_leads") == [("p2", "Bob Barker", "bob@example.org")]
    assert erased.rows["raw_hubspot.contacts"] == 1


def test_a_name_inside_a_longer_name_is_not_struck_out_of_it(place: Place) -> None:
    erase(place, [parse("ann@example.org")], reason="asked")
    assert rows(place, "select firstname from raw_hubspot.contacts where id = '3'") == [("Ann Arbor",)]
    assert "Ann Arbor Senior" in str(rows(place, "select hs_note_body from raw_hubspot.notes")[0][0])


def test_a_company_keeps_its_number_when_a_person_with_the_same_goes(place: Place) -> None:
    erase(place, [parse("cas@example.org")], reason="asked")
    assert rows(place, "select name, phone from raw_hubspot.companies") == [("Arbor Trees", DIRECT)]


def test_a_shared_mailbox_given_by_itself_means_all_who_have_it(place: Place) -> None:
    erased = erase(place, [parse("office@example.org")], reason="asked")
    assert rows(place, "select id from raw_hubspot.contacts order by id") == [("3",), ("4",)]
    assert erased.rows["raw_hubspot.contacts"] == 2


def test_what_means_nobody_else_is_struck_out_of_texts(place: Place) -> None:
    erase(place, [parse("dee@example.org")], reason="asked")
    assert rows(place, "select hs_note_body from raw_hubspot.notes") == [
        ("erased, erased, called Ann Arbor Senior",)
    ]
