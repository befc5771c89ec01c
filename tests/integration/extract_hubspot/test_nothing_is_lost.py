"""What a reader easily loses: rows behind limits, rows that change under it, what config or a schema adds."""

from __future__ import annotations

import sqlite3
from decimal import Decimal

import orjson
import pytest

from pipelines.clients.hubspot.client import HubSpotClient
from sandbox import times

from .everything import of_associations
from .portal import MAIN, OBJECTS, serving, stored

CUSTOM, SITES = "p48290173_installations", "p48290173_sites"
SCHEMAS = "/crm-object-schemas/2026-03/schemas"


def put(folder, kind: str, count: int, *, at: int, name: str) -> None:
    """Light records in the portal's own store, 900001 and on, all of one moment."""
    props = f"""json_object('hs_object_id', cast(900000 + value as text), '{name}', 'n' || value,
        'hs_createdate', '{times.iso(at)}', 'hs_lastmodifieddate', '{times.iso(at)}',
        'lastmodifieddate', '{times.iso(at)}')"""
    stored(
        folder,
        f'insert into "{kind}" with recursive n(value) as (select 1 union all select value + 1 from n '
        f"where value < {count}) select 900000 + value, {at}, {at}, 0, null, cast({props} as blob) from n",
    )


def define(folder, kind: str, **definitions: dict) -> None:
    """Properties in the store of a portal that is not served yet."""
    like = stored(folder, "select definition from properties where object = 'contacts' and name = 'company'")
    with sqlite3.connect(folder / "world" / "hubspot.sqlite") as store:
        for name, more in definitions.items():
            shown = orjson.loads(like[0][0]) | {"name": name, "label": name} | more
            store.execute("insert into properties values (?, ?, ?)", (kind, name, orjson.dumps(shown)))
    store.close()


def on_call(monkeypatch, method: str, nth: int, deed) -> None:
    """Do something behind the reader's back, right after its nth call of a method of the client."""
    made, plain = [], getattr(HubSpotClient, method)

    def called(self, *args, **more):
        answer = plain(self, *args, **more)
        made.append(method)
        if len(made) == nth:
            deed()
        return answer

    monkeypatch.setattr(HubSpotClient, method, called)


def test_more_than_ten_thousand_rows_of_one_moment_are_read_past_the_search_limit(folder):
    config = "hubspot: {objects: [products], custom_objects: none}"
    with serving(folder, config=config) as portal:
        portal.extract()
        portal.later(3_600)
        put(folder, "products", 10_450, at=portal.now(), name="name")
        portal.later()
        assert portal.extract().rows["hubspot products"] == 10_450
        assert portal.differences("products") == []


def test_a_portal_with_nine_hundred_properties_is_read_whole(folder):
    names = [f"a_property_of_somebody_number_{number:04}" for number in range(900)]
    define(folder, "companies", **{name: {} for name in names})
    stored(folder, "update companies set props = json_set(props, '$.' || ?, 'first', '$.' || ?, 'last')",
           names[0], names[-1])  # fmt: skip
    with serving(folder, config=MAIN.replace("contacts, companies, deals", "companies")) as portal:
        assert portal.extract().stale == ()
        assert portal.differences("companies") == []
        first = f"select count({names[0]}), count({names[-1]}), count(*) from raw_hubspot.companies"
        assert len(set(portal.rows(first)[0])) == 1
        portal.later()
        portal.update("companies", portal.some("companies", 1)[0], **{names[899]: "changed", names[3]: "too"})
        portal.later()
        portal.extract()
        assert portal.differences("companies") == []


def test_a_record_with_more_associations_than_a_page_holds_keeps_them_all(portal):
    deal = portal.some("deals", 1)[0]
    portal.store(
        "insert into associations with recursive n(value) as (select 1 union all select value + 1 from n "
        "where value < 1120) "
        "select 'deals', ?, 'contacts', 800000 + value, 3, 'HUBSPOT_DEFINED', null from n",
        int(deal),
    )
    portal.update("deals", deal, dealname="Crowded")
    portal.later()
    portal.extract()
    pairs = f"from_type = 'deals' and from_id = '{deal}' and to_type = 'contacts'"
    there = portal.store(f"select to_id, type_id from associations where {pairs} order by 1, 2")
    assert len(there) >= 1_120
    here = portal.rows(f"select to_id::bigint, type_id from raw_hubspot.associations where {pairs}")
    assert sorted(here) == there


def tied(portal, number: int) -> None:
    """Two contacts become associated, which nobody asks for from the start."""
    one, other = portal.some("contacts", number + 2)[number:]
    portal.do("PUT", f"{OBJECTS}/contacts/{one}/associations/default/contacts/{other}")
    portal.update("contacts", one, firstname="Tied")
    portal.later()


def test_a_pair_that_nobody_declared_is_found_by_the_first_load_and_kept_up_to_date(fresh):
    tied(fresh, 0)
    assert fresh.extract().stale == ()
    assert _lacking(fresh) == []
    tied(fresh, 3)
    fresh.extract()
    assert _lacking(fresh) == []


@pytest.mark.parametrize("by", ["sweep", "the daily reading of what is calculated", "a daily look"])
def test_a_pair_that_comes_into_use_later_is_found_by_whoever_next_lists_all_records(portal, by, monkeypatch):
    if by == "a daily look":
        told = HubSpotClient.properties
        monkeypatch.setattr(
            HubSpotClient,
            "properties",
            lambda *asked: [each | {"calculated": False} for each in told(*asked)],
        )
    tied(portal, 0)
    portal.extract()
    assert _lacking(portal) == [("associations", "a pair that nobody reads", ("contacts", "contacts"))]
    _tied_without_a_trace(portal)
    portal.later()
    portal.extract()
    assert {each[1] for each in _lacking(portal)} >= {"not here", "not there"}
    if by == "sweep":
        portal.extract(sweep=True)
    else:
        portal.later(25 * 3600)
        before = portal.store(
            "select count(*) from requests where path like '%/contacts/contacts/batch/read'"
        )
        assert portal.extract().tables
        after = portal.store("select count(*) from requests where path like '%/contacts/contacts/batch/read'")
        assert after[0][0] - before[0][0] == 1
        assert portal.rows("select count(*) from ops.sweeps") == [(0,)]
    assert _lacking(portal) == []


def _tied_without_a_trace(portal):
    """An association made and one taken away between records of a pair that is read: no stamp moves."""
    stamps = "select id, props from deals union all select id, props from contacts order by 1"
    before = portal.store(stamps)
    [gone] = portal.store(
        "select from_id, to_id from associations where from_type = 'deals' and to_type = 'contacts' limit 1"
    )
    deal, contact = portal.some("deals", 1)[0], portal.some("contacts", 8)[7]
    portal.do("PUT", f"{OBJECTS}/deals/{deal}/associations/default/contacts/{contact}")
    pair = {"from": {"id": str(gone[0])}, "to": [{"id": str(gone[1])}]}
    portal.do("POST", "/crm/associations/2026-03/deals/contacts/batch/archive", {"inputs": [pair]})
    assert portal.store(stamps) == before


def _lacking(portal):
    """What the copy has otherwise of associations among contacts, companies and deals."""
    objects = {"contacts", "companies", "deals"}
    found = of_associations(portal)
    return [each for each in found if each[1] != "a pair that nobody reads" or {*each[2]} <= objects]


def test_custom_objects_land_with_the_associations_their_schema_names_and_are_marked_when_it_is_gone(folder):
    with serving(folder, config="hubspot: {objects: [companies]}") as portal:
        company = portal.some("companies", 1)[0]
        portal.do("POST", SCHEMAS, {
            "name": "sites", "labels": {"singular": "Site", "plural": "Sites"},
            "properties": [{"name": "site", "label": "Site", "type": "string", "fieldType": "text"}],
            "requiredProperties": ["site"], "primaryDisplayProperty": "site",
            "associatedObjects": ["companies"],
        })  # fmt: skip
        records = [portal.create(SITES, site=each) for each in ("Roof", "Yard")]
        for each in records:
            portal.do("PUT", f"{OBJECTS}/{SITES}/{each}/associations/default/companies/{company}")
        made = portal.create(CUSTOM, installation_name="Roof")
        portal.do("PUT", f"/crm/objects/2026-03/{CUSTOM}/{made}/associations/default/companies/{company}")
        portal.later()
        fetched = portal.extract()
        assert fetched.stale == ()
        assert portal.rows(f"select count(*) from raw_hubspot.associations where from_type = '{SITES}'") == [
            (2,)
        ]
        assert portal.differences(CUSTOM, "custom_installations") == []
        there = portal.store(f"select from_id, to_id, type_id from associations where from_type = '{CUSTOM}'")
        pairs = portal.rows(
            "select from_id::bigint, to_id::bigint, type_id from raw_hubspot.associations "
            f"where from_type = '{CUSTOM}' and to_type = 'companies'"
        )
        assert sorted(pairs) == sorted(there)
        assert (int(made), int(company)) in {pair[:2] for pair in pairs}
        portal.update(CUSTOM, made, installation_name="Roof and cellar")
        portal.later()
        assert portal.extract().rows == {"hubspot custom_installations": 1, "hubspot associations": 1}
        assert portal.differences(CUSTOM, "custom_installations") == []
        for each in records:
            portal.do("DELETE", f"{OBJECTS}/{SITES}/{each}")
        portal.do("DELETE", f"{SCHEMAS}/{SITES}")
        portal.later()
        assert "custom_sites: HubSpot has no such object any more" in str(portal.extract().notes)
        left = "select count(*) from raw_hubspot"
        assert portal.rows(f"{left}.custom_sites where deleted_how is null") == [(0,)]
        assert portal.rows(f"{left}.associations where '{SITES}' in (from_type, to_type)") == [(0,)]
        assert not portal.extract().has_changes


def test_a_record_that_changes_between_two_pages_of_a_window_hides_no_other(portal, monkeypatch):
    moment = portal.now()
    put(portal.folder, "contacts", 450, at=moment, name="firstname")
    portal.later(3_600)
    on_call(monkeypatch, "search_page", 3, lambda: portal.update("contacts", "900007", firstname="Moved"))
    portal.config.write_text("hubspot: {objects: [contacts], custom_objects: none}")
    assert portal.extract().stale == ()
    monkeypatch.undo()
    assert [row for row in portal.differences() if row[0] == "rows"] == []
    portal.later()
    portal.extract()
    assert portal.differences() == []


def test_a_record_that_changes_between_two_pages_of_a_first_list_arrives(fresh, monkeypatch):
    put(fresh.folder, "contacts", 250, at=fresh.now(), name="firstname")
    fresh.later()
    fresh.config.write_text("hubspot: {objects: [contacts], custom_objects: none}")

    def deed():
        one, two = fresh.some("contacts", 2)
        fresh.update("contacts", one, firstname="Behind")
        fresh.update("contacts", "900250", firstname="Ahead")
        fresh.do("DELETE", f"/crm/objects/2026-03/contacts/{two}")
        fresh.do("DELETE", "/crm/objects/2026-03/contacts/900249")
        fresh.create(email="born@meanwhile.example")

    on_call(monkeypatch, "list_answer", 1, deed)
    assert fresh.extract().stale == ()
    monkeypatch.undo()
    fresh.later()
    fresh.extract()
    assert fresh.differences() == []


def test_numbers_keep_each_digit_by_every_way_and_a_date_stays_the_day_it_is(folder):
    currency = {"type": "number", "fieldType": "number"}
    define(
        folder, "companies", fee=currency | {"showCurrencySymbol": True},
        day={"type": "date", "fieldType": "date"},
        budget=currency | {"numberDisplayHint": "currency"}, ratio=currency,
        colours={"type": "enumeration", "fieldType": "checkbox"},
        odd={"type": "hologram", "fieldType": "text"},
    )  # fmt: skip
    stored(folder, "update meta set value = 'Pacific/Auckland' where key = 'time_zone'")
    values = {"fee": "1234567890123.4567", "budget": "0.1", "day": "2026-03-01", "odd": "shiny",
              "ratio": "-123456789012345678.000000000000000001", "colours": "red;blue"}  # fmt: skip
    config = "hubspot: {objects: [companies, products], custom_objects: none, history: {companies: [ratio]}}"
    with serving(folder, config=config) as portal:
        portal.create("products", name="A page view", price="0.0015")
        company = portal.create("companies", name="Typed")
        portal.edit("companies", company, **values)
        portal.later()
        fetched = portal.extract()
        of_it = f"from raw_hubspot.companies where id = '{company}'"
        assert portal.rows(f"select fee, budget, ratio, day::varchar, colours, odd {of_it}") == [
            (
                Decimal("1234567890123.4567"),
                Decimal("0.10"),
                Decimal(values["ratio"]),
                "2026-03-01",
                ["red", "blue"],
                "shiny",
            )
        ]
        assert any("odd (hologram)" in note for note in fetched.notes)
        cheap = "select price from raw_hubspot.products where name = 'A page view'"
        assert portal.rows(cheap) == [(Decimal("0.0015"),)]
        midnight = "1772323200000"  # of 2026-03-01, in milliseconds, as HubSpot spells a date too
        portal.edit("companies", company, day=midnight)
        long = "987654321987654321.123456789012345678"
        portal.update("companies", company, name="Typed again", ratio=long)
        portal.later()
        portal.extract()
        assert portal.rows(f"select day::varchar, ratio {of_it}") == [("2026-03-01", Decimal(long))]
        past = "select value from raw_hubspot.companies_property_history where property = 'ratio' "
        assert (long,) in portal.rows(past + f"and id = '{company}'")


def test_history_that_config_adds_is_read_of_records_copied_before(portal):
    contact = portal.some("contacts", 1)[0]
    for title in ("One", "Two", "Three"):
        portal.update("contacts", contact, jobtitle=title)
        portal.later(1)
    portal.later()
    portal.extract()
    titles = (
        "select value from raw_hubspot.contacts_property_history where property = 'jobtitle' "
        f"and id = '{contact}' order by changed_at"
    )
    assert portal.rows(titles) == []
    portal.config.write_text(MAIN.replace("}", ", history: {contacts: [jobtitle]}}"))
    portal.extract()
    assert [title for (title,) in portal.rows(titles)][-3:] == ["One", "Two", "Three"]
    there = portal.store("select count(*) from (select distinct id, property, at from history where "
                         "object = 'contacts' and property in ('jobtitle', 'lifecyclestage'))")  # fmt: skip
    assert there[0][0] <= portal.rows("select count(*) from raw_hubspot.contacts_property_history")[0][0]
    portal.later()
    assert not portal.fetch().has_changes
