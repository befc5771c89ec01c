"""What routing.yml, teams.yml and syncs.yml may say, and the sentence when they say something else."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigError
from pipelines.rules.condition_values import question
from pipelines.rules.conditions import ColumnKind, compile_condition, named_columns
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
    people = ["hubspot_contacts", "salesforce_leads", "salesforce_contacts"]
    assert list(syncs.syncs)[:3] == people
    refusing = {(sync.vendor, sync.object) for sync in syncs.syncs.values() if sync.consent}
    assert refusing == {(syncs.syncs[name].vendor, syncs.syncs[name].object) for name in people} | {
        ("marketing_cloud", "Subscriber")
    }
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


COLUMNS: dict[str, ColumnKind] = {"a": "number", "b": "number", "c": "text", "d": "text", "e": "boolean"}
atoms = st.one_of(
    st.builds("{} {} {}".format, st.sampled_from("ab"), st.sampled_from(["=", "<>", "<", ">="]),
              st.integers(-2, 2)),
    st.builds("{} {} '{}'".format, st.sampled_from("cd"), st.sampled_from(["=", "!=", "<", "like"]),
              st.sampled_from(["x", "xy", "x%", "_", ""])),
    st.builds("{} in ({})".format, st.sampled_from("ab"), st.sampled_from(["1", "1, 2", "null, 1"])),
    st.builds("{} between {} and {}".format, st.sampled_from("ab"), st.integers(-1, 1), st.integers(0, 2)),
    st.builds("{} is null".format, st.sampled_from("abcde")),
    st.builds("{} == null".format, st.sampled_from("abcde")),
    st.sampled_from(["e", "e = true", "a < b", "c = d", "true"]),
)  # fmt: skip
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
    ),
    max_leaves=6,
)
rows = st.fixed_dictionaries(
    {"a": st.one_of(st.none(), st.integers(-2, 2)), "b": st.one_of(st.none(), st.integers(-2, 2)),
     "c": st.sampled_from([None, "x", "xy", ""]), "d": st.sampled_from([None, "x", "xy", ""]),
     "e": st.sampled_from([None, True, False])}
)  # fmt: skip


@settings(max_examples=150)
@given(condition=conditions, row=rows)
def test_a_condition_says_the_same_in_sql_and_in_python(condition: str, row: dict[str, Any]) -> None:
    predicate = compile_condition(condition, COLUMNS)
    kinds = {"number": "integer", "text": "varchar", "boolean": "boolean"}
    columns = ", ".join(f"${name}::{kinds[kind]} as {name}" for name, kind in COLUMNS.items())
    answer = duckdb.execute(f"select ({predicate}) from (select {columns})", row).fetchone()
    assert answer is not None
    assert question(predicate)(row) == answer[0]


@pytest.mark.parametrize(
    ("condition", "predicate"),
    [
        ("leadScore >= 50 && leadScore < 80", "lead_score >= 50 AND lead_score < 80"),
        ('country == "DE" || !(isOptedOut)', "country = 'DE' OR NOT (is_opted_out)"),
        ("leadScore < 50 && consent == 'opted_in'", "lead_score < 50 AND consent = 'opted_in'"),
        ("hs_lead_score > 1", "lead_score > 1"),
        ("country != null", "NOT country IS NULL"),
    ],
)
def test_the_words_people_bring_along_mean_what_they_mean(condition: str, predicate: str) -> None:
    assert compile_condition(condition, None, {"hs_lead_score": "lead_score"}) == predicate


GIVEN = """
{"routingType": "score-based",
 "rules": [
  {"condition": "leadScore >= 80", "assignment": "enterprise-team", "method": "round-robin"},
  {"condition": "leadScore >= 50 && leadScore < 80", "assignment": "mid-market-team",
   "method": "capacity-based"},
  {"condition": "leadScore < 50", "assignment": "nurture-queue", "method": "auto-enroll"}],
 "escalation": {"timeout": "4h", "action": "reassign-to-manager"},
 "notifications": {"newLead": true, "reassignment": true, "escalation": true}}
"""


def given_config(folder: Path, routing: str, teams: str | None = None) -> Path:
    shutil.copytree(CONFIG, folder, dirs_exist_ok=True)
    (folder / "routing.yml").unlink()
    (folder / "lead_routing.json").write_text(routing)
    if teams is not None:
        (folder / "teams.yml").write_text(teams)
    return folder


def test_the_file_people_bring_along_is_read_unchanged(tmp_path: Path) -> None:
    routing = load_routing(given_config(tmp_path, GIVEN))
    assert [(rule.team, rule.method) for rule in routing.rules] == [
        ("enterprise-team", "round-robin"),
        ("mid-market-team", "capacity-based"),
        ("nurture-queue", "auto-enroll"),
    ]  # fmt: skip
    assert routing.file.escalation is not None
    assert routing.file.escalation.timeout == timedelta(hours=4)
    assert routing.file.notifications.new_lead
    (gap,) = routing.findings()
    assert "no rule holds for a new-lead with lead_score empty" in gap.sentence


def test_a_team_that_is_missing_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"team enterprise-team, which teams.yml does not have .*json line 4"
    ):
        load_routing(given_config(tmp_path, GIVEN, TEAM))
