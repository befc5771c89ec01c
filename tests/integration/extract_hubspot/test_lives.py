"""HubSpot behind the reader's back: the copy stays equal to the store, row by row, after each of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipelines.state import State, suppression

from .portal import OBJECTS, Portal, serving


@contextmanager
def later(portal: Portal, seconds: int = 60) -> Iterator[None]:
    yield
    portal.later(seconds)


def test_all_properties_of_the_portal_land_and_equal_the_store(portal):
    portal.extract()
    for kind in ("contacts", "companies", "deals"):
        assert portal.differences(kind)[:3] == []
    assert portal.rows("select count(website), count(*) > 0 from raw_hubspot.contacts")[0][1]


def test_chained_merges_and_purges_are_told_apart(portal):
    ids = [portal.create(email=f"merge{n}@merge.example") for n in range(4)]
    portal.later()
    portal.extract()
    with later(portal):
        first = portal.do(
            "POST", f"{OBJECTS}/contacts/merge", {"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}
        )
        portal.do(
            "POST", f"{OBJECTS}/contacts/merge", {"primaryObjectId": ids[2], "objectIdToMerge": first["id"]}
        )
        portal.do("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": ids[3]})
    portal.extract()
    how = dict(portal.rows("select id, deleted_how from raw_hubspot.contacts"))
    assert [how[each] for each in ids] == ["merged", "merged", "merged", "swept"]
    assert portal.differences() == []
    assert portal.rows("select missing, extra from ops.sweeps where object = 'contacts'") == [(0, 1)]


def test_who_vanishes_is_found_at_once_and_a_crowd_is_not_taken_for_privacy(portal, monkeypatch):
    ids = [portal.create(email=f"gone{n}@privacy.example") for n in range(4)]
    portal.later()
    portal.extract()
    org = portal.rows("select org_id from ops.connections")[0][0]
    with later(portal):
        portal.do("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": ids[0]})
        portal.do("DELETE", f"{OBJECTS}/contacts/{ids[1]}")
    fetched = portal.extract()
    assert fetched.erased == (f"hubspot:{org}:contacts:{ids[0]}",)
    assert portal.extract().erased == ()
    monkeypatch.setattr("pipelines.sources.hubspot.privacy.MOST_AT_ONCE", 1)
    monkeypatch.setattr("pipelines.sources.hubspot.privacy.MOST_SHARE", 0)
    with later(portal):
        for each in ids[2:]:
            portal.do("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": each})
    fetched = portal.extract()
    assert fetched.erased == ()
    assert "2 vanished at once" in str(fetched.notes)


def test_the_sweep_does_not_miss_people_who_were_erased(portal):
    contact = portal.create(email="kept@there.example")
    portal.later()
    portal.extract()
    org = portal.rows("select org_id from ops.connections")[0][0]
    with State.open(portal.settings) as state, state.writing() as connection:
        portal.suppression = suppression.add(
            connection, portal.settings.paths.suppression_key, emails=(), erasure_id="one",
            record_keys=[f"hubspot:{org}:contacts:{contact}"],
        )  # fmt: skip
    portal.raw.execute(f"delete from raw_hubspot.contacts where id = '{contact}'")
    portal.extract(sweep=True)
    assert portal.rows(f"select count(*) from raw_hubspot.contacts where id = '{contact}'") == [(0,)]
    query = "select missing, extra, counted_at_vendor - counted_here from ops.sweeps"
    assert portal.rows(f"{query} where object = 'contacts'") == [(0, 0, 0)]


def test_search_lag_and_late_rows_lose_nothing(portal):
    portal.extract()
    portal.do("POST", "/_sandbox/portal", {"search_lag_ms": 120_000})
    late = portal.create(email="lagging@lag.example")
    portal.later()
    portal.extract()
    assert portal.rows(f"select count(*) from raw_hubspot.contacts where id = '{late}'") == [(0,)]
    portal.later(120)
    portal.create("companies", name="Moves the cursor")
    portal.later()
    portal.extract()
    assert portal.differences() == []


def test_a_new_property_is_filled_a_retyped_one_read_anew_a_removed_one_stays(portal):
    contact = portal.create(email="typed@typed.example")
    portal.later()
    portal.extract()
    path = "/crm/properties/2026-03/contacts"
    wish = {"name": "shoe_size", "label": "S", "type": "string", "fieldType": "text", "groupName": "g"}
    portal.do("POST", path, wish)
    portal.do("POST", "/_sandbox/records", {
        "object": "contacts", "id": contact, "action": "edit", "properties": {"shoe_size": "41.5"},
    })  # fmt: skip
    portal.extract()
    value = f"select shoe_size from raw_hubspot.contacts where id = '{contact}'"
    assert portal.rows(value) == [("41.5",)]
    portal.do("PATCH", f"{path}/shoe_size", {"type": "number", "fieldType": "number"})
    portal.extract()
    assert portal.rows(value) == [(41.5,)]
    portal.do("DELETE", f"{path}/shoe_size")
    portal.do("PATCH", f"{OBJECTS}/contacts/{contact}", {"properties": {"firstname": "Changed"}})
    portal.later()
    fetched = portal.extract()
    assert portal.rows(value) == [(41.5,)]
    assert any("shoe_size" in note for note in fetched.notes)
    assert portal.differences()[:3] == []


def test_calculated_values_are_refreshed_on_their_schedule(portal):
    contact = portal.create(email="calculated@c.example")
    portal.later()
    portal.extract()
    moment = "2026-01-02T03:04:05.000Z"
    portal.do("POST", "/_sandbox/records", {
        "object": "contacts", "id": contact, "action": "edit",
        "properties": {"hs_v2_date_entered_customer": moment},
    })  # fmt: skip
    value = f"select count(hs_v2_date_entered_customer) from raw_hubspot.contacts where id = '{contact}'"
    portal.extract()
    assert portal.rows(value) == [(0,)]
    portal.later(25 * 3600)
    portal.extract()
    assert portal.rows(value) == [(1,)]


@pytest.mark.parametrize("how", ["short_page", "truncated_page"])
def test_a_cut_list_fails_loudly_leaves_the_rows_that_are_there_and_the_next_run_mends_it(fresh, how):
    fresh.faults({"match": "GET .*objects.*/contacts$", "status": how})
    fetched = fresh.extract()
    assert "hubspot contacts" in fetched.stale
    assert any("HubSpot gave" in note for note in fetched.notes)
    fresh.extract()
    assert fresh.differences() == []
    fresh.faults({"match": "GET .*objects.*/contacts$", "status": how, "after": 1})  # past the recycle bin
    assert "hubspot contacts" in fresh.extract(sweep=True).stale
    assert fresh.differences() == []


def test_unknown_names_in_config_are_sentences_and_the_rest_loads(fresh):
    chosen = "{contacts: {without: [horn_length]}, deals: {only: [secret]}}"
    fresh.config.write_text(f"hubspot: {{objects: [contacts, deals, unicorns], properties: {chosen}}}")
    fresh.faults({"match": "GET .*/deals/secret$", "status": 403})
    fetched = fresh.extract()
    told = " ".join(fetched.problems)
    assert "unicorns" in told
    assert "Unable to infer object type" in told
    assert "horn_length" in told
    assert "names the property secret of HubSpot's deals: the HubSpot token lacks a scope" in told
    assert fetched.stale == ()
    assert fresh.rows("select count(*) > 100 from raw_hubspot.contacts") == [(True,)]


def test_the_history_is_whole_past_what_a_list_shows(portal):
    deal = portal.create("deals", dealname="H", dealstage="appointmentscheduled", pipeline="default")
    for amount in range(30):
        portal.do("PATCH", f"{OBJECTS}/deals/{deal}", {"properties": {"amount": str(amount)}})
        portal.later(1)
    portal.later()
    portal.extract()
    of_amount = f"where id = '{deal}' and property = 'amount'"
    moments = portal.store(f"select count(distinct at) from history {of_amount}")
    assert moments[0][0] > 20
    assert portal.rows(f"select count(*) from raw_hubspot.deals_property_history {of_amount}") == moments


def test_the_daily_share_stops_the_extract_and_the_next_one_goes_on(folder):
    with serving(folder, limited=True) as fresh:
        fresh.config.write_text(
            "{hubspot: {objects: [contacts], custom_objects: none}, budget: {daily_share: 0.0000001}}"
        )
        fetched = fresh.extract()
        assert "hubspot contacts" in fetched.stale
        assert any("budget.daily_share" in note for note in fetched.notes)
    with serving(folder) as fresh:
        fresh.extract()
        assert fresh.differences() == []
