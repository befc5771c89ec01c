"""HubSpot's small tables, history and associations, and what a portal lacks or writes badly."""

from __future__ import annotations

from decimal import Decimal

import httpx

from tests.unit.sources.fake_hubspot import iso

from .conftest import fill


def test_the_history_of_a_deal_has_one_row_for_each_moment(loop):
    loop.hubspot.put("deals", "7", dealname="D", dealstage="new", amount="1.5")
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.put("deals", "7", dealstage="won")
    loop.later(minutes=1)
    assert loop.extract().rows == {"hubspot deals": 1, "hubspot deals_property_history": 1}
    changes = loop.rows("select property, value from raw_hubspot.deals_property_history order by changed_at")
    assert changes == [("dealstage", "new"), ("dealstage", "won")]


def test_associations_of_a_changed_record_replace_the_old_ones(loop):
    for number in ("1", "2"):
        loop.hubspot.put("deals", number, dealname="D")
        loop.hubspot.linked["deals", "contacts", number] = ["10", "11"]
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.put("deals", "1", amount="3")
    loop.hubspot.linked["deals", "contacts", "1"] = ["12"]
    loop.later(minutes=1)
    loop.extract()
    pairs = "select from_id, to_id from raw_hubspot.associations order by all"
    assert loop.rows(pairs) == [("1", "12"), ("2", "10"), ("2", "11")]

    loop.later(minutes=5)
    loop.hubspot.put("deals", "1", amount="4")
    del loop.hubspot.linked["deals", "contacts", "1"]
    loop.later(minutes=1)
    loop.extract()
    assert loop.rows(pairs) == [("2", "10"), ("2", "11")]


def test_a_small_table_that_came_back_empty_by_mistake_keeps_its_rows(loop):
    loop.extract()
    loop.later(minutes=5)
    empty = iter([httpx.Response(200, json={"results": []})] * 2)  # those who work, those who left
    loop.hubspot.intercept = lambda request: next(empty, None) if "/owners/" in request.url.path else None
    assert loop.extract().stale == ()
    assert loop.rows("select count(*) from raw_hubspot.owners") == [(1,)]


def test_a_small_table_that_is_empty_when_asked_again_is_emptied(loop):
    loop.extract()
    loop.later(minutes=5)
    empty = httpx.Response(200, json={"results": []})
    loop.hubspot.intercept = lambda request: empty if "/owners/" in request.url.path else None
    assert loop.extract().stale == ()
    assert loop.rows("select count(*) from raw_hubspot.owners") == [(0,)]


def test_a_small_table_is_replaced_when_it_differs(loop):
    loop.extract()
    loop.later(minutes=5)
    loop.hubspot.campaigns = [{"id": "c", "properties": {"hs_name": "Spring", "hs_start_date": "2026-03-01"}}]
    assert loop.extract().rows["hubspot campaigns"] == 1
    assert loop.rows("select name, start_date::varchar from raw_hubspot.campaigns") == [
        ("Spring", "2026-03-01")
    ]
    loop.later(minutes=5)
    assert not loop.fetch().has_changes


def test_campaigns_without_the_scope_are_stale_and_said_every_time(loop):
    loop.hubspot.campaigns = None
    fetched = loop.extract()
    assert any("campaigns" in note and "scope" in note for note in fetched.notes)
    assert loop.rows("select status from ops.loads where table_name = 'campaigns'") == [("stale",)]
    loop.later(minutes=5)
    again = loop.fetch()
    assert not again.has_changes
    assert "hubspot campaigns" in again.stale


def test_properties_the_portal_lacks_are_null_and_noted(loop):
    loop.hubspot.lacking = {"lead_score", "touch_count"}
    fill(loop, 2)
    fetched = loop.extract()
    assert "hubspot contacts: not there, so null: lead_score, touch_count" in fetched.notes
    assert loop.rows("select note from ops.loads where table_name = 'contacts'") == [
        ("not there, so null: lead_score, touch_count",)
    ]
    unread = "select column_name, standing from ops.unread_columns where table_name = 'contacts' order by all"
    assert loop.rows(unread) == [
        ("lead_score", "never shown, so null"),
        ("touch_count", "never shown, so null"),
    ]


def test_a_promised_property_that_is_archived_for_a_while_keeps_its_values_and_is_read_anew(loop):
    fill(loop, 2)
    loop.extract()
    scores = "select id, lead_score from raw_hubspot.contacts order by id"
    before = loop.rows(scores)
    loop.hubspot.lacking = {"lead_score"}
    loop.later(minutes=30)
    loop.hubspot.put("contacts", "1", lead_score="77", jobtitle="Director")
    loop.later(minutes=30)
    fetched = loop.extract()
    assert "hubspot contacts: no longer shown, kept as last read: lead_score" in fetched.notes
    assert loop.rows("select jobtitle from raw_hubspot.contacts where id = '1'") == [("Director",)]
    assert loop.rows(scores) == before
    assert loop.rows("select * exclude since from ops.unread_columns where table_name = 'contacts'") == [
        ("hubspot", "contacts", "lead_score", "kept as last read")
    ]
    loop.hubspot.lacking = set()
    loop.later(minutes=30)
    loop.extract()
    assert loop.rows(scores) == [("1", 77), *before[1:]]
    assert loop.rows("select count(*) from ops.unread_columns where table_name = 'contacts'") == [(0,)]


def test_a_number_larger_than_decimals_hold_makes_its_column_a_double_at_once_and_for_good(loop):
    real = loop.hubspot._properties

    def with_size(kind):
        size = {"name": "size", "label": "Size", "type": "number"}
        return [*real(kind), *([size] if kind == "contacts" else [])]

    loop.hubspot._properties = with_size
    (loop.settings.config_dir / "extract.yml").write_text("hubspot: {history: {contacts: none}}")
    loop.hubspot.put("contacts", "1", size="123456789012345678")
    loop.extract()
    sizes = "select size, typeof(size) from raw_hubspot.contacts order by id"
    assert loop.rows(sizes) == [(Decimal("123456789012345678"), "DECIMAL(38,18)")]
    loop.hubspot.put("contacts", "2", size="1e21")
    loop.later(minutes=30)
    said = "hubspot contacts: of more digits than decimals hold, so doubles: size"
    assert said in loop.extract().notes
    assert loop.rows(sizes) == [(123456789012345678.0, "DOUBLE"), (1e21, "DOUBLE")]
    loop.hubspot.put("contacts", "1", size="0.1")
    loop.later(minutes=30)
    fetched = loop.extract()
    assert said in fetched.notes
    assert fetched.rows["hubspot contacts"] == 1
    assert loop.rows(sizes) == [(0.1, "DOUBLE"), (1e21, "DOUBLE")]


def test_values_that_cannot_be_read_are_null_and_counted(loop):
    fill(loop, 3)
    loop.hubspot.put("contacts", "1", first_conversion_date="last Tuesday", num_conversion_events="many")
    loop.hubspot.put("contacts", "2", first_conversion_date="2026-02-30T00:00:00Z")
    fetched = loop.extract()
    told = " ".join(fetched.notes)
    assert "first_conversion_date: 2 unreadable values" in told
    assert "num_conversion_events: 1 unreadable value such as 'many' became null" in told
    assert loop.rows("select count(first_conversion_date), count(*) from raw_hubspot.contacts") == [(0, 3)]


def test_a_property_that_was_left_out_or_made_again_is_read_anew_for_all_records(loop):
    made, real = ["2026-01-01T00:00:00Z"], loop.hubspot._properties

    def with_shoe(kind):
        shoe = {"name": "shoe", "label": "Shoe", "type": "string", "createdAt": made[0]}
        return [*real(kind), *([shoe] if kind == "contacts" else [])]

    def extract(more="", history="none"):
        text = f"hubspot: {{history: {{contacts: {history}, companies: none}}{more}}}"
        (loop.settings.config_dir / "extract.yml").write_text(text)
        loop.later(minutes=30)
        return loop.extract()

    loop.hubspot._properties = with_shoe
    loop.hubspot.put("contacts", "1", shoe="41", email="a@a.example")
    loop.hubspot.put("contacts", "2", shoe="42", email="b@b.example")
    loop.extract()
    loop.later(minutes=1)
    loop.hubspot.put("contacts", "1", shoe="43")
    fetched = extract(", properties: {contacts: {without: [shoe]}}", history="[email]")
    assert "hubspot contacts: no longer shown, kept as last read: shoe" in fetched.notes
    shoes = "select id, shoe from raw_hubspot.contacts order by id"
    assert loop.rows(shoes) == [("1", "41"), ("2", "42")]  # though all records were read, for their history
    assert loop.rows("select count(*) from raw_hubspot.contacts_property_history") == [(2,)]
    extract()
    assert loop.rows(shoes) == [("1", "43"), ("2", "42")]
    made[0] = iso(loop.hubspot.now)
    for record in loop.hubspot.records["contacts"].values():
        record["properties"]["shoe"] = None  # and no stamp moves
    extract()
    assert loop.rows(shoes) == [("1", None), ("2", None)]
    assert not loop.fetch().has_changes
