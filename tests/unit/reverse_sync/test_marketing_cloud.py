"""What is written to Marketing Cloud, and what is refused, against the sandbox's own server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from pipelines.clients import errors
from pipelines.clients.marketing_cloud import rows
from pipelines.reverse_sync import recovery
from pipelines.reverse_sync.actions.base import HELD, NOT_THERE, Action, Found
from pipelines.reverse_sync.actions.extension_rows import RowEmptying, RowRemoval
from pipelines.reverse_sync.actions.marketing_cloud import JourneyEntry, JourneyExit, JourneyUpdate
from pipelines.reverse_sync.destinations.base import Cell, RecordWrite
from pipelines.reverse_sync.destinations.marketing_cloud import EMAIL_KEY, MarketingCloudDestination
from pipelines.reverse_sync.destinations.open import _knows_ids
from pipelines.reverse_sync.forecast import forecast
from pipelines.rules.syncs import load_syncs
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.state import State, journal
from pipelines.state.journal import Intent
from sandbox.worlds.create import Wish, open_home
from tests.fixtures import marketing_cloud as mcs


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("destination") / "home"
    open_home(home, Wish("default", "XS"), lambda _: None)
    return home


@pytest.fixture
def mc(world: Path, tmp_path: Path) -> Iterator[Any]:
    with mcs.account(mcs.copy_of(world, tmp_path / "mc")) as found:
        yield found


@pytest.fixture
def destination(mc: Any) -> Iterator[MarketingCloudDestination]:
    with mcs.client(mc) as client:
        yield MarketingCloudDestination(client, wait=lambda seconds: None)


def row(key: str, **values: str) -> RecordWrite:
    return RecordWrite(key, tuple(Cell(name, "text", value) for name, value in values.items()))


@pytest.mark.parametrize(
    ("extension", "why"),
    [
        ("Lead_Salesforce_1", "synchronised from Salesforce"),
        ("crm_complaints", "no primary keys"),
        ("nobody", "has no data extension nobody"),
    ],
)
def test_what_is_no_target_is_refused_with_the_reason(destination, extension, why):
    with pytest.raises(errors.ClientError, match=why):
        destination.fields(extension)


def test_a_few_rows_go_at_once_and_the_answer_proves_them(destination, mc):
    before = destination.calls
    answers = destination.update(mcs.PEOPLE, [row("003A", EmailAddress="a@x.example", LeadScore="7")])
    assert answers[0].ok
    assert answers[0].values == {"EmailAddress": "a@x.example", "LeadScore": "7"}
    assert destination.calls - before == 2  # the fields, the rows
    held = destination.read(mcs.PEOPLE, ["003A", "003B"], ["LeadScore", "FirstName"])
    assert held == {"003A": {"LeadScore": "7", "FirstName": None}}


def test_many_rows_go_by_one_request_and_a_bad_one_fails_alone(destination, mc):
    mc.do(do="delay_async", milliseconds=10_000_000)
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            mc.store.db.execute("update async_requests set ready = 0")

    destination = MarketingCloudDestination(destination.client, wait=wait)
    writes = [row(f"003{n:03}", FirstName="x" * (81 if n == 7 else 8)) for n in range(60)]
    answers = destination.update(mcs.PEOPLE, writes)
    assert waited == [0.25, 0.375, 0.5625]
    assert [answer.ok for answer in answers] == [n != 7 for n in range(60)]
    assert answers[7].code == "70002"
    assert "80 characters" in answers[7].message
    sent = mc.store.value(
        "select count(*) from requests where method = 'PUT' and path like '/data/v1/async/%'"
    )
    assert sent == 1
    assert len(destination.read(mcs.PEOPLE, [w.record_id for w in writes], ["FirstName"])) == 59


def test_an_address_as_key_is_refused_where_anybody_is_known_by_an_id(destination, mc):
    """A subscriber behind thousands keyed by addresses, or a contact that was never mailed."""
    answers = destination.update(mcs.PEOPLE, [row("a@x.example", FirstName="A"), row("003A", FirstName="B")])
    assert [(answer.ok, answer.code) for answer in answers] == [(False, EMAIL_KEY), (True, "")]
    db, one = mc.store.db, [row("a@x.example", FirstName="A")]
    db.execute("update subscribers set key = 'x' || id || '@x.example'")
    contact = MarketingCloudDestination(destination.client)
    assert contact.update(mcs.PEOPLE, one)[0].code == EMAIL_KEY
    told = MarketingCloudDestination(destination.client, known=lambda: True)
    assert told.update(mcs.PEOPLE, one)[0].code == EMAIL_KEY
    db.execute("update contacts set key = 'x' || id || '@x.example'")
    fresh, before = MarketingCloudDestination(destination.client, known=lambda: False), destination.calls
    assert fresh.update(mcs.PEOPLE, one)[0].ok
    assert destination.calls - before == 4  # the fields, subscribers by either kind of id, the row
    assert MarketingCloudDestination(destination.client).update(mcs.PEOPLE, one)[0].ok
    db.execute(
        "update subscribers set key = '003SB0000000001YAA' where id = (select max(id) from subscribers)"
    )
    last = MarketingCloudDestination(destination.client, known=lambda: False)
    assert last.update(mcs.PEOPLE, one)[0].code == EMAIL_KEY


@pytest.mark.parametrize(("kind", "status", "known"), [
    ("contact_id", "absent", True), ("email", "loaded", False), ("email", "absent", None),
])  # fmt: skip
def test_the_warehouse_says_how_people_are_keyed_where_it_read_the_contacts(tmp_path, kind, status, known):
    settings = Settings(home=tmp_path, config_dir=PROJECT_ROOT / "config")
    assert _knows_ids(settings) is None
    with duckdb.connect(str(settings.paths.published)) as made:
        made.execute("create schema ops; create schema marts")
        made.execute("create table marts.subscribers as select ? as key_kind", [kind])
        made.execute(
            "create table ops.loads as select 'marketing_cloud' as vendor, 'contacts' as table_name, "
            "? as status", [status],
        )  # fmt: skip
    assert _knows_ids(settings) is known


@pytest.mark.parametrize(("there", "more"), [(20_000, 60), (3_000, 60)])
def test_writing_more_than_fifty_rows_of_a_larger_extension_takes_the_calls_that_are_forecast(
    destination, mc, there, more
):
    """By key where the extension is large, with the whole where that is less."""
    [(extension,)] = mc.store.rows("select id from data_extensions where key = ?", (mcs.PEOPLE,))
    mc.store.db.executemany(
        "insert into extension_rows (extension, pk, body) values (?, ?, ?)",
        ((extension, f"00q{n}", orjson.dumps({"ContactKey": f"00Q{n}"})) for n in range(there)),
    )
    existing = mc.store.value("select count(*) from extension_rows where extension = ?", (extension,))
    destination.account()  # signs in
    before, writes = destination.calls, [row(f"003{n:03}", FirstName=f"F{n}") for n in range(more)]
    assert all(each.ok for each in destination.update(mcs.PEOPLE, writes))
    held = destination.read(mcs.PEOPLE, [each.record_id for each in writes], ["FirstName"])
    assert held == {f"003{n:03}": {"FirstName": f"F{n}"} for n in range(more)}
    told = forecast("marketing_cloud", more, existing=existing)
    assert told.read_back == {20_000: 4, 3_000: 2}[there]
    assert destination.calls - before == told.total


def entry(key: str, contact: str = "003NEW", **more: Any) -> Action:
    payload = {
        "event": mcs.ENTRY, "journey": mcs.NURTURE, "journey_status": "Published", "extension": mcs.ENTRY,
        "contact_key": contact, "data": {"ContactKey": contact, "EmailAddress": "new@x.example"}, **more,
    }  # fmt: skip
    return Action(
        key, "journeys", "journey_entry", "marketing_cloud", "Subscriber", "", "", payload, (), "decided",
        "journeys.yml", "", "compensable",
    )  # fmt: skip


def test_an_entry_is_found_by_our_key_and_undone_by_an_exit(destination, mc):
    handler = JourneyEntry(destination)
    assert handler.look_up([entry("one")]) == [NOT_THERE]
    assert handler.send([entry("one")])[0].ok
    assert handler.look_up([entry("one")])[0].id == "one"
    assert handler.undo([(entry("one"), "")])[0].ok
    assert [e["state"] for e in mc.do(do="entries", journey=mcs.NURTURE)["entries"]] == ["exited"]
    assert JourneyExit(destination).look_up([entry("one")])[0].id == "one"


def test_an_exit_takes_out_whoever_is_in_and_one_from_no_journey_fails_alone(destination, mc):
    handler = JourneyExit(destination)
    JourneyEntry(destination).send([entry("one"), entry("two", "003B")])
    some = [entry("one"), entry("three", "003B", journey="nobody's")]
    assert handler.look_up(some) == [NOT_THERE, NOT_THERE]
    out, refused = handler.send(some)
    assert (out.ok, refused.ok, refused.code) == (True, False, "EXIT_IGNORED")
    assert "Invalid Interaction Name" in refused.message
    assert handler.look_up(some) == [Found("one"), NOT_THERE]
    states = {e["contact"]: e["state"] for e in mc.do(do="entries", journey=mcs.NURTURE)["entries"]}
    assert states == {"003NEW": "exited", "003B": "active"}


def test_of_three_entries_the_inactive_contact_is_a_row_error_with_the_vendors_reason_and_two_go(
    destination, mc
):
    handler = JourneyEntry(destination)
    handler.send([entry("one")])
    mc.do(do="deactivate", contact="003NEW")
    some = [entry("two", "003B"), entry("three"), entry("four", "003C")]
    first, refused, last = handler.send(some)
    assert (refused.ok, refused.code) == (False, "30004")
    assert "not active" in refused.message
    assert (first.ok, last.ok) == (True, True)
    inside = {e["contact"] for e in mc.do(do="entries", journey=mcs.NURTURE)["entries"]}
    assert {"003B", "003C"} <= inside


def test_a_journey_that_was_stopped_or_listens_to_another_event_since_is_fired_into_by_nobody(
    destination, mc
):
    """The plan says Published; the first look of an apply says otherwise, and costs one call for all."""
    before = destination.calls
    assert all(r.ok for r in JourneyEntry(destination).send([entry("one"), entry("two", "003B")]))
    assert destination.calls - before == JourneyEntry.forecast(2)
    key = mcs.NURTURE
    found = mc.http.get(f"/interaction/v1/interactions/key:{key}").json()
    mc.http.post(f"/interaction/v1/interactions/pause/{found['id']}")
    handler, before = JourneyEntry(destination), destination.calls
    held = handler.send([entry("three", "003C")]) + handler.send([entry("four", "003D")])
    assert {(row.ok, row.code) for row in held} == {(False, HELD)}
    assert "not published any more" in held[0].message
    assert destination.calls - before == 1
    assert handler.look_up([entry("three", "003C")]) == [NOT_THERE]
    mc.http.post(f"/interaction/v1/interactions/resume/{found['id']}")
    assert JourneyEntry(destination).send([entry("three", "003C")])[0].ok
    [other] = JourneyEntry(destination).send([entry("five", "003E", event="another-entry")])
    assert (other.ok, other.code) == (False, HELD)
    assert f"listens to {mcs.ENTRY}" in other.message


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"journey_status": "Paused"}, "is Paused: the event would let nobody in"),
        ({"journey_status": None}, "is not there"),
        ({"listens_to": "other"}, "is crm-high-score, but the published version of the journey"),
        ({"extension": None}, "no event crm-high-score with a data extension"),
        ({"event": "a.b"}, "has a period"),
        ({"missing_fields": "Region"}, "requires Region, which is not sent"),
        ({"already": "the journey takes a person once"}, "takes a person once"),
    ],
)
def test_an_entry_that_would_come_to_nothing_is_held_back_with_the_reason(more, why):
    assert why in JourneyEntry.unfit(entry("one", **more))
    assert JourneyEntry.unfit(entry("one")) == ""


def update(key: str, entry_id: str, **data: str) -> Action:
    payload = {
        "journey": mcs.NURTURE, "extension": mcs.ENTRY, "entry_id": entry_id, "data": data,
        "before": {"LeadScore": "1"},
    }  # fmt: skip
    return Action(
        key, "journeys", "journey_update", "marketing_cloud", "Subscriber", "", "", payload, (), "decided",
        "journeys.yml", "", "compensable",
    )  # fmt: skip


def test_the_data_of_an_entry_is_changed_in_its_row_and_a_refused_one_keeps_nobody_else_out(destination, mc):
    JourneyEntry(destination).send([entry("one"), entry("two", "003B")])
    handler = JourneyUpdate(destination)
    wishes = [update("u1", "one", LeadScore="88"), update("u2", "two", LeadScore="many")]
    assert handler.look_up(wishes[:1]) == [NOT_THERE]
    answers = handler.send(wishes)
    assert [(answer.ok, answer.code) for answer in answers] == [(True, ""), (False, "10006")]
    assert handler.look_up(wishes)[0].id == "u1"
    assert handler.undo([(wishes[0], "u1")])[0].ok
    assert destination.read(mcs.ENTRY, ["one"], ["LeadScore"]) == {"one": {"LeadScore": "1"}}
    assert JourneyUpdate.unfit(wishes[0]) == ""
    assert "needs an extension" in JourneyUpdate.unfit(update("u3", ""))


def leaving(kind: str, key: str, **before: str | None) -> Action:
    payload = {"key": "ContactKey", "before": before, "moments": [], "of": 9}
    return Action(
        f"{kind}:{key}", "people_left", kind, "marketing_cloud", mcs.PEOPLE,
        f"marketing_cloud:77:{mcs.PEOPLE}:{key}", "", payload, (), "computed", "on_leave", "", "compensable",
    )  # fmt: skip


def test_a_row_that_leaves_is_removed_alone_and_its_removal_is_undone_once(destination, mc):
    destination.update(mcs.PEOPLE, [row(key, FirstName=key, LeadScore="7") for key in ("003A", "003B")])
    handler, gone = RowRemoval(destination), leaving("remove_row", "003a", FirstName="003A", LeadScore="7")
    never = leaving("remove_row", "003NOBODY")
    assert handler.look_up([gone, never]) == [NOT_THERE, Found("remove_row:003NOBODY")]
    assert [answer.ok for answer in handler.send([gone, never])] == [True, True]  # who is gone is no failure
    assert handler.look_up([gone]) == [Found("remove_row:003a")]
    assert destination.read(mcs.PEOPLE, ["003A", "003B"], ["FirstName"]) == {"003B": {"FirstName": "003B"}}
    assert handler.undo([(gone, "")])[0].ok
    held = destination.read(mcs.PEOPLE, ["003a"], ["FirstName", "LeadScore"])
    assert held == {"003a": {"FirstName": "003A", "LeadScore": "7"}}
    destination.update(mcs.PEOPLE, [row("003a", FirstName="new")])
    again = handler.undo([(gone, "")])[0]
    assert (again.ok, again.code) == (False, "CHANGED_SINCE")
    assert destination.read(mcs.PEOPLE, ["003a"], ["FirstName"])["003a"] == {"FirstName": "new"}


def test_a_row_that_is_emptied_keeps_its_key_and_gets_back_what_it_held(destination, mc):
    destination.update(mcs.PEOPLE, [row("003A", FirstName="Ana", LeadScore="7")])
    handler, emptied = RowEmptying(destination), leaving("empty_row", "003A", FirstName="Ana", LeadScore="7")
    assert handler.look_up([emptied]) == [NOT_THERE]
    assert handler.send([emptied])[0].ok
    fields = ["FirstName", "LeadScore"]
    assert destination.read(mcs.PEOPLE, ["003A"], fields) == {"003A": dict.fromkeys(fields)}
    assert handler.look_up([emptied]) == [Found("empty_row:003A")]
    assert handler.undo([(emptied, "")])[0].ok
    assert destination.read(mcs.PEOPLE, ["003A"], fields) == {"003A": {"FirstName": "Ana", "LeadScore": "7"}}


def test_what_an_erased_person_s_row_held_is_not_written_back(destination, mc):
    erased = replace(leaving("remove_row", "x"), payload={})
    assert [each.code for each in RowRemoval(destination).undo([(erased, "")])] == ["ERASED"]


@pytest.mark.parametrize(
    ("extension", "why"), [("Lead_Salesforce_1", "read only"), ("crm_complaints", "named by its primary key")]
)
def test_rows_that_are_not_ours_to_remove_stay(destination, mc, extension, why):
    held = "from extension_rows r join data_extensions d on d.id = r.extension where d.key = ?"
    before = mc.store.value(f"select count(*) {held}", (extension,))
    some = mc.store.value(f"select r.pk {held}", (extension,)) or "003A"
    told = rows.delete_some(destination.client, extension, "_ContactKey", [some])
    assert not told[0].ok
    assert why in told[0].message
    assert mc.store.value(f"select count(*) {held}", (extension,)) == before


def test_a_column_that_is_missing_and_one_that_is_too_short_are_row_errors_and_the_rest_goes_on(
    destination, mc
):
    """More than fifty rows go by one request, of which each row fails alone."""
    writes = [row(f"003{n:03}", FirstName="x" * (90 if n == 3 else 5)) for n in range(55)]
    writes[7] = row("003007", Region="North")
    answers = destination.update(mcs.PEOPLE, writes)
    assert [n for n, answer in enumerate(answers) if not answer.ok] == [3, 7]
    assert "80 characters" in answers[3].message
    assert "Region" in answers[7].message


def test_moments_go_to_an_extension_in_its_own_time_and_come_back_in_ours(destination, mc):
    wish = {"name": "x-event", "type": "APIEvent", "eventDefinitionKey": "x-event", "schema": {"fields": [
        {"name": "Id", "dataType": "Text", "maxLength": "20", "isNullable": False, "isPrimaryKey": True},
        {"name": "At", "dataType": "Date", "isNullable": True, "isPrimaryKey": False},
    ]}}  # fmt: skip
    made = mc.http.post("/interaction/v1/eventDefinitions", json=wish).json()
    extension = destination.client.extension_key(made["dataExtensionId"])
    write = RecordWrite("1", (Cell("At", "timestamp", "2026-03-01T18:30:00.000Z"),))
    answers = destination.update(extension, [write])
    assert answers[0].ok
    held = destination.read(extension, ["1"], ["At"])["1"]["At"]
    assert held == answers[0].values["At"] == "2026-03-01T18:30:00+00:00"
    stored = mc.store.value("select 1 from extension_rows where cast(body as text) like '%T12:30%'")
    assert stored is not None


def test_a_subscriber_is_taken_off_and_put_back_and_the_store_says_so(destination, mc):
    [(key,), (other,)] = mc.store.rows("select key from subscribers where status = 'Active' limit 2")
    rows = destination.update("Subscriber", [row(key, Status="Unsubscribed"), row("nobody", Status="Active")])
    assert [(each.ok, each.code) for each in rows] == [(True, ""), (False, "12003")]
    read = destination.read("Subscriber", [key, other, "nobody"], ["Status"])
    assert read == {key: {"Status": "Unsubscribed"}, other: {"Status": "Active"}}
    [(since,)] = mc.store.rows("select unsubscribed from subscribers where key = ?", (key,))
    assert since is not None
    assert destination.update("Subscriber", [row(key, Status="Active")])[0].ok
    assert mc.store.rows("select status, unsubscribed from subscribers where key = ?", (key,)) == [
        ("Active", None)
    ]


def test_opt_outs_of_subscribers_cost_a_call_and_a_read_back_for_two_hundred(destination, mc):
    keys = [key for (key,) in mc.store.rows("select key from subscribers order by key limit 250")]
    destination.account()  # signs in
    before = destination.calls
    assert all(
        each.ok for each in destination.update("Subscriber", [row(k, Status="Unsubscribed") for k in keys])
    )
    destination.read("Subscriber", keys, ["Status"])
    assert destination.calls - before == forecast("marketing_cloud", len(keys), consent=True).total


def test_an_extension_that_has_lost_its_key_since_a_killed_run_keeps_no_other_from_being_settled(
    destination, tmp_path
):
    settings = Settings(home=tmp_path / "var", config_dir=PROJECT_ROOT / "config")
    settings.home.mkdir()
    destination.update(mcs.PEOPLE, [row("003A", FirstName="new")])
    with State.open(settings) as state:
        with state.writing() as writing:
            intents = [
                Intent(
                    change_id=name, plan_id="p", sync=name, vendor="marketing_cloud", object=name,
                    record_id="003A", record_key=f"marketing_cloud:1:{name}:003A", field="FirstName",
                    before_value=None, after_value="new", provider="computed", rule="r",
                    reversibility="reversible",
                )
                for name in ("crm_complaints", mcs.PEOPLE)
            ]  # fmt: skip
            journal.intend(writing, intents, run_id="r", at=datetime.now(UTC))
        found = recovery.recover_vendor(state, destination, load_syncs(settings.config_dir))
        assert (found.confirmed, found.unknown) == (1, 1)
        with state.reading() as reading:
            assert [each["object"] for each in journal.open_rows(reading)] == ["crm_complaints"]
