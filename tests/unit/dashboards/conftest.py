"""A small published file, and the page's server over it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from starlette.testclient import TestClient

from dashboards.server import application
from pipelines.settings import PROJECT_ROOT, Settings

NASTY = "</script><script>alert(1)</script>"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A published file with one deal, one forecast day and one campaign with a hostile name."""
    settings = Settings(home=tmp_path, config_dir=PROJECT_ROOT / "config")
    with duckdb.connect(str(settings.paths.published)) as db:
        db.execute("create schema marts")
        db.execute(
            "create table marts.opportunities as select 'd1' as opportunity_id, 'ann@x.example' as owner_id, "
            "'north' as owner_team, 'default' as pipeline, 'Sales' as pipeline_label, "
            "'USD' as currency_converted"
        )
        db.execute("create table marts.unified_leads as select 'p' as person_id, 'ann@x.example' as owner_id")
        db.execute(
            "create table marts.deal_states as select 'd1' as opportunity_id, "
            "timestamptz '2026-06-01' as valid_from, null::timestamptz as valid_to, "
            "'default' as pipeline, 'discovery' as canonical_stage, 2 as position, "
            "false as is_closed, 0.5 as probability, 1000.00::decimal(18, 2) as amount_converted, "
            "'ann@x.example' as owner_id"
        )
        db.execute(
            "create table marts.pipeline_snapshots as select unnest([date '2026-06-29', date '2026-06-30']) "
            "as snapshot_date, 'ann@x.example' as owner_id, 'default' as pipeline, "
            "'discovery' as canonical_stage, "
            "1 as opportunities, 1000.00::decimal(18, 2) as amount_converted, false as is_reconstructed"
        )
        db.execute(
            "create table marts.campaign_performance as select $name as name, 'linear' as model, "
            "1 as touches, 1 as leads, 10.0 as cost, 100.0 as pipeline, 50.0 as revenue, 4.0 as roi",
            {"name": NASTY},
        )
        db.execute(
            "create table marts.channel_contribution as select $name as channel, date '2026-06-01' as month, "
            "'linear' as model, 50.0 as revenue, 100.0 as pipeline",
            {"name": NASTY},
        )
    return settings


@pytest.fixture
def client(settings: Settings) -> TestClient:
    return TestClient(application(settings), base_url="http://127.0.0.1")
