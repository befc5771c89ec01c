"""Who is erased is known by what nobody else goes by: rows and cells of others stay as they are."""

from __future__ import annotations

import html
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from markupsafe import escape
from sqlalchemy import Table, Text

from pipelines.erasure import erase, files
from pipelines.erasure.erase import Place
from pipelines.erasure.request import parse
from pipelines.erasure.subject import Subject
from pipelines.state.tables import dead_letters, journal, mirrored
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


def test_what_hangs_on_them_by_a_pair_a_history_or_a_touch_goes_too_and_the_like_of_others_stays(
    place: Place,
) -> None:
    with place.state.writing() as state:
        state.execute(mirrored.insert(), [
            {"pair_key": "hubspot:77:contacts:4|salesforce:1:Lead:00Q", "content": '{"title": "Buyer"}'},
            {"pair_key": "hubspot:77:contacts:2|salesforce:1:Lead:00R", "content": '{"title": "Seller"}'},
        ])  # fmt: skip
    erase(place, [parse("dee@example.org")], reason="asked")
    assert rows(place, "select id from raw_hubspot.leads") == [("52",)]
    assert rows(place, "select id from raw_hubspot.leads_property_history") == [("52",)]
    assert rows(place, "select object, record_id from intermediate.int_hubspot_records order by all") == [
        ("contacts", "2"),
        ("deals", "4"),
    ]
    assert rows(place, "from intermediate.int_credit_journeys") == [
        ("o1", ["00112233445566cc", None], ["p2", None])
    ]
    assert rows(place, "select content from intermediate.mirror_base") == [("Seller",)]
    assert rows(place, "select covered_by from marts.attribution_coverage order by opportunity_id") == [
        ("erased",),
        ("00112233445566bb",),
    ]
    with place.state.reading() as state:
        assert [row.content for row in state.execute(mirrored.select())] == ['{"title": "Seller"}']


def filled(table: Table, **given: Any) -> dict[str, Any]:
    """A row in which every column that is not given is empty, or now."""
    now = datetime(2026, 6, 30, tzinfo=UTC)
    return {c.name: given.get(c.name, "" if isinstance(c.type, Text) else now) for c in table.columns}


def test_the_letter_of_a_refused_action_goes_though_it_names_nobody(place: Place) -> None:
    with place.state.writing() as state:
        for key, person in (("a1", "hubspot:77:contacts:4"), ("a2", "hubspot:77:contacts:2")):
            refused = filled(journal, change_id=key, action_key=key, person_id=person, state="rejected")
            state.execute(journal.insert(), refused)
            letter = filled(dead_letters, letter_id=f"l-{key}", action_key=key, value='{"title": "Buyer"}')
            state.execute(dead_letters.insert(), letter | {"attempts": 1})
    erase(place, [parse("dee@example.org")], reason="asked")
    with place.state.reading() as state:
        assert [row.action_key for row in state.execute(dead_letters.select())] == ["a2"]


def test_another_objects_record_with_their_number_is_written_down_as_it_was(place: Place) -> None:
    deal = {"object": "deals", "record_id": "4", "record_key": "hubspot:77:deals:4"}
    with place.state.writing() as state:
        told = filled(journal, change_id="d", state="rejected", message="4 is no contact", **deal)
        state.execute(journal.insert(), told)
    erase(place, [parse("dee@example.org")], reason="asked")
    with place.state.reading() as state:
        [row] = state.execute(journal.select()).all()
    assert {name: getattr(row, name) for name in deal} == deal
    assert row.message == "erased is no contact"


def test_what_of_them_is_left_in_a_living_cell_is_said_and_anothers_word_is_not(place: Place) -> None:
    for text, is_said in (("dee@example.org", True), ("dee@example.organic, adee@example.org", False)):
        with place.warehouse.locked("a test"):
            place.warehouse.start_work()
            with place.warehouse.writing() as connection:
                connection.execute(
                    "create or replace table ops.journal (change_id varchar, record_key varchar)"
                )
                connection.execute("insert into ops.journal values ('c', ?)", [text])
            place.warehouse.publish("again")
        erased = erase(place, [parse("dee@example.org")], reason="asked")
        assert ("warehouse.duckdb" in erased.leftovers) == is_said


def test_they_are_found_however_json_a_page_or_an_address_of_the_web_writes_them(tmp_path: Path) -> None:
    name = 'Zoë "Zo" O\'Brien-Ünal'
    subject = Subject(emails=("zoe+b@example.org",), names=(name,))
    traces = {
        "logs/run.jsonl": json.dumps({"said": f"could not read\n{name} (zoe+b@example.org)"}),
        "logs/loud.txt": f"{name.upper()} and {name.lower()}",
        "data_docs/index.html": f"<td>{html.escape(name)}</td>",
        "report.html": f"<td>{escape(name)}</td>",
        "logs/pages.txt": "https://a.example/?to=%2Fx%3Fe%3Dzoe%2Bb%40example.org&n=" + quote_plus(name),
        "logs/within.txt": "/in?to=" + quote(quote("/x?e=zoe+b@example.org&n=" + quote_plus(name), safe="")),
        "logs/others.txt": f"azoe%252Bb%2540example.org, Azoe+b@example.org, o'zoe+b@example.org, {name}er",
    }
    for place, text in traces.items():
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text(text, encoding="utf-8")
    (tmp_path / "dagster").mkdir()
    with closing(sqlite3.connect(tmp_path / "dagster" / "runs.db")) as runs:
        runs.execute("create table event_logs (event text)")
        runs.execute("insert into event_logs values (?)", [json.dumps({"error": f"\t{name}"})])
        runs.commit()
    files.erase_files(tmp_path, subject)
    assert (tmp_path / "logs/run.jsonl").read_text() == '{"said": "could not read\\nerased (erased)"}'
    assert (tmp_path / "logs/loud.txt").read_text() == "erased and erased"
    assert (tmp_path / "logs/pages.txt").read_text().endswith("%3Fe%3Derased&n=erased")
    assert (tmp_path / "logs/within.txt").read_text().startswith("/in?to=%252Fx%253Fe%253Derased%2526n%253D")
    assert (tmp_path / "logs/others.txt").read_text(encoding="utf-8") == traces["logs/others.txt"]
    assert not (tmp_path / "data_docs").exists()
    assert (tmp_path / "report.html").read_text() == "<td>erased</td>"
    with closing(sqlite3.connect(tmp_path / "dagster" / "runs.db")) as runs:
        assert runs.execute("select event from event_logs").fetchall() == [('{"error": "\\terased"}',)]
    assert files.leftovers(tmp_path, subject, lambda _: False) == []


def test_they_are_found_in_the_warehouse_behind_an_escaped_line_break_and_in_a_page_s_address(
    place: Place,
) -> None:
    with place.warehouse.locked("a test"):
        place.warehouse.start_work()
        with place.warehouse.writing() as connection:
            connection.execute("create table raw_hubspot.forms (id varchar, fields varchar)")
            for told in (
                '{"a":"Hi\\ndee@example.org"}',
                "/t?e%3Ddee%40example.org&x",
                "/t?e=adee%40example.org",
                "/t?to=%252Ft%253Fe%253Ddee%2540example.org%2526x, /t?to=%253Dadee%2540example.org",
                "o'dee@example.org, 'dee@example.org', o%27dee%40example.org",
            ):
                connection.execute("insert into raw_hubspot.forms values ('1', ?)", [told])
        place.warehouse.publish("again")
    erase(place, [parse("dee@example.org")], reason="asked")
    assert rows(place, "select fields from raw_hubspot.forms") == [
        ('{"a":"Hi\\nerased"}',), ("/t?e%3Derased&x",), ("/t?e=adee%40example.org",),
        ("/t?to=%252Ft%253Fe%253Derased%2526x, /t?to=%253Dadee%2540example.org",),
        ("o'dee@example.org, 'erased', o%27dee%40example.org",),
    ]  # fmt: skip
