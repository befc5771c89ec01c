"""What routing.yml, teams.yml and syncs.yml may say, and the sentence when they say something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.rules.conditions import compile_condition, named_columns
from pipelines.rules.routing import load_routing
from pipelines.rules.syncs import load_syncs
from pipelines.rules.teams import load_teams

CONFIG = Path(__file__).resolve().parents[3] / "config"
TEAM = "teams: {a: {members: [{email: A@x.example}, {email: b@x.example, active: false}]}}\n"
SYNC = """
syncs:
  s:
    vendor: hubspot
    object: contacts
    desired: d
    existing: e
    fields:
      score: {type: integer, provider: computed, owner: us, rule: r}
"""


@pytest.mark.parametrize(
    "condition",
    [
        "lead_score >= 40 and email like '%.example'",
        "lifecycle_stage in ('mql', 'sql') or not (created_at > '2026-01-01')",
        "lead_score between 1 and 40",
        "account_id is not null",
        "true",
    ],
)
def test_a_condition_may_compare_and_combine(condition: str) -> None:
    assert compile_condition(condition)


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("lower(email) = 'a'", "may only compare columns"),
        ("lead_score + 1 > 2", "may only compare columns"),
        ("email = (select 'a')", "may only compare columns"),
        ("email in (select 'a')", "may only compare columns|needs a list"),
        ("email in 'abc'", "needs a list of values after in"),
        ("email = 'a'; drop table x", "give one condition"),
        ("shoe_size > 40", "names shoe_size, which is not one of"),
        ("marts.unified_leads.email = 'a'", "which is not one of"),
        ("lead_score > 'forty'", "compares lead_score, a number, with 'forty'"),
        ("email = 40", "compares email, a text, with 40"),
        ("lead_score >", "cannot be read as a condition"),
        ("email", "is not a comparison"),
        ("", "give one condition"),
    ],
)
def test_a_condition_can_compute_nothing(condition: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        compile_condition(condition)


def test_the_columns_of_a_condition_are_known() -> None:
    assert named_columns("lead_score > 1 and email like 'a' or lead_score = 0") == ("lead_score", "email")


def test_the_project_s_own_files_hold() -> None:
    syncs = load_syncs(CONFIG)
    values = [name for name, sync in syncs.syncs.items() if not sync.consent]
    assert values == ["hubspot_contacts", "salesforce_leads", "salesforce_contacts"]
    assert len(syncs.syncs) == 2 * len(values)  # each has its opt-outs beside it
    assert not any(sync.auto_apply for sync in syncs.syncs.values())
    assert {rule.team for rule in load_routing(CONFIG).rules} <= set(load_teams(CONFIG).teams)


def test_members_stand_in_the_order_of_the_round_and_in_lower_case(tmp_path: Path) -> None:
    (tmp_path / "teams.yml").write_text(TEAM)
    assert load_teams(tmp_path).members == (
        ("a", "a@x.example", 1, 1, True),
        ("a", "b@x.example", 2, 1, False),
    )
    (tmp_path / "teams.yml").write_text(
        "teams: {a: {members: [{email: b@x.example, position: 2}, {email: c@x.example, position: 1}]}}"
    )
    assert [m.email for m in load_teams(tmp_path).members] == ["c@x.example", "b@x.example"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("teams: {a: {members: []}}", "teams.yml line 1"),
        ("teams: {a: {members: [{email: nobody}]}}", "email"),
        ("teams: {a: {members: [{email: a@x.example}, {email: A@x.example}]}}", "a@x.example is named twice"),
        (
            "teams: {a: {members: [{email: a@x.example, position: 1}, {email: b@x.example}]}}",
            "position of its own",
        ),
        ("teams:\n  a:\n    members: [{email: a@x.example}]\n    people: []\n", r"people.*line 4"),
    ],
)
def test_a_team_that_cannot_be_is_named_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "teams.yml").write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        load_teams(tmp_path)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ("rules: [{name: r, team: z}]", "rule r sends leads to team z, which teams.yml does not have"),
        ("rules: [{name: r, team: a}, {name: r, team: a}]", "two rules are called r"),
        ("rules:\n  - name: r\n    team: a\n    when: now() > 1\n", r"may only compare.*routing.yml line 4"),
        ("rules: [{name: r, team: a, method: lottery}]", "round-robin"),
        ("rules: []", "rules"),
    ],
)
def test_a_rule_that_cannot_be_is_named(tmp_path: Path, rules: str, sentence: str) -> None:
    (tmp_path / "teams.yml").write_text(TEAM)
    (tmp_path / "routing.yml").write_text(rules)
    with pytest.raises(ConfigError, match=sentence):
        load_routing(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("rule: r", "rule: r, colour: red", r"unknown key.*colour.*line 9"),
        ("integer,", "text, dead_band: 2,", "a dead_band needs a numeric type, not text"),
        ("integer,", "text, policy: forward_only,", "forward_only on a text needs order"),
        ("rule: r", "rule: r, order: [a]", "order is only read with policy forward_only"),
        ("hubspot", "pipedrive", "vendor"),
    ],
)
def test_a_sync_that_cannot_be_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    (tmp_path / "syncs.yml").write_text(SYNC.replace(old, new))
    with pytest.raises(ConfigError, match=sentence):
        load_syncs(tmp_path)


def test_a_field_has_one_provider(tmp_path: Path) -> None:
    second = SYNC.replace("syncs:\n", "").replace("  s:\n", "  t:\n").lstrip("\n")
    (tmp_path / "syncs.yml").write_text(SYNC + second)
    with pytest.raises(ConfigError, match=r"hubspot contacts.score has two providers: s and t"):
        load_syncs(tmp_path)


def test_a_field_named_twice_in_one_sync_is_an_error_and_not_the_last_one(tmp_path: Path) -> None:
    line = "      score: {type: integer, provider: computed, owner: us, rule: r}\n"
    (tmp_path / "syncs.yml").write_text(SYNC + line)
    with pytest.raises(ConfigError, match=r"score is there twice \(syncs.yml line 10\)"):
        load_syncs(tmp_path)
