"""A fetch that is killed goes on, and what changed in between is not overwritten by what was read before."""

from __future__ import annotations

import orjson
import pytest

from pipelines.clients import errors
from pipelines.settings import load_settings
from pipelines.sources.ahead import PAGES_AHEAD
from pipelines.sources.hubspot.stretches import AT_ONCE
from sandbox.hubspot import oauth

from .portal import OBJECTS
from .test_nothing_is_lost import on_call, put

BESIDES = (
    "[campaigns, lists, forms, marketing_events, email_campaigns, email_events, subscription_types, "
    "behavioral_events]"
)
ONLY = "hubspot: {objects: [contacts], custom_objects: none, history: {contacts: none}}"


@pytest.mark.kill
@pytest.mark.parametrize("nth", [1, 3, 6])
def test_a_first_load_ended_by_kill_goes_on_where_it_stopped(fresh, nth):
    fresh.config.write_text(f"hubspot: {{objects: [contacts], custom_objects: none, without: {BESIDES}}}")
    fresh.killed(nth, 50)
    [manifest] = fresh.settings.paths.spool.rglob("contacts/first/manifest.json")
    assert not orjson.loads(manifest.read_bytes())["complete"]
    first, *_, last = fresh.some("contacts", 200)
    fresh.update("contacts", first, firstname="Since the kill")
    fresh.update("contacts", last, firstname="Since the kill")
    fresh.do("DELETE", f"{OBJECTS}/contacts/{fresh.some('contacts', 120)[-1]}")
    fresh.later()
    since = fresh.now()
    assert fresh.extract().stale == ()
    assert fresh.differences() == []
    assert fresh.rows("select count(*) - count(distinct id) from raw_hubspot.contacts") == [(0,)]
    asked = "select count(*) from requests where path like '%/objects/2026-03/contacts' and at >= ?"
    pages = -(-fresh.store("select count(*) from contacts where archived = 0")[0][0] // 50)
    # What was read is not read again; beside it the bin, the page after it, and the bin once more.
    assert fresh.store(asked, since)[0][0] <= pages + 4 - nth


@pytest.mark.kill
def test_a_long_list_read_at_several_places_at_once_goes_on_after_a_kill_and_costs_few_calls(fresh):
    fresh.config.write_text(f"hubspot: {{objects: [products], custom_objects: none, without: {BESIDES}}}")
    put(fresh.folder, "products", 4_400, at=fresh.now(), name="name")
    fresh.store("update products set id = id + 80000000000 where id > 902000")  # as ids are: far apart
    fresh.store(
        "update products set props = cast(json_set(props, '$.hs_object_id', cast(id as text)) as blob)"
    )
    fresh.later()
    fresh.killed(4, 400)
    [manifest] = fresh.settings.paths.spool.rglob("products/first/manifest.json")
    assert orjson.loads(manifest.read_bytes())["position"].count("[") > 2  # several stretches are left
    first, *_, last = fresh.some("products", 4_400)
    fresh.update("products", first, name="Since the kill")
    fresh.update("products", last, name="Since the kill")
    fresh.do("DELETE", f"{OBJECTS}/products/{fresh.some('products', 3_000)[-1]}")
    fresh.later()
    assert fresh.extract().stale == ()
    assert fresh.differences("products") == []
    assert fresh.rows("select count(*) - count(distinct id) from raw_hubspot.products") == [(0,)]
    asked = "select count(*) from requests where path like '%/objects/2026-03/products'"
    pages = -(-fresh.store("select count(*) from products")[0][0] // 100)
    again = PAGES_AHEAD + AT_ONCE + 4  # what the killed run had read and not written out
    assert fresh.store(asked)[0][0] <= pages + again + 2 * (AT_ONCE - 1) + 4  # a page a cut, and the bins


@pytest.mark.kill
def test_a_window_ended_by_kill_goes_on_where_it_stopped(portal):
    portal.config.write_text(ONLY)
    portal.later(3_600)
    put(portal.folder, "contacts", 650, at=portal.now(), name="firstname")
    portal.later()
    portal.killed(2, 250)
    assert list(portal.settings.paths.spool.rglob("contacts-merge-*.parquet"))
    portal.update("contacts", "900003", firstname="Changed meanwhile")
    portal.update("contacts", "900640", firstname="Changed too")
    portal.do("DELETE", "/crm/objects/2026-03/contacts/900005")
    portal.later()
    read = _ids_read(portal)
    portal.extract()
    assert portal.differences() == []
    assert read() < 2 * 650
    portal.later()
    assert not portal.fetch().has_changes


@pytest.mark.kill
def test_a_refill_ended_by_kill_goes_on_and_gives_way_to_what_changed_since(portal):
    portal.config.write_text(ONLY)
    portal.extract()
    first, *_, last = portal.some("contacts", 150)
    portal.define("contacts", "shoe_size")
    for contact in (first, last):
        portal.edit("contacts", contact, shoe_size="41")
    portal.later()
    portal.killed(1, 50)
    assert list(portal.settings.paths.spool.rglob("contacts-fill-*.parquet"))
    portal.update("contacts", first, shoe_size="42")
    portal.update("contacts", last, shoe_size="43")
    portal.later()
    portal.extract()
    assert portal.differences() == []
    portal.later()
    assert not portal.fetch().has_changes


def test_access_tokens_that_expire_in_mid_read_are_renewed_and_the_read_goes_on(fresh, monkeypatch):
    by_oauth(fresh)
    for method, nth in (("list_answer", 2), ("list_answer", 5), ("associations", 1)):
        on_call(monkeypatch, method, nth, lambda: fresh.later(oauth.LASTS_SECONDS))
    assert fresh.extract().stale == ()
    monkeypatch.undo()
    signed = "select count(*) from requests where path like '/oauth/%'"
    renewed = fresh.store(signed)[0][0] - 1
    assert 1 <= renewed <= 3  # objects are read side by side: two moments may be one to those who meet them
    assert fresh.store("select count(*) > 0 from requests where status = 401") == [(True,)]
    fresh.later()
    fresh.extract()
    assert [row for kind in ("contacts", "companies", "deals") for row in fresh.differences(kind)] == []


def test_a_refresh_token_that_hubspot_does_not_take_is_one_sentence_without_the_token(fresh):
    by_oauth(fresh, refresh_token="na1-revoked-token")
    with pytest.raises(errors.AuthFailed, match="missing or invalid refresh token") as told:
        fresh.extract()
    assert "HUBSPOT_REFRESH_TOKEN" in str(told.value)
    assert "na1-revoked-token" not in str(told.value)


def by_oauth(portal, **other: str) -> None:
    """The same portal as an OAuth app reaches it."""
    given = oauth.credentials(portal.env["HUBSPOT_TOKEN"]) | other
    env = {f"HUBSPOT_{name.upper()}": value for name, value in given.items()}
    kept = {name: value for name, value in portal.env.items() if name != "HUBSPOT_TOKEN"}
    portal.settings = load_settings(kept | env, dotenv=portal.folder / "none")


def _ids_read(portal):
    """How many records the portal's own log says were asked for by id since now."""
    seen = portal.store("select coalesce(max(seq), 0) from requests")[0][0]

    def read() -> int:
        asked = portal.store(
            "select count(*) from requests where seq > ? and path like '%contacts/batch/read'", seen
        )
        return int(asked[0][0]) * 100

    return read
