"""The page says what the published file says, in any state of it, and nobody's name can break it."""

from __future__ import annotations

import re

import duckdb
import pytest
from starlette.testclient import TestClient

from dashboards import page
from dashboards.answers import Answer
from dashboards.filters import Filters, choices, read
from dashboards.panels import sections
from dashboards.report import write
from pipelines.errors import UsageError
from pipelines.settings import PROJECT_ROOT, Settings
from tests.unit.dashboards.conftest import NASTY

PANELS = [panel for section in sections() for panel in section.panels]


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
        assert 'data-says="&lt;/script&gt;' in text


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
    assert not re.search(r'(src|href)="(?!#)', text)


def test_an_empty_panel_says_why(client: TestClient, settings: Settings) -> None:
    with duckdb.connect(str(settings.paths.published)) as db:
        db.execute("create table marts.stuck_deals as select 'd1' as opportunity_id, 'Deal' as name, "
                   "'bob@x.example' as owner_id, 'discovery' as canonical_stage, 1.0 as amount_converted, "
                   "3.0 as days_in_stage, ['old'] as reasons, 1 as place")  # fmt: skip
    assert "<td>Deal</td>" in client.get("/").text
    assert "Nothing for what was chosen." in client.get("/", params={"owner": "ann@x.example"}).text
    with duckdb.connect(str(settings.paths.published)) as db:
        db.execute("delete from marts.stuck_deals")
    assert "No deal is stuck." in client.get("/").text


def test_what_is_not_all_is_not_said_to_be() -> None:
    assert [page.written("share", each) for each in (1.0, 0.9996, 0.9994, 0.0)] == [
        "100.0%", "99.9%", "99.9%", "0.0%"
    ]  # fmt: skip


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
