"""A fetch that is killed goes on, and what changed in between is not overwritten by what was read before."""

from __future__ import annotations

import pytest

from .test_nothing_is_lost import put

ONLY = "hubspot: {objects: [contacts], custom_objects: none, history: {contacts: none}}"


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


def _ids_read(portal):
    """How many records the portal's own log says were asked for by id since now."""
    seen = portal.store("select coalesce(max(seq), 0) from requests")[0][0]

    def read() -> int:
        asked = portal.store(
            "select count(*) from requests where seq > ? and path like '%contacts/batch/read'", seen
        )
        return int(asked[0][0]) * 100

    return read
