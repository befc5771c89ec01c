"""HubSpot behind the reader's back: the copy stays equal to the store, row by row, after each of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import httpx
import orjson
import pytest

from pipelines.run import Run, silent
from pipelines.sources import fetch as fetching
from pipelines.sources import load as loading
from pipelines.sources import spool
from pipelines.sources.known import known_from
from tests.integration import test_extract
from tests.integration.test_extract import World, same

OBJECTS = "/crm/objects/2026-03"
world = test_extract.world


class Portal:
    """A sandbox, a copy of it, and a client to do things with."""

    def __init__(self, world: World, raw: duckdb.DuckDBPyConnection, home: Any) -> None:
        self.world, self.raw = world, raw
        (home / "config").mkdir()
        self.config = home / "config" / "extract.yml"
        env = {k: v for k, v in world.env.items() if k.startswith("HUBSPOT")}
        from pipelines.settings import load_settings

        self.settings = load_settings(
            {"CRM_HOME": str(home), "CRM_CONFIG": str(home / "config"), **env}, dotenv=home / "none"
        )
        self.http = httpx.Client(
            base_url=env["HUBSPOT_URL"],
            headers={"Authorization": f"Bearer {env['HUBSPOT_TOKEN']}"},
            timeout=30,
        )

    def do(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def create(self, kind: str = "contacts", **properties: str) -> str:
        return str(self.do("POST", f"{OBJECTS}/{kind}", {"properties": properties})["id"])

    def extract(self, *, sweep: bool = False) -> Any:
        run = Run()
        fetched = fetching.fetch(self.settings, run, known_from(self.raw), silent, sweep=sweep)
        if fetched.has_changes:
            loading.load(fetched, self.raw, self.settings, run, silent)
            spool.clear(self.settings)
        return fetched

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.raw.execute(sql).fetchall()

    def differences(self, kind: str = "contacts") -> list[Any]:
        """Live and binned records, field by field; nothing when the copy is equal."""
        columns = {name: sort for name, sort, *_ in self.rows(f"describe raw_hubspot.{kind}")}
        found = self.raw.execute(
            f"select * from raw_hubspot.{kind} where coalesce(deleted_how, 'archived') = 'archived'"
        )
        defined = {each["name"] for each in self.do("GET", f"/crm/properties/2026-03/{kind}")["results"]}
        names = [each[0] for each in found.description]
        arrived = {int(row[0]): dict(zip(names, row, strict=True)) for row in found.fetchall()}
        stored = {
            key: (bool(archived), orjson.loads(props))
            for key, archived, props in self.world.rows(
                "hubspot", f"select id, archived, props from {self.world.shown(kind)}"
            )
        }
        wrong: list[Any] = (
            [("rows", sorted(arrived.keys() ^ stored.keys()))] if arrived.keys() ^ stored.keys() else []
        )
        kinds = {"DOUBLE": "number", "BIGINT": "integer", "DECIMAL(18,2)": "money", "BOOLEAN": "boolean",
                 "DATE": "date", "TIMESTAMP WITH TIME ZONE": "timestamp", "VARCHAR[]": "list"}  # fmt: skip
        for key in arrived.keys() & stored.keys():
            archived, props = stored[key]
            if arrived[key]["archived"] != archived:
                wrong.append((key, "archived"))
            wrong += [
                (key, name, props.get(name), arrived[key].get(name))
                for name in props.keys() & defined
                if not same(kinds.get(columns.get(name, ""), "text"), props[name], arrived[key].get(name))
            ]
        return wrong


@pytest.fixture
def portal(world: World, tmp_path: Any) -> Iterator[Portal]:
    with duckdb.connect(str(tmp_path / "work.duckdb")) as raw:
        raw.execute("set timezone = 'UTC'")
        made = Portal(world, raw, tmp_path)
        made.config.write_text("hubspot: {objects: [contacts, companies, deals]}")
        yield made
        world.faults("hubspot", [])
        httpx.post(f"{world.urls['hubspot']}/_sandbox/portal", json={"search_lag_ms": 0})
        made.http.close()


@contextmanager
def later(portal: Portal, seconds: int = 60) -> Iterator[None]:
    yield
    portal.world.advance(seconds)


def test_all_properties_of_the_portal_land_and_equal_the_store(portal):
    portal.extract()
    for kind in ("contacts", "companies", "deals"):
        assert portal.differences(kind)[:3] == []
    assert portal.rows("select count(website), count(*) > 0 from raw_hubspot.contacts")[0][1]


def test_chained_merges_and_purges_are_told_apart(portal):
    ids = [portal.create(email=f"merge{n}@merge.example") for n in range(4)]
    portal.world.advance(60)
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
    assert [how[each] for each in ids] == ["merged", "merged", "merged", None]
    portal.extract(sweep=True)
    assert portal.differences() == []
    assert dict(portal.rows("select id, deleted_how from raw_hubspot.contacts"))[ids[3]] == "swept"
    assert portal.rows("select missing, extra from ops.sweeps where object = 'contacts'") == [(0, 1)]


def test_search_lag_and_late_rows_lose_nothing(portal):
    portal.extract()
    portal.do("POST", "/_sandbox/portal", {"search_lag_ms": 120_000})
    late = portal.create(email="lagging@lag.example")
    portal.world.advance(60)
    portal.extract()
    assert portal.rows(f"select count(*) from raw_hubspot.contacts where id = '{late}'") == [(0,)]
    portal.world.advance(120)
    portal.create("companies", name="Moves the cursor")
    portal.world.advance(60)
    portal.extract()
    assert portal.differences() == []


def test_a_new_property_is_filled_a_retyped_one_read_anew_a_removed_one_stays(portal):
    contact = portal.create(email="typed@typed.example")
    portal.world.advance(60)
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
    portal.world.advance(60)
    fetched = portal.extract()
    assert portal.rows(value) == [(41.5,)]
    assert any("shoe_size" in note for note in fetched.notes)
    assert portal.differences()[:3] == []


def test_calculated_values_are_refreshed_on_their_schedule(portal):
    contact = portal.create(email="calculated@c.example")
    portal.world.advance(60)
    portal.extract()
    moment = "2026-01-02T03:04:05.000Z"
    portal.do("POST", "/_sandbox/records", {
        "object": "contacts", "id": contact, "action": "edit",
        "properties": {"hs_v2_date_entered_customer": moment},
    })  # fmt: skip
    value = f"select count(hs_v2_date_entered_customer) from raw_hubspot.contacts where id = '{contact}'"
    portal.extract()
    assert portal.rows(value) == [(0,)]
    portal.world.advance(25 * 3600)
    portal.extract()
    assert portal.rows(value) == [(1,)]


@pytest.mark.parametrize("how", ["short_page", "truncated_page"])
def test_a_cut_list_fails_loudly_and_the_next_run_mends_it(portal, how):
    portal.world.faults("hubspot", [{"match": "GET .*objects.*/contacts$", "status": how}])
    fetched = portal.extract()
    assert "hubspot contacts" in fetched.stale
    assert any("HubSpot gave" in note for note in fetched.notes)
    portal.extract()
    assert portal.differences() == []


def test_unknown_names_in_config_are_sentences_and_the_rest_loads(portal):
    portal.config.write_text(
        "hubspot: {objects: [contacts, unicorns], properties: {contacts: {without: [horn_length]}}}"
    )
    fetched = portal.extract()
    told = " ".join(fetched.problems)
    assert "unicorns" in told
    assert "Unable to infer object type" in told
    assert "horn_length" in told
    assert fetched.stale == ()
    assert portal.rows("select count(*) > 100 from raw_hubspot.contacts") == [(True,)]


def test_the_history_is_whole_past_what_a_list_shows(portal):
    deal = portal.create("deals", dealname="H", dealstage="appointmentscheduled", pipeline="default")
    for amount in range(30):
        portal.do("PATCH", f"{OBJECTS}/deals/{deal}", {"properties": {"amount": str(amount)}})
    portal.world.advance(60)
    portal.extract()
    count = (
        "select count(distinct value) from raw_hubspot.deals_property_history "
        f"where id = '{deal}' and property = 'amount'"
    )
    assert portal.rows(count) == [(30,)]


def test_the_daily_share_stops_the_extract_and_the_next_one_goes_on(portal):
    portal.config.write_text("{hubspot: {objects: [contacts]}, budget: {daily_share: 0.0000001}}")
    fetched = portal.extract()
    assert "hubspot contacts" in fetched.stale
    assert any("budget.daily_share" in note for note in fetched.notes)
    portal.config.write_text("hubspot: {objects: [contacts]}")
    portal.extract()
    assert portal.differences() == []
