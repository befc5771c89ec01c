"""What a fetch refuses, what a load promises, and what both leave behind."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from pipelines.clients import errors
from pipelines.errors import ConfigError, CrmError
from pipelines.run import Run, silent
from pipelines.settings import MarketingCloudConnection, Secret, Settings
from pipelines.sources import fetch as fetching
from pipelines.sources import load as loading
from pipelines.sources.catalogs import CATALOGS, schema_of
from pipelines.sources.fetched import Fetched, Part, TableFetch
from pipelines.sources.known import Known
from pipelines.sources.tables import SQL_TYPES, prepare
from pipelines.state.suppression import Suppression, _email
from tests.fixtures.raw_tables import AS_OF


def test_every_promised_table_and_column_is_there_though_the_vendors_are_empty(loop):
    loop.extract()
    for vendor, catalog in CATALOGS.items():
        for table in catalog:
            found = loop.rows(
                "select column_name, lower(data_type) from information_schema.columns "
                f"where table_schema = '{schema_of(vendor)}' and table_name = '{table.name}'"
            )
            long = {"timestamptz": "timestamp with time zone"}
            promised = {
                name: long.get(SQL_TYPES[kind], SQL_TYPES[kind]) for name, kind in table.columns.items()
            }
            assert dict(found) == promised, table.name


def test_a_column_promised_later_is_added_to_the_table_that_is_there(loop):
    loop.extract()
    loop.connection.execute("alter table raw_salesforce.lead drop column Title")
    prepare(loop.connection)
    loop.later(minutes=5)
    loop.salesforce.put("Lead", "00Q1", LastName="L", Title="CEO")
    loop.later(minutes=1)
    loop.extract()
    assert loop.rows("select LastName, Title from raw_salesforce.lead") == [("L", "CEO")]


def test_loads_and_connections_are_recorded(loop):
    loop.salesforce.put("Lead", "00Q1", LastName="L")
    fetched = loop.extract()
    assert loop.rows(
        "select vendor, org_id, org_name, currency, time_zone, environment from ops.connections"
    ) == [
        ("hubspot", "4242", "HubSpot portal 4242", "EUR", "Europe/Berlin", "sandbox"),
        ("salesforce", "00DSB0000001aZ9EAI", "Northwind", "EUR", "Europe/Berlin", "sandbox"),
    ]
    assert loop.rows(
        "select object, status, rows, window_from, window_to = $$"
        + fetched.as_of.isoformat()
        + "$$::timestamptz "
        "from ops.loads where table_name = 'lead'"
    ) == [("Lead", "loaded", 1, None, True)]
    tables = sum(len(CATALOGS[vendor]) for vendor in ("hubspot", "salesforce"))
    assert loop.rows("select count(*), count(distinct table_name) from ops.loads") == [(tables, tables)]


def test_what_several_objects_bring_to_a_table_goes_in_at_once_and_after_a_first_load_what_changed():
    [table] = [each for each in CATALOGS["hubspot"] if each.name == "associations"]
    folders = ("contacts/changes-0", "contacts/first", "companies/first", "deals/fill-0", "deals/sweep-0")
    parts = tuple(Part(Path(folder) / "00000.parquet", "merge", 1) for folder in folders)
    found = [TableFetch(vendor="hubspot", table=table, status="loaded", parts=parts)]
    turns = [{str(part.path.parent) for part in some} for turn in loading._turns(found) for _, some in turn]
    assert turns == [
        {"contacts/first", "companies/first", "deals/fill-0"}, {"contacts/changes-0", "deals/sweep-0"},
    ]  # fmt: skip


def test_dlt_leaves_nothing_behind_but_its_own_books(loop):
    loop.salesforce.put("Lead", "00Q1", LastName="L")
    loop.extract()
    loop.later(minutes=5)
    loop.salesforce.put("Lead", "00Q1", LastName="M")
    loop.later(minutes=1)
    loop.extract()
    assert not list(loop.settings.paths.dlt.rglob("*"))
    schemas = {row[0] for row in loop.rows("select distinct schema_name from duckdb_tables()")}
    assert schemas == {"ops", "raw_hubspot", "raw_salesforce", "raw_marketing_cloud"}
    promised = {table.name for catalog in CATALOGS.values() for table in catalog}
    extra = {
        row[0] for row in loop.rows("select table_name from duckdb_tables() where schema_name <> 'ops'")
    } - promised
    assert extra == {"_dlt_loads", "_dlt_version"}


def test_texts_too_long_for_what_duckdb_is_given_are_loaded_with_more(loop, monkeypatch):
    monkeypatch.setattr(loading, "_MEMORY_MB", 12)
    monkeypatch.setattr(loading, "_MEMORY_MB_PER_COLUMN", 0)
    body = "".join(chr(97 + n % 26) for n in range(3_000))
    for number in range(3_000):
        loop.hubspot.put("notes", str(number), hs_note_body=f"{number} {body} {number * 7919}")
    with monkeypatch.context() as patch:
        patch.setattr("pipelines.sources.insert._MOST_DOUBLINGS", 0)
        with pytest.raises(CrmError, match="could not be loaded"):
            loop.extract()
    loop.extract()
    assert loop.rows("select count(*), min(length(hs_note_body)) > 3000 from raw_hubspot.notes") == [
        (3_000, True)
    ]


def test_a_package_that_a_killed_load_left_pending_does_not_come_in_the_place_of_new_rows(loop, monkeypatch):
    import dlt

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    loop.salesforce.put("Lead", "00Q1", LastName="Oldest")
    loop.salesforce.put("Lead", "00Q2", LastName="Other")
    loop.extract()
    loop.later(minutes=5)
    loop.salesforce.put("Lead", "00Q1", LastName="Old")
    loop.later(minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(dlt.Pipeline, "load", killed)
        patch.setattr(loading, "shutil", SimpleNamespace(rmtree=lambda *_, **__: None))
        with pytest.raises(KeyboardInterrupt):
            loop.extract()
    assert list(loop.settings.paths.dlt.rglob("*.parquet"))
    loop.later(minutes=5)
    loop.salesforce.put("Lead", "00Q1", LastName="New")
    loop.later(minutes=1)
    loop.extract()
    leads = loop.rows("select Id, LastName from raw_salesforce.lead order by Id")
    assert leads == [("00Q1", "New"), ("00Q2", "Other")]
    assert not loop.fetch().has_changes


def test_a_small_table_is_replaced_whole_and_passes_the_same_screen_as_any_other(loop):
    loop.salesforce.put("OpportunityStage", "01J1", MasterLabel="ask ann@example.org", SortOrder=1)
    loop.salesforce.put("OpportunityStage", "01J2", MasterLabel="Won", SortOrder=2)
    loop.extract()
    del loop.salesforce.rows["OpportunityStage"]["01J2"]
    loop.salesforce.put("OpportunityStage", "01J3", MasterLabel="Lost", SortOrder=3)
    loop.later(minutes=5)
    listed = Suppression(b"k" * 32, frozenset({_email(b"k" * 32, "ann@example.org")}))
    loading.load(loop.fetch(), loop.connection, loop.settings, Run(), silent, suppression=listed)
    labels = loop.rows("select MasterLabel from raw_salesforce.opportunity_stage order by SortOrder")
    assert labels == [("ask erased",), ("Lost",)]


def test_dlt_hears_nothing_from_the_environment_and_tells_nobody_anything(loop, monkeypatch):
    from dlt.common.runtime import anon_tracker

    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "true")
    monkeypatch.setenv("DESTINATION__DUCKDB__CREATE_INDEXES", "true")
    monkeypatch.setenv("DATASET_NAME", "elsewhere")
    loop.salesforce.put("Lead", "00Q1", LastName="L")
    loop.extract()
    assert anon_tracker._ANON_TRACKER_ENDPOINT is None
    assert loop.rows("select LastName from raw_salesforce.lead") == [("L",)]


def test_another_portal_than_the_warehouses_is_refused_before_fetching(loop):
    loop.extract()
    loop.hubspot.portal = 5151
    loop.hubspot.seen.clear()
    with pytest.raises(ConfigError, match=r"made from hubspot 4242.*leads to 5151.*CRM_HOME.*make reset"):
        loop.fetch()
    assert len(loop.hubspot.seen) == 1


def test_a_crm_that_lets_nobody_in_ends_the_fetch_with_one_sentence(loop):
    loop.hubspot.intercept = lambda request: httpx.Response(401, json={})
    with pytest.raises(errors.AuthFailed, match="HubSpot does not accept the token"):
        loop.fetch()


def test_marketing_cloud_that_lets_nobody_in_keeps_what_it_had_and_the_crms_are_read(
    loop, monkeypatch, tmp_path
):
    """An expired package: all that is read of it is stale, which is news once, and the extract is partial."""
    (tmp_path / "extract.yml").write_text(
        "marketing_cloud: {complaints: null, data_extensions: [web_visits]}\n"
    )
    refused = MarketingCloudConnection(
        url="http://127.0.0.1:1", client_id="a", client_secret=Secret("b"), environment="sandbox"
    )
    loop.settings = replace(loop.settings, marketing_cloud=refused, config_dir=tmp_path)

    @contextmanager
    def turned_away(settings):
        raise errors.AuthFailed("Marketing Cloud does not accept the package")
        yield

    monkeypatch.setattr(fetching, "open_marketing_cloud", turned_away)
    loop.hubspot.put("contacts", "1")
    fetched = loop.extract()
    read = {table.name for table in CATALOGS["marketing_cloud"]} - {"complaints"} | {"extension_web_visits"}
    assert set(fetched.stale) == {f"marketing_cloud {name}" for name in read}
    assert [n for n in fetched.notes if "does not accept the package" in n] == [fetched.notes[0]]
    assert loop.rows("select count(*) from raw_hubspot.contacts") == [(1,)]
    assert loop.rows("select count(*) from raw_marketing_cloud.subscribers") == [(0,)]
    again = loop.fetch()
    assert again.stale
    assert not again.has_changes
    loop.hubspot.intercept = lambda request: httpx.Response(401, json={})
    with pytest.raises(errors.AuthFailed, match="HubSpot"):  # who is who is told by the CRMs
        loop.fetch()


def test_a_fetch_has_what_is_older_than_the_slower_of_the_crms_clocks_says():
    """Marketing Cloud's says nothing of their records."""
    vendors = {"hubspot": 0, "salesforce": 8, "marketing_cloud": -30}
    fetched = Fetched(
        tables=tuple(
            TableFetch(
                vendor=vendor, table=CATALOGS["hubspot"][0], status="loaded",
                window_to=AS_OF + timedelta(seconds=ahead),
            )
            for vendor, ahead in vendors.items()
        ),
        connections=tuple(SimpleNamespace(vendor=vendor) for vendor in vendors),
        as_of=AS_OF + timedelta(seconds=8), calls=0,
    )  # fmt: skip
    assert fetched.whole_until == AS_OF


def test_probes_say_who_answered(loop):
    seen: list[tuple[str, bool, str]] = []
    fetching.fetch(
        loop.settings,
        Run(),
        Known(),
        silent,
        on_probe=lambda vendor, _at, ok, _, said: seen.append((vendor, ok, said)),
    )
    assert sorted(seen) == [("hubspot", True, ""), ("salesforce", True, "")]
    loop.hubspot.intercept = lambda request: httpx.Response(401, json={})
    with pytest.raises(errors.AuthFailed):
        fetching.fetch(
            loop.settings,
            Run(),
            Known(),
            silent,
            on_probe=lambda vendor, _at, ok, _, said: seen.append((vendor, ok, said)),
        )
    assert [ok for vendor, ok, _ in seen if vendor == "hubspot"] == [True, False]


def test_without_a_connection_the_sentence_says_what_to_set(tmp_path):
    settings = Settings(home=tmp_path, config_dir=tmp_path)
    with pytest.raises(ConfigError, match=r"no CRM is connected.*make build"):
        fetching.fetch(settings, Run(), Known(), silent)


def test_progress_names_objects_and_counts(loop):
    for number in range(1, 121):
        loop.hubspot.put("contacts", str(number))
    told: list[tuple[str, int, int | None, int | None]] = []
    fetching.fetch(loop.settings, Run(), Known(), lambda *each: told.append(each))
    assert any(each[:3] == ("hubspot contacts", 120, 120) and each[3] for each in told)


def test_fetching_imports_nothing_it_has_no_use_for_and_a_command_without_numpy_makes_arrays_and_binds():
    fetching = (
        "import sys; from pipelines.sources import fetch, known, spool\n"
        "from pipelines.reverse_sync.mirror import check\n"
        "print(*{'dlt', 'pandas', 'duckdb', 'sqlglot', 'pipelines.rules.rows'} & sys.modules.keys())\n"
    )
    lean = (
        "from cli import lean; lean.without_numbers()\n"
        "import cli.main, sys, duckdb, httpx, pyarrow; from pipelines.sources import load\n"
        "print(pyarrow.array(['a']).to_pylist(), duckdb.connect().execute('select ?', [1]).fetchall())\n"
        "from decimal import Decimal; table = pyarrow.table({'a': pyarrow.array([Decimal(1)])})\n"
        "print(duckdb.connect().register('t', table).execute('select * from t').fetchall())\n"
        "print(*{'dlt', 'numpy', 'pandas', 'pipelines.rules.events', 'pygments'} & sys.modules.keys())"
    )
    done = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for code in (fetching, lean)
    ]
    assert [each.splitlines() for each in done] == [[""], ["['a'] [(1,)]", "[(Decimal('1'),)]", ""]]
