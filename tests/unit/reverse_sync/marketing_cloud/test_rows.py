"""What is written to data extensions, and what is refused, against the sandbox's own server."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import orjson
import pytest

from pipelines.clients import errors
from pipelines.reverse_sync import recovery
from pipelines.reverse_sync.destinations.base import Cell, RecordWrite
from pipelines.reverse_sync.destinations.marketing_cloud import EMAIL_KEY, MarketingCloudDestination
from pipelines.reverse_sync.destinations.open import _knows_ids
from pipelines.reverse_sync.forecast import forecast
from pipelines.rules.syncs import load_syncs
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.state import State, journal
from pipelines.state.journal import Intent
from tests.fixtures import marketing_cloud as mcs

from .conftest import row


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
    destination.account()  # signs in
    before, writes = destination.calls, [row(f"003{n:03}", FirstName=f"F{n}") for n in range(more)]
    assert all(each.ok for each in destination.update(mcs.PEOPLE, writes))
    held = destination.read(mcs.PEOPLE, [each.record_id for each in writes], ["FirstName"])
    assert held == {f"003{n:03}": {"FirstName": f"F{n}"} for n in range(more)}
    rows = mc.store.value("select count(*) from extension_rows where extension = ?", (extension,))
    told = forecast("marketing_cloud", more, rows=rows)
    assert told.read_back == {20_000: 4, 3_000: 2}[there]
    assert destination.calls - before == told.total


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
