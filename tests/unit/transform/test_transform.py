"""dbt in this process: what a build says, keeps, and refuses."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from pipelines import transform
from pipelines.errors import CrmError, GateFailed
from pipelines.settings import PROJECT_ROOT
from tests.fixtures.raw_tables import RawTables, Registry, hubspot

MARTS = (
    "unified_leads", "lead_identities", "attribution_touchpoints", "attribution_credits", "stage_history",
    "opportunities", "unified_accounts", "campaign_performance", "pipeline_velocity", "data_findings",
)  # fmt: skip


def another_home(business: RawTables, home: Path, *, filled: bool) -> RawTables:
    """A home with the parsed project of `business` and, if `filled`, its rows."""
    raw = RawTables(home, dbt_target=business.settings.paths.dbt_target)
    if filled:
        shutil.copyfile(business.settings.paths.work, raw.settings.paths.work)
    return raw


def build(raw: RawTables, stage: transform.Stage = "marts", *only: str) -> transform.BuildResult:
    with raw.warehouse.locked("test"):
        return transform.build(raw.warehouse, raw.settings, raw.run, stage, only=only)


def rows_of(raw: RawTables, mart: str) -> list[tuple[object, ...]]:
    return raw.query(f"select * from marts.{mart} order by all")


def test_unit_tests_of_the_models_hold(business: RawTables) -> None:
    with business.warehouse.locked("test"):
        results = transform.run_unit_tests(business.settings, business.warehouse)
    assert len(results) >= 14
    assert [f"{r.name}: {r.message}" for r in results if r.status != "pass"] == []


def test_a_second_build_with_the_registry_kept_changes_nothing(business: RawTables, tmp_path: Path) -> None:
    again = another_home(business, tmp_path / "again", filled=True)
    registry = business.registry()
    again.write_rules(Registry(registry.people, registry.aliases))
    told: list[str] = []
    with again.warehouse.locked("test"):
        result = transform.build(
            again.warehouse, again.settings, again.run, "marts", lambda item, done, total: told.append(item)
        )
    for mart in MARTS:
        assert rows_of(again, mart) == rows_of(business, mart), mart
    assert again.registry().people.equals(registry.people)
    assert len(told) == len(result.nodes) == result.models + result.tests
    assert result.warnings == ()


def test_nothing_in_the_crms_is_a_world_that_builds(business: RawTables, tmp_path: Path) -> None:
    empty = another_home(business, tmp_path / "empty", filled=False)
    empty.write_rules()
    for stage in ("marts", "desired", "activity"):
        build(empty, stage)
    for mart in MARTS:
        assert rows_of(empty, mart) == [], mart
    assert empty.query("select distinct value, met from marts.kpis") == [(None, None)]


def test_two_rows_of_one_record_are_stopped_by_name(business: RawTables, tmp_path: Path) -> None:
    broken = another_home(business, tmp_path / "broken", filled=True)
    broken.add([hubspot("contacts", "1", email="twice@acme.example")])
    with pytest.raises(GateFailed, match=r"on stg_hubspot__contacts found 1 row") as raised:
        build(broken, "marts", "stg_hubspot__contacts")
    assert raised.value.exit_code == 3


def test_a_model_that_cannot_be_built_is_named(business: RawTables, tmp_path: Path) -> None:
    broken = another_home(business, tmp_path / "torn", filled=True)
    with broken.warehouse.locked("test"), broken.warehouse.writing() as connection:
        connection.execute("drop table raw_hubspot.owners")
    with pytest.raises(CrmError, match=r"model stg_hubspot__owners .*could not be built") as raised:
        build(broken, "marts", "stg_hubspot__owners", "int_owner_records")
    assert raised.value.exit_code == 1
    with broken.warehouse.reading("work") as connection:
        assert connection.execute("select 1").fetchall() == [(1,)], "dbt lets go of the file"


def test_views_survive_the_renaming_of_the_file(business: RawTables, tmp_path: Path) -> None:
    renamed = another_home(business, tmp_path / "renamed", filled=True)
    shutil.copyfile(business.settings.paths.work, renamed.settings.paths.warehouse)
    with renamed.warehouse.reading("warehouse") as connection:
        assert connection.execute("select count(*) from staging.stg_hubspot__contacts").fetchall() == [(4,)]


def test_the_manifest_is_kept_for_all_homes_until_a_file_of_the_project_changes(
    business: RawTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(settings: object, kept: Path) -> None:
        raise CrmError("parsed again", where="dbt_project")

    monkeypatch.setattr(transform, "_parse", parse)
    assert "model.crm.unified_leads" in transform.load_manifest(RawTables(tmp_path).settings).nodes
    monkeypatch.setattr(transform, "code_hash", lambda: "other")
    with pytest.raises(CrmError, match="parsed again"):
        transform.load_manifest(business.settings)


def test_whatever_models_in_python_call_shapes_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    called = {
        PROJECT_ROOT / "pipelines" / package
        for path in transform.DBT_PROJECT.rglob("*.py")
        for package in re.findall(r"from pipelines\.(\w+)", path.read_text())
    }
    asked: list[Path] = []
    monkeypatch.setattr(transform, "_sources", lambda folder: asked.append(folder) or iter(()))
    before = transform.code_hash()
    assert called
    assert called <= set(asked)
    monkeypatch.setattr(transform.matching, "code", lambda: "of an upgraded library")
    assert transform.code_hash() != before


def test_where_the_environment_is_not_ours_the_manifest_is_kept_in_the_home(
    business: RawTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transform._kept_in(business.settings).is_relative_to(sys.prefix)
    monkeypatch.setattr(transform.os, "access", lambda path, mode: False)
    assert transform._kept_in(business.settings) == business.settings.paths.dbt_target


def test_nothing_is_left_in_the_tree(business: RawTables) -> None:
    project = PROJECT_ROOT / "dbt_project"
    assert not [name for name in ("target", "logs", ".user.yml") if (project / name).exists()]


def test_a_project_parsed_ahead_is_waited_for_and_what_is_wrong_with_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = RawTables(tmp_path)
    told: list[str] = []

    def broken(settings: object) -> None:
        told.append("asked")
        raise CrmError("the dbt project cannot be parsed: of course", where="dbt_project")

    monkeypatch.setattr(transform, "_load_or_parse", broken)
    monkeypatch.setattr(transform, "_kept_in", lambda settings: settings.paths.dbt_target)
    transform.parse_ahead(raw.settings)
    with pytest.raises(CrmError, match="of course"):
        transform.load_manifest(raw.settings)
    assert told == ["asked", "asked"]  # ahead, and by whoever needs it

    raw.settings.paths.dbt_target.mkdir(parents=True)
    (raw.settings.paths.dbt_target / "manifest-of-before.msgpack").touch()
    transform.parse_ahead(raw.settings)
    with pytest.raises(CrmError):
        transform.load_manifest(raw.settings)
    assert told == ["asked"] * 3  # where there is one already, nothing is done ahead
