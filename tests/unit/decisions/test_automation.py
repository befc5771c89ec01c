"""What happens to deals: each kind of event fires its automation once, and what came before it does not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pytest

from pipelines.decisions import kept_runs
from pipelines.decisions.automation import answered, firing, firing_id
from pipelines.decisions.retold import Told
from pipelines.errors import ConfigError
from pipelines.events.stays import Stays
from pipelines.listening import Named
from pipelines.rules.stage_automation import DEAL_COLUMNS, Automation, load_automations
from pipelines.settings import PROJECT_ROOT, Settings
from pipelines.state import State, handoffs
from pipelines.state.handoffs import Firing

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
KINDS = {"text": "varchar", "number": "double", "timestamp": "timestamptz", "boolean": "boolean"}


@pytest.fixture
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    """One lost deal that was in evaluation until noon, and whose amount and close date were changed then."""
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        more = ("opportunity_id varchar", "name varchar", "opportunity_id_hubspot varchar",
                "opportunity_id_salesforce varchar", "closed_at timestamptz")  # fmt: skip
        columns = [*more, *(f"{name} {KINDS[kind]}" for name, kind in DEAL_COLUMNS.items())]
        connection.execute(f"create table marts.opportunities ({', '.join(columns)})")
        connection.execute(
            "insert into marts.opportunities (opportunity_id, name, canonical_stage, amount, is_closed, "
            "is_won, closed_at) values ('o', 'Deal', 'lost', 10, true, false, ?)", [NOON],
        )  # fmt: skip
        connection.execute(
            "create table marts.stage_history (opportunity_id varchar, stage varchar, "
            "canonical_stage varchar, entered_at timestamptz, left_at timestamptz)"
        )
        stays = [("o", "3", "evaluation", NOON - 9 * HOUR, NOON), ("o", "5", "lost", NOON, None)]
        connection.executemany("insert into marts.stage_history values (?, ?, ?, ?, ?)", stays)
        connection.execute(
            "create table marts.deal_changes (opportunity_id varchar, field varchar, changed_at timestamptz, "
            "canonical_stage_then varchar, old_value varchar, new_value varchar)"
        )
        connection.execute("create table marts.identity_aliases (entity varchar, alias varchar, id varchar)")
        changes = [
            ("o", "amount", NOON, "evaluation", "5", "10"),
            ("o", "close_date", NOON, "lost", "a", "b"),
        ]
        connection.executemany("insert into marts.deal_changes values (?, ?, ?, ?, ?, ?)", changes)
        yield connection


def kept(event_key: str, deal: str = "o") -> Firing:
    return Firing(firing_id("a", deal, event_key), "a", deal, event_key, NOON, "r")


def rule(on: str, **more: Any) -> Automation:
    return Automation.model_validate(
        {"name": "a", "on": on, "actions": [{"type": "ask-reason"}], "when": "is_won = false", **more}
    )


@pytest.mark.parametrize(
    ("automation", "key"),
    [
        (rule("entered", stage="lost"), "entered:lost"),
        (rule("left", stage="evaluation"), "left:evaluation"),
        (rule("stayed", stage="lost", **{"for": "2h"}), "stayed:lost"),
        (rule("amount-changed", when="amount > 5 and old_value = '5'"), "amount:"),
        (rule("close-date-changed"), "close_date:"),
        (rule("lost", when="lost_reason is null"), "lost:"),
    ],
)
def test_each_event_fires_once_and_not_when_it_was_before_the_automation(
    marts: duckdb.DuckDBPyConnection, automation: Automation, key: str
) -> None:
    later = NOON + 3 * HOUR
    (fired,), too_old = firing(marts, automation, Told(), NOON - HOUR, later)
    assert fired.event_key.startswith(key)
    assert (fired.opportunity_id, too_old) == ("o", 0)
    again = Told([kept(fired.event_key)])
    assert firing(marts, automation, again, NOON - HOUR, later + HOUR) == ([], 0)
    merged = Told([kept(fired.event_key, "younger")], {"younger": "o"})
    assert firing(marts, automation, merged, NOON - HOUR, later) == ([], 0)
    assert firing(marts, automation, Told(), later, later) == ([], 1)


def test_a_stay_that_another_crm_dates_otherwise_since_the_deals_were_paired_fires_no_more(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    """The deal was lost at ten by the one history, and is at noon by the one that is told now."""
    lost = rule("entered", stage="lost")
    earlier = Told([kept(f"entered:lost:{NOON - 2 * HOUR}")])
    assert firing(marts, lost, earlier, NOON - HOUR, NOON) == ([], 0)
    assert firing(marts, rule("lost"), Told([kept(f"lost:{NOON - HOUR}")]), NOON - HOUR, NOON) == ([], 0)
    renamed = Told([kept(f"entered:gone:{NOON}")])
    assert firing(marts, lost, renamed, NOON - HOUR, NOON) == ([], 0), "the stage was called otherwise then"
    marts.execute("insert into marts.stage_history values ('o', '4', 'negotiation', $1, $1)", [NOON - HOUR])
    (again,), _ = firing(marts, lost, earlier, NOON - HOUR, NOON)
    assert again.at == NOON, "it was elsewhere in between"
    same = Told([kept(f"entered:evaluation:{NOON - 9 * HOUR}")])
    marts.execute("insert into marts.stage_history values ('o', '3', 'evaluation', $1, null)", [NOON - HOUR])
    (back,), _ = firing(marts, rule("entered", stage="evaluation"), same, NOON - 2 * HOUR, NOON)
    assert back.at == NOON - HOUR, "the history that fired is told still, and this is another stay"


@pytest.mark.parametrize(
    ("changed", "is_dropped"),
    [
        ("select 1", False),
        ("update marts.opportunities set lost_reason = 'price'", True),
        ("update marts.opportunities set is_closed = false", True),
        ("update marts.opportunities set is_won = true", True),
        ("delete from marts.opportunities", True),
    ],
)
def test_a_reminder_is_dropped_when_nothing_is_left_to_ask(
    marts: duckdb.DuckDBPyConnection, changed: str, is_dropped: bool
) -> None:
    fired = kept(f"lost:{NOON}", "younger")
    marts.execute("insert into marts.identity_aliases values ('opportunity', 'younger', 'o')")
    marts.execute(changed)
    reminder = f"{fired.firing_id}.ask.reminder"
    assert answered(marts, [fired], [reminder]) == ({reminder} if is_dropped else set())


def test_what_no_condition_meets_and_what_is_not_yet_fires_nothing(marts: duckdb.DuckDBPyConnection) -> None:
    later = NOON + 3 * HOUR
    assert firing(marts, rule("won", when="true"), Told(), NOON, later) == ([], 0)
    assert firing(marts, rule("lost", when="amount > 99"), Told(), NOON, later) == ([], 0)
    waits = rule("stayed", stage="lost", **{"for": "4h"})
    assert firing(marts, waits, Told(), NOON, later) == ([], 0)


def test_what_fired_is_decided_again_from_the_deal_as_it_was(marts: duckdb.DuckDBPyConnection) -> None:
    rule = Automation.model_validate(
        {"name": "big", "on": "lost", "when": "amount >= 10 and lost_reason is null",
         "actions": [{"type": "ask-reason"}]}
    )  # fmt: skip
    fired, _ = firing(marts, rule, Told(), NOON - HOUR, NOON)
    run, rows = kept_runs.of_automations("r", NOON, [(rule, NOON - HOUR)], fired)
    assert [orjson.loads(row.decided) for row in rows] == [fired[0].firing_id]
    assert list(kept_runs.again(run, rows).values()) == [fired[0].firing_id]
    smaller = rows[0]._replace(content=rows[0].content.replace('"amount":10.0', '"amount":9.0'))
    assert smaller != rows[0]
    assert list(kept_runs.again(run, [smaller]).values()) == [None]


def test_a_template_about_a_person_is_refused_where_an_automation_would_fill_it_of_a_deal(
    tmp_path: Path,
) -> None:
    shutil.copytree(PROJECT_ROOT / "config", tmp_path, dirs_exist_ok=True)
    (tmp_path / "stage_automation.yml").write_text(
        "automations:\n  - {name: a, on: won, actions: [{type: create-task, taskType: follow-up-call}]}\n"
    )
    sentence = r"a is about deals, and its template speaks of a person.*stage_automation\.yml line 2"
    with pytest.raises(ConfigError, match=sentence):
        load_automations(tmp_path)


def test_a_look_finds_a_deal_that_has_stayed_too_long_once_before_any_refresh_does(
    marts: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what has fired already is read once a look, however many automations there are."""
    read, firings = [], handoffs.firings

    def counted(reading: Any) -> tuple[Firing, ...]:
        read.append(1)
        return firings(reading)

    monkeypatch.setattr(handoffs, "firings", counted)
    config = tmp_path / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    (config / "stage_automation.yml").write_text(
        "new_rules: live\nautomations:\n"
        "  - {name: b, on: stayed, stage: won, for: 900d, active_from: 2020-01-01T00:00:00Z, "
        "actions: [{type: ask-reason}]}\n"
        "  - {name: a, on: stayed, stage: lost, for: 2h, active_from: 2020-01-01T00:00:00Z, "
        "when: is_won = false, actions: [{type: ask-reason}]}\n"
    )
    marts.execute("update marts.opportunities set opportunity_id_salesforce = '006A'")
    settings = Settings(home=tmp_path / "var", config_dir=config)
    stays = Stays()
    with State.open(settings) as state:
        assert stays.run_out(marts, state, settings, NOON + HOUR) == []
        assert read == [1]
        deal = Named("salesforce", "Opportunity", "006A")
        assert stays.run_out(marts, state, settings, NOON + 2 * HOUR) == [deal]
        assert stays.run_out(marts, state, settings, NOON + 3 * HOUR) == []
        assert not deal.is_person, "it takes a refresh, which reads it first"
        marts.execute("update marts.opportunities set is_won = true")
        assert Stays().run_out(marts, state, settings, NOON + 2 * HOUR) == []
