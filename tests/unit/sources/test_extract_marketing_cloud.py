"""Extraction from Marketing Cloud, against the sandbox's own server in this process."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.clients import errors
from pipelines.clients.marketing_cloud import soap
from pipelines.crashpoints import Crashed, armed
from pipelines.reverse_sync import diff
from pipelines.reverse_sync.forecast import TRACKED
from pipelines.rules.extract import Extract, FilledExtension, MarketingCloudExtract
from pipelines.run import Run
from pipelines.settings import Settings
from pipelines.sources import load
from pipelines.sources.fetched import Fetched, TableFetch
from pipelines.sources.known import known_from
from pipelines.sources.marketing_cloud import fetch, history
from pipelines.sources.marketing_cloud.shown import Asked
from pipelines.sources.reading import Reading
from sandbox.marketing_cloud import soap_objects
from tests.fixtures import marketing_cloud as mcs

RULES = Extract(
    marketing_cloud=MarketingCloudExtract(
        data_extensions=("crm_people",),
        journey_activity=FilledExtension(data_extension="crm_journey_activity", query="crm_journey_activity"),
        complaints=FilledExtension(data_extension="crm_complaints", query="crm_complaints"),
    )
)


def _tracked(kind: str, more: str = "", held: str = "") -> tuple[str, str]:
    columns = f"subscriber_key, cast(send as text), cast(batch as text), at{held}"
    return f"tracking where kind = '{kind}'", columns


_EVENT = '"SubscriberKey", "SendID", "BatchID", epoch_ms("EventDate")'
ROW_BY_ROW = {
    ("lists", '"ID", "ListName", "CustomerKey", epoch_ms("CreatedDate")'): (
        "lists", "cast(id as text), name, key, created"),
    ("list_subscribers", '"SubscriberKey", "ListID", "Status"'): (
        "list_subscribers", "subscriber, cast(list as text), status"),
    ("subscribers", '"SubscriberKey", "EmailAddress", "Status", epoch_ms("CreatedDate"), '
                    'epoch_ms("UnsubscribedDate")'): (
        "subscribers", "key, email, status, created, unsubscribed"),
    ("contacts", '"contactKey", "contactStatus"'): (
        "contacts", "key, case when active then 'Active' else 'Inactive' end"),
    ("sends", '"ID", "EmailName", "Subject", epoch_ms("SentDate")'): (
        "sends", "cast(id as text), name, subject, sent"),
    ("sent_events", _EVENT): _tracked("SentEvent"),
    ("open_events", _EVENT): _tracked("OpenEvent"),
    ("click_events", f'{_EVENT}, "URL"'): _tracked("ClickEvent", held=", url"),
    ("bounce_events", f'{_EVENT}, "BounceCategory"'): _tracked("BounceEvent", held=", category"),
    ("unsubscribe_events", f'{_EVENT}, "IsMasterUnsubscribed", "ListID"'): _tracked(
        "UnsubEvent", held=", category is not 'one list', cast(list as text)"),
    ("complaints", '"SubscriberKey", "JobID", "BatchID", epoch_ms("EventDate") // 1000'): (
        "tracking where kind = 'Complaint'",
        "subscriber_key, cast(send as text), cast(batch as text), at / 1000"),
    ("campaigns", '"id", "name", "campaignCode"'): ("campaigns", "cast(id as text), name, code"),
    ("journeys", '"id", "key", "version", "status", "entryMode", "currentPopulation", '
                 '"cumulativePopulation", "metGoal", "metExitCriteria"'): (
        "interactions", "id, key, version, status, entry_mode, " + ", ".join(
            f"(select count(*) from entries e where e.interaction = interactions.id and {state})"
            for state in ("state = 'active'", "true", "state = 'goal'", "state = 'exited'"))),
    ("event_definitions", '"eventDefinitionKey", "dataExtensionId", "type"'): (
        "event_definitions", "key, extension, type"),
    ("data_extensions", '"CustomerKey", "Name"'): ("data_extensions", "key, name"),
    ("data_extension_fields", '"DataExtensionKey", "Name", "FieldType", "IsPrimaryKey"'): (
        "fields join data_extensions d on d.id = extension", "d.key, fields.name, type, is_key <> 0"),
    ("journey_activity", '"SubscriberKey", "JourneyKey", "JobID", epoch_ms("EventDate") // 1000'): (
        "tracking t join interactions i, json_each(i.body, '$.activities') a on t.kind = 'SentEvent' and "
        "t.triggered = json_extract(a.value, '$.configurationArguments.triggeredSendId')",
        "t.subscriber_key, i.key, cast(t.send as text), t.at / 1000"),
}  # fmt: skip
"""A table's columns, and the same of the sandbox's store."""


class Extracting:
    """An account, a warehouse, and reading the one into the other."""

    def __init__(self, account: Any, folder: Path) -> None:
        self.account, self.folder = account, folder
        self.settings = Settings(home=folder / "var", config_dir=folder)
        self.calls = 0
        self.read: list[str] = []
        self.warehouse = duckdb.connect(str(folder / "warehouse.duckdb"))

    def run(self, rules: Extract = RULES, *, tracked_only: bool = False) -> dict[str, TableFetch]:
        with mcs.client(self.account) as one:
            org = fetch.identify(one)
            upper = (one.server_time or datetime.now(UTC)) - timedelta(seconds=5)
            reading = Reading(
                org=org, known=known_from(self.warehouse), upper=upper,
                spool_root=self.settings.paths.spool, progress=lambda *a, **b: None,
                calls_here=lambda: one.calls_here, rules=rules, tracked_only=tracked_only,
            )  # fmt: skip
            with ThreadPoolExecutor(1) as pool:
                tables = fetch.read_all(reading, one, pool)
            self.calls = one.calls
        self.read = [table.table.name for table in tables]
        fetched = Fetched(tables=tuple(tables), connections=(org,), as_of=upper, calls=0)
        load.load(fetched, self.warehouse, self.settings, Run(), lambda *a, **b: None)
        from pipelines.sources import spool

        spool.clear(self.settings)
        return {table.table.name: table for table in tables}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.warehouse.execute(sql).fetchall()

    def pass_time(self, **more: float) -> None:
        self.account.clock.set(self.account.clock.now() + int(timedelta(**more).total_seconds() * 1000))


@pytest.fixture
def extract(smallest_world: Path, tmp_path: Path) -> Iterator[Extracting]:
    with mcs.account(mcs.copy_of(smallest_world, tmp_path / "mc")) as account:
        found = Extracting(account, tmp_path)
        yield found
        found.warehouse.close()


def test_everything_the_account_has_is_there_typed_and_in_utc(extract):
    store = extract.account.store
    sent = store.rows("select distinct subscriber_key from tracking where kind = 'SentEvent' limit 2")
    (reader,), (other,) = sent
    extract.account.do(do="complain", contact=reader)
    extract.account.do(do="unsubscribe", contact=reader)
    extract.account.do(do="unsubscribe", contact=other, list=109)
    extract.pass_time(minutes=1)
    extract.run()
    for (table, columns), (source, held) in ROW_BY_ROW.items():
        ours = extract.rows(f"select {columns} from raw_marketing_cloud.{table} order by all")
        truly = sorted(store.rows(f"select {held} from {source}"), key=lambda row: [str(v) for v in row])
        assert sorted(ours, key=lambda row: [str(v) for v in row]) == truly, table
        assert truly, table
    first = store.row("select min(at) from tracking where kind = 'SentEvent'")
    assert extract.rows(
        'select epoch_ms(min("EventDate")) from raw_marketing_cloud.sent_events'
    ) == [(first[0],)]  # fmt: skip
    welcomed = (
        "select count(*) from raw_marketing_cloud.journey_activity where \"JourneyKey\" = 'welcome-series'"
    )
    assert extract.rows(welcomed)[0][0] > 0


def test_nothing_new_brings_nothing(extract):
    extract.run()
    again = extract.run()
    assert {name: t.status for name, t in again.items() if t.status != "unchanged"} == {}
    assert not any(table.is_news for table in again.values())


def test_between_two_whole_readings_a_listener_asks_for_what_is_tracked_and_nothing_else(extract):
    extract.run()
    whole, told = extract.calls, lambda: diff.calls_to_read(extract.warehouse, "marketing_cloud", TRACKED)
    before = told()
    key = extract.account.store.value("select subscriber_key from tracking where kind = 'SentEvent' limit 1")
    extract.pass_time(hours=1)
    extract.account.do(do="click", contact=key, url="https://x.example/a")
    extract.account.do(do="deactivate", contact=key)
    extract.pass_time(minutes=1)
    found = extract.run(tracked_only=True)
    assert {name for name, table in found.items() if not table.table.cursor} == {"complaints"}
    assert found["click_events"].rows == 1
    assert extract.calls <= whole / 3
    assert told() == before  # of what goes on from a moment it takes as much as at first: a call
    assert whole - 3 <= before[0] <= whole
    assert extract.calls - 2 <= before[1] <= extract.calls
    active = 'select "contactStatus" from raw_marketing_cloud.contacts where "contactKey" = ?'
    assert extract.warehouse.execute(active, [key]).fetchall() == [("Active",)]
    extract.run()
    assert extract.warehouse.execute(active, [key]).fetchall() == [("Inactive",)]


def test_a_listener_reads_the_subscriber_and_the_journey_it_meets_and_does_not_know(extract):
    """And those alone; the whole reading that follows takes their place."""
    extract.run()
    before = diff.extracted_until(extract.warehouse, "marketing_cloud", "Subscriber")
    store = extract.account.store
    extract.pass_time(hours=1)
    version = store.value(f"select id from interactions where key = '{mcs.NURTURE}'")
    extract.account.fire("003ONE", "entry-new")  # who is mailed by the journey, and so a subscriber
    extract.warehouse.execute("delete from raw_marketing_cloud.journeys where id = ?", [version])
    extract.pass_time(minutes=1)
    found = extract.run(tracked_only=True)
    assert {n for n, t in found.items() if not t.table.cursor} == {"complaints", "subscribers", "journeys"}
    assert found["subscribers"].rows == 1
    known = """select count(*) from raw_marketing_cloud.subscribers where "SubscriberKey" = '003ONE'"""
    assert extract.rows(known) == [(1,)]
    newest = "select count(*) from raw_marketing_cloud.journeys where id = ?"
    assert extract.warehouse.execute(newest, [version]).fetchall() == [(1,)]
    # The others' statuses are as old as they were, and a plan is told so.
    assert diff.extracted_until(extract.warehouse, "marketing_cloud", "Subscriber") == before
    assert {n for n, t in extract.run(tracked_only=True).items() if not t.table.cursor} == {"complaints"}
    store.db.execute("delete from subscribers where key = '003ONE'")
    assert extract.run()["subscribers"].status == "loaded"
    assert extract.rows(known) == [(0,)]


def test_a_listener_reads_what_could_not_be_read_before_once_and_whole(extract):
    """Though the warehouse, not loaded yet, knows neither the subscriber nor the journey that it meets."""
    extract.run()
    store = extract.account.store
    extract.pass_time(hours=1)
    extract.account.fire("003ONE", "entry-new")
    version = store.value(f"select id from interactions where key = '{mcs.NURTURE}'")
    extract.warehouse.execute("delete from raw_marketing_cloud.journeys where id = ?", [version])
    extract.warehouse.execute(
        "update ops.loads set status = 'stale' where table_name in ('subscribers', 'journeys')"
    )
    extract.pass_time(minutes=1)
    found = extract.run(tracked_only=True)
    assert extract.read.count("subscribers") == extract.read.count("journeys") == 1
    for table, key, source in (
        ("subscribers", "SubscriberKey", "subscribers"),
        ("journeys", "id", "interactions"),
    ):
        count = store.value(f"select count(*) from {source}")
        ours = f'select count(*), count(distinct "{key}") from raw_marketing_cloud.{table}'
        assert (found[table].rows, extract.rows(ours)) == (count, [(count, count)])


def test_what_an_account_refused_once_is_not_asked_for_again_and_said_once():
    asked_for: list[list[str]] = []

    class Account:
        def retrieve(self, kind: str, names: list[str], where: Any) -> Iterator[soap.Page]:
            asked_for.append(names)
            if "B" in names:
                raise errors.UnknownField("no B", fields=("B",))
            yield soap.Page([], "")

    asked = Asked("Thing", {"a": "A", "b": "B"}, ("a",))
    for _ in range(2):
        assert list(asked.pages(Account())) == [soap.Page([], "")]  # type: ignore[arg-type]
    assert asked_for == [["A", "B"], ["A"], ["A"]]
    assert asked.notes() == ["not there, so null: b"]


def test_what_an_account_does_not_show_of_an_object_is_null_and_said_and_the_rest_is_read(
    extract, monkeypatch
):
    shown = soap_objects.OBJECTS["SentEvent"]
    left = tuple(each for each in shown.columns if each.name not in ("ListID", "SubscriberID"))
    monkeypatch.setitem(soap_objects.OBJECTS, "SentEvent", replace(shown, columns=left))
    found = extract.run()["sent_events"]
    assert found.status == "loaded"
    assert found.notes == ("not there, so null: SubscriberID, ListID",)
    count = 'select count(*), count("ListID"), count("SendID") from raw_marketing_cloud.sent_events'
    [(rows, lists, sends)] = extract.rows(count)
    assert rows == sends > lists == 0
    only = tuple(each for each in left if each.name != "SubscriberKey")
    monkeypatch.setitem(soap_objects.OBJECTS, "SentEvent", replace(shown, columns=only))
    assert extract.run()["sent_events"].status == "stale"


def test_an_event_that_shows_up_late_is_read_and_none_is_read_twice(extract):
    extract.run()
    key = extract.account.store.value("select subscriber_key from tracking where kind = 'SentEvent' limit 1")
    now = extract.account.clock.now()
    extract.pass_time(hours=1)
    extract.account.do(do="open", contact=key, at=now - 24 * 3_600_000)
    extract.account.do(do="click", contact=key, at=now + 60_000, url="https://x.example/a")
    before = extract.rows("select count(*) from raw_marketing_cloud.open_events")[0][0]
    found = extract.run()
    assert (found["open_events"].rows, found["click_events"].rows) == (1, 1)
    assert extract.rows("select count(*) from raw_marketing_cloud.open_events")[0][0] == before + 1
    assert extract.run()["open_events"].status == "unchanged"


def test_a_killed_first_load_goes_on_and_has_every_event_once(extract, monkeypatch):
    from pipelines.sources import events

    monkeypatch.setattr(events, "PART_ROWS", 20)
    monkeypatch.setattr("sandbox.marketing_cloud.soap_retrieve.PAGE", 10)
    with pytest.raises(Crashed), armed("extract.part_written"):
        extract.run()
    extract.run()
    ours = extract.rows("select count(*), count(distinct id) from raw_marketing_cloud.sent_events")[0]
    assert (
        ours == (extract.account.store.value("select count(*) from tracking where kind = 'SentEvent'"),) * 2
    )


def test_a_data_extension_that_is_not_there_is_said_and_the_rest_is_read(extract):
    rules = RULES.model_copy(
        update={"marketing_cloud": MarketingCloudExtract(data_extensions=("nobody", "crm_people"))}
    )
    found = extract.run(rules)
    assert found["extension_nobody"].status == "absent"
    assert "nobody" in found["extension_nobody"].notes[0]
    assert found["extension_crm_people"].status == "loaded"
    assert found["subscribers"].rows > 0


def test_goals_and_exits_come_from_the_history_once_and_entries_with_the_data_they_hold(extract):
    mc = extract.account
    for number, contact in enumerate(("003ONE", "003TWO", "003SIX")):
        mc.fire(contact, f"entry-{number}", LeadScore="5")
    extract.pass_time(hours=1)
    rules = RULES.model_copy(
        update={"marketing_cloud": RULES.marketing_cloud.model_copy(update={"kept_up": (mcs.ENTRY,)})}
    )
    extract.run(rules)
    mc.do(do="meet_goal", contact="003TWO", journey=mcs.NURTURE)
    wish = [{"ContactKey": "003SIX", "DefinitionKey": mcs.NURTURE}]
    mc.http.post("/interaction/v1/interactions/contactexit", json=wish)
    extract.pass_time(hours=1)
    for _ in range(2):
        extract.run(rules)
        events = extract.rows(
            'select "ContactKey", "ActivityName" from raw_marketing_cloud.journey_history '
            "where \"ContactKey\" in ('003ONE', '003TWO', '003SIX') order by all"
        )
        assert events == [
            ("003ONE", "Start"), ("003SIX", "Exit"), ("003SIX", "Start"), ("003TWO", "Goal"),
            ("003TWO", "Start"),
        ]  # fmt: skip
    entries = extract.rows(
        'select "EntryId", "ContactKey", json_extract_string(data, \'$.leadscore\') '
        "from raw_marketing_cloud.journey_entries order by 1"
    )
    assert entries == [("entry-0", "003ONE", "5"), ("entry-1", "003TWO", "5"), ("entry-2", "003SIX", "5")]
    truly = mc.store.value("select at from entries where contact = '003ONE'")
    [(told,)] = extract.rows(
        'select epoch_ms("TransactionTime") from raw_marketing_cloud.journey_history '
        "where \"ContactKey\" = '003ONE'"
    )
    assert told == truly


def test_a_moment_of_the_history_is_its_epoch_whatever_zone_the_account_tells_times_in():
    told = {"DefinitionId": "v", "ContactKey": "c", "ActivityType": "start"}
    other = {"TransactionTime": "2026-07-01T14:00:00", "EpochTimeInMilliseconds": "1782914400000"}
    assert history.event({**told, **other})["TransactionTime"] == "2026-07-01T14:00:00+00:00"
    without = {"TransactionTime": "2026-07-01T14:00:00", "EpochTimeInMilliseconds": ""}
    assert history.event({**told, **without})["TransactionTime"] == "2026-07-01T20:00:00+00:00"


@pytest.mark.parametrize("told", ["6/30/2026 1:02:03 PM", "2026-06-30T13:02:03"])
def test_a_moment_of_the_history_without_an_epoch_is_read_in_either_form(told):
    row = {"DefinitionId": "v", "ContactKey": "k", "ActivityType": "t", "TransactionTime": told,
           "EpochTimeInMilliseconds": ""}  # fmt: skip
    assert history.event(row)["TransactionTime"] == "2026-06-30T19:02:03+00:00"
