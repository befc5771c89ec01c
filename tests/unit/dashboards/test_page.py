"""The page says what the published file says, in any state of it, and nobody's name can break it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
from starlette.testclient import TestClient

from dashboards import page
from dashboards.answers import Answer
from dashboards.filters import Filters, choices, read
from dashboards.panels import sections
from dashboards.pictures import picture
from dashboards.report import write
from dashboards.server import application
from pipelines.errors import UsageError
from pipelines.settings import PROJECT_ROOT, Settings

NASTY = "</script><script>alert(1)</script>"
PANELS = [panel for section in sections() for panel in section.panels]


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


def test_every_question_has_its_file_and_no_file_is_without_a_question() -> None:
    files = {path.stem for path in (PROJECT_ROOT / "dashboards" / "sql").glob("*.sql")}
    assert files == {panel.key for panel in PANELS}
    assert len(PANELS) == len(files)


def test_a_mart_that_is_not_published_yet_is_named_and_the_rest_is_shown(client: TestClient) -> None:
    text = client.get("/").text
    assert "marts.win_rates is not published as this page asks for it: run crm build" in text
    assert re.search(r"<dt>amount</dt><dd>1,000</dd>", text)
    assert re.search(r"<dt>weighted</dt><dd>500</dd>", text)


def test_a_hostile_name_stays_text(client: TestClient, settings: Settings) -> None:
    for text in (client.get("/").text, write(settings, settings.home / "r.html").read_text()):
        assert NASTY not in text
        assert "&lt;/script&gt;" in text
        [figures] = re.findall(r'<script id="figures" type="application/json">(.*?)</script>', text, re.S)
        assert NASTY in json.dumps(json.loads(figures))


def test_filters_narrow_the_answers_and_are_kept_in_the_links(client: TestClient) -> None:
    shown = client.get("/", params={"owner": "ann@x.example", "day": "2026-06-29"}).text
    assert "<dt>deals</dt><dd>1</dd>" in shown
    assert '<option value="default">Sales</option>' in shown
    assert "/csv/campaigns?owner=ann%40x.example&amp;day=2026-06-29" in shown
    said = {
        title: re.findall(r'ignored">Not narrowed by (.*?)\.', panel)
        for title, panel in re.findall(r"<h3>(.*?)</h3>(.*?)</article>", shown, re.S)
    }
    assert (said["Open on the day"], said["Campaigns"]) == ([], ["owner, day"])
    assert "Not narrowed" not in client.get("/", params={"day": "2026-06-30"}).text, (
        "that is the day shown anyway"
    )


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        ({"owner": "nobody@x.example"}, "there is no owner nobody@x.example"),
        ({"day": "yesterday"}, "yesterday is no date"),
        ({"day": "2020-01-01"}, "nothing is known of 2020-01-01; days go from 2026-06-29 to 2026-06-30"),
    ],
)
def test_a_wish_that_cannot_be_met_is_one_sentence(
    client: TestClient, settings: Settings, wish: dict[str, str], sentence: str
) -> None:
    answer = client.get("/", params=wish)
    assert (answer.status_code, answer.text.startswith(sentence)) == (400, True)
    with duckdb.connect(str(settings.paths.published), read_only=True) as db, pytest.raises(UsageError):
        read(wish, choices(db))


def test_the_rows_of_a_panel_are_a_file_that_no_spreadsheet_runs(
    client: TestClient, settings: Settings
) -> None:
    with duckdb.connect(str(settings.paths.published)) as db:
        db.execute("update marts.campaign_performance set name = '=1+1'")
    answer = client.get("/csv/campaigns")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines() == [
        "name,model,touches,leads,cost,pipeline,revenue,roi", "'=1+1,linear,1,1,10.0,100.0,50.0,4.0"
    ]  # fmt: skip
    assert client.get("/csv/passwd").status_code == 404
    with duckdb.connect(str(settings.paths.published)) as db:
        db.execute(
            "insert into marts.campaign_performance "
            "select performance.* from marts.campaign_performance as performance, range(1200)"
        )
    assert len(client.get("/csv/campaigns").text.splitlines()) == 1202
    shown = client.get("/").text
    assert "The first 50 of 1,201 rows; the CSV has all." in shown
    assert shown.count("<td>=1+1</td>") == 50


def test_the_report_needs_nothing_else(settings: Settings) -> None:
    text = write(settings, settings.home / "deep" / "report.html").read_text()
    assert "<form" not in text
    outside = re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert not re.search(r'(src|href)="(?!#)', outside)


def test_what_a_number_looks_like() -> None:
    shown = [page.written(*each) for each in (
        ("amount", 1234567.4), ("win_rate", 0.2345), ("won", 12), ("days", 3.14159),
        ("why", None), ("x", True),
    )]  # fmt: skip
    assert shown == ["1,234,567", "23.4%", "12", "3.14", "–", "yes"]


@pytest.mark.parametrize(("key", "shown"), [("coverage", ["0", "1"]), ("conversions", ["0.0%", "100.0%"])])
def test_won_is_an_amount_where_the_panel_is_of_money_and_a_share_where_it_is_of_shares(
    key: str, shown: list[str]
) -> None:
    panel = next(each for each in PANELS if each.key == key)
    columns = (panel.x, *panel.y)
    rows = [("one", *(value for _ in panel.y)) for value in (0.0, 1.0)]
    told = page._shown(Answer(panel=panel, columns=columns, rows=rows), Filters())
    assert [row[columns.index("won")] for row in told.rows] == shown


def test_a_filter_that_a_question_does_not_ask_for_is_not_given() -> None:
    assert Filters(owner="a", team="b").parameters("select $owner") == {"owner": "a"}


def test_a_flow_is_as_wide_as_its_deals_and_places_of_one_name_are_told_apart() -> None:
    panel = next(each for each in PANELS if each.kind == "flow")
    rows = [("1. email", "2. email", 3), ("1. email", "won", 1), ("2. email", "won", 3)]
    answer = Answer(panel=panel, columns=("source", "target", "deals"), rows=rows)
    figure = picture(answer)
    assert figure is not None
    [trace] = figure["data"]
    assert trace["node"]["label"] == ["email", "email", "won"]
    assert (trace["link"]["source"], trace["link"]["target"]) == ([0, 0, 1], [1, 2, 2])
    assert trace["link"]["value"] == [3, 1, 3]
