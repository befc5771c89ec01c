"""What routing.yml, teams.yml and syncs.yml may say, and the sentence when they say something else."""

from __future__ import annotations

import re
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
from pipelines.rules.everything import validate
from pipelines.rules.routing import load_routing
from pipelines.rules.stage_automation import load_automations
from pipelines.rules.syncs import load_syncs
from pipelines.rules.teams import load_teams
from pipelines.rules.templates import load_templates

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


@pytest.mark.parametrize(
    ("rules", "kind", "sentence"),
    [
        ("[{name: x, team: a}, {name: y, team: a, when: lead_score > 1}]", "unreachable",
         "y can never decide"),
        ("[{name: x, team: a, when: lead_score > 5}, {name: y, team: a, when: lead_score > 1}]", "overlap",
         "rules x and y both hold for a lead with lead_score 5.5; x comes first"),
        ("[{name: x, team: a, when: lead_score > 5 and lead_score < 5}]", "unreachable",
         "its condition never holds"),
        ("[{name: x, team: a, when: country is not null}]", "gap",
         "no rule holds for a new-lead with country empty"),
    ],
)  # fmt: skip
def test_what_rules_do_to_one_another_is_found_without_data(
    tmp_path: Path, rules: str, kind: str, sentence: str
) -> None:
    (tmp_path / "teams.yml").write_text(TEAM)
    (tmp_path / "routing.yml").write_text(f"rules: {rules}")
    assert any(f.kind == kind and sentence in f.sentence for f in load_routing(tmp_path).findings())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("people: {a@x.example: {zone: Mars/Base}}\nteams: {t: {members: [a@x.example]}}",
         "Mars/Base is no time zone"),
        ("people: {a@x.example: {hours: nights, zone: UTC}}\nteams: {t: {members: [a@x.example]}}",
         "works in hours nights, which calendars.yml does not have"),
        ("teams:\n  t: {members: [{email: a@x.example, zone: UTC}]}\n"
         "  u: {members: [{email: a@x.example, zone: Asia/Tokyo}]}",
         r"other zone in team u than in team t.*line 3"),
        ("teams: {t: {members: [{email: a@x.example, active: false}]}}", "team t has no active people"),
        ("teams: {t: {members: [a@x.example], backup: u}}", "the backup of team t is u"),
    ],
)  # fmt: skip
def test_people_and_hours_that_cannot_be_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "teams.yml").write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        load_teams(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ person.name.upper() }}", "calls something"),
        ("{% import 'x' as y %}", "imports something"),
        ("{{ person.__class__ }}", "names __class__"),
        ("{{ secret }}", "names secret, which is not one of"),
        ("one\n{{ person", "line 2"),
    ],
)
def test_a_template_computes_nothing(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "t.j2").write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        load_templates(tmp_path)


def test_automations_that_set_each_other_off_without_end_are_found(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    (tmp_path / "stage_automation.yml").write_text(
        "automations:\n"
        "  - {name: up, on: amount-changed, actions: [{type: set-fields, fields: {closedate: soon}}]}\n"
        "  - {name: down, on: close-date-changed, actions: [{type: set-fields, fields: {amount: 1}}]}\n"
    )
    with pytest.raises(ConfigError, match="set each other off without end: up -> down -> up"):
        load_automations(tmp_path)


CIRCLES = {
    "a deal that waits is put back where it waits": (
        "{name: up, on: stayed, for: 14d, stage: qualification, actions: [{type: set-fields, fields: "
        "{dealstage: contractsent}}]}",
        "{name: down, on: entered, stage: negotiation, actions: [{type: set-fields, fields: "
        "{dealstage: qualifiedtobuy}}]}", True),
    "a forecast is written into the amount": (
        "{name: up, on: amount-changed, actions: [{type: write-forecast, names: [hubspot.amount]}]}", True),
    "another stage than the one it waits for": (
        "{name: up, on: entered, stage: qualification, actions: [{type: set-fields, fields: "
        "{dealstage: contractsent}}]}", False),
    "a field that names its CRM": (
        "{name: up, on: amount-changed, actions: [{type: set-fields, "
        "fields: {salesforce.Amount: 1}}]}", True),
    "a stage of which nothing is known": (
        "{name: up, on: entered, stage: qualification, actions: [{type: set-fields, fields: "
        "{dealstage: elsewhere}}]}", True),
    "a won deal is reopened": (
        "{name: up, on: won, actions: [{type: set-fields, fields: {StageName: Prospecting}}]}", False),
}  # fmt: skip


@pytest.mark.parametrize("case", CIRCLES)
def test_a_circle_is_found_by_what_is_set_and_no_other_is_refused(tmp_path: Path, case: str) -> None:
    *automations, is_circle = CIRCLES[case]
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    lines = [f"  - {each}" for each in automations]
    (tmp_path / "stage_automation.yml").write_text("\n".join(["automations:", *lines]))
    if is_circle:
        with pytest.raises(ConfigError, match="set each other off without end"):
            load_automations(tmp_path)
    else:
        assert len(load_automations(tmp_path).rules) == 1


def wrong(rules: str = "", **files: str) -> dict[str, str]:
    """The team's files, one of them with something wrong."""
    start = "new_rules: live\nrules:\n"
    return {"routing.yml": start + rules} if rules else {k.replace("__", "."): v for k, v in files.items()}


ONE_RULE = "rules: [{name: r, team: inbound}]\n"
BAD = (
    (wrong("  - {name: x, team: inbound}\n  - {name: y, team: inbound, when: leadScore > 1}\n"),
     r"y can never decide.*routing\.yml line 4"),
    (wrong("  - {name: x, team: inbound, when: leadScore > 5}\n"
           "  - {name: y, team: inbound, when: leadScore > 1}\n  - {name: z, team: inbound}\n"),
     r"rules x and y both hold for a lead with lead_score 5\.5; x comes first.*routing\.yml line 4"),
    (wrong("  - {name: x, team: inbound, when: country is not null}\n"),
     r"no rule holds for a new-lead with country empty.*routing\.yml"),
    (wrong("  - {name: x, team: inbound, when: shoeSize > 40}\n"),
     r"condition of rule x names shoeSize.*routing\.yml line 3"),
    (wrong("  - {name: x, team: inbound, when: leadScore > 'high'}\n"),
     r"rule x compares lead_score, a number, with 'high'.*routing\.yml line 3"),
    (wrong("  - {name: x, team: inbound, when: exec('x') = 1}\n"),
     r"rule x .*may only compare.*routing\.yml line 3"),
    (wrong("  - {name: x, team: nobody}\n"), r"rule x sends leads to team nobody, .*routing\.yml line 3"),
    (wrong(routing__yml=f"{ONE_RULE}load:\n  stages: [lead, leed]\n"),
     r"load counts leads of stage leed, which stages\.yml does not have.*routing\.yml line 3"),
    (wrong(teams__yml="people: {}\nteams:\n  inbound:\n    members: []\n"),
     r"a team without people would hold every lead.*teams\.yml line 4"),
    (wrong(teams__yml="people:\n  a@x.example: {zone: Mars/Base}\nteams: {t: {members: [a@x.example]}}\n"),
     r"Mars/Base is no time zone.*teams\.yml line 2"),
    (wrong(teams__yml="teams:\n  inbound: {members: [{email: a@x.example, active: false}]}\n"),
     r"team inbound has no active people, so its leads would all be held.*teams\.yml line 2"),
    (wrong(teams__yml="teams:\n  inbound: {members: [{email: a@x.example, zone: UTC, hours: office}]}\n"
           "  other: {members: [{email: a@x.example, zone: UTC, hours: split}]}\n"),
     r"a@x\.example has other hours in team other than in team inbound.*teams\.yml line 3"),
    (wrong(handoff__yml="handoffs:\n  - name: h\n    trigger: {value: 75}\n    actions:\n"
           "      - {type: update-lifecycle, value: KING}\n"),
     r"sets stage KING, which stages\.yml does not have.*handoff\.yml line 2"),
    (wrong(stage_automation__yml="automations:\n  - name: a\n    on: lost\n    when: owner > now()\n"
           "    actions: [{type: ask-reason}]\n"),
     r"condition of a .*stage_automation\.yml line 2"),
    (wrong(handoff__yml="trigger: {value: 75}\nactions:\n  - {type: assign-owner}\n",
           teams__yml="teams: {inbound: {members: [a@x.example]}}\n"),
     r"assign-owner assigns by territory, and teams\.yml has none.*handoff\.yml line 3"),
    (wrong(handoff__yml="trigger: {type: stage, value: SQL}\n"
           "actions: [{type: update-lifecycle, value: SQL}]\n"), r"not before sales_qualified_lead: it"),
    (wrong(stage_automation__yml="automations:\n  - {name: a, on: entered, stage: negotiation, actions: "
           "[{type: ask-reason}]}\n"), r"a asks why a deal was won or lost, and it may be open.*line 2"),
    (wrong(handoff__yml="trigger: {type: stage, value: KING}\nactions: [{type: create-task}]\n"),
     r"waits for stage KING, which stages\.yml does not have"),
    (wrong(handoff__yml="trigger: {value: 75}\nactions:\n  - {type: create-task, name: a b}\n"),
     r"'a b' may have letters, digits.*line 3"),
    (wrong(handoff__yml="trigger: {value: 75}\nactions:\n  - {type: create-task, name: create-note-2}\n"
           "  - {type: create-note}\n  - {type: create-note}\n  - {type: create-note, name: create-task}\n"),
     r"two actions are called create-note-2"),
    (wrong(handoff__yml="trigger: {value: 75}\nactions: [{type: send-notification, template: t}]\n",
           **{"templates/t__j2": "{{ person.phone }}"}),
     r"template t cannot be filled: .*phone.*handoff\.yml line 2"),
    (wrong(handoff__yml="trigger: {value: 75}\nactions: [{type: create-task}]\n"
           "active_from: 2026-01-01T00:00:00\n"), r"active_from.*timezone"),
    (wrong(notifications__yml="templates: {new-lead: nothing}\n",
           routing__yml=f"{ONE_RULE}notifications: {{newLead: true}}\n"),
     r"nobody can be told of a new-lead: .*no nothing\.j2"),
    (wrong(notifications__yml="channels:\n  hook: {kind: webhook, to: owner}\n"),
     r"a webhook goes to an https address, not to owner.*notifications\.yml line 2"),
    (wrong(notifications__yml="channels: {mail: {kind: mail}}\n",
           routing__yml=f"{ONE_RULE}notifications: {{newLead: true, channel: slack}}\n"),
     r"told by channel slack, which notifications\.yml"),
    (wrong(stage_automation__yml="automations:\n  - {name: a, on: won, actions: [{type: require-fields, "
           "names: [amuont]}]}\n"), r"a requires amuont, which is not one of .*stage_automation\.yml line 2"),
    (wrong(stage_automation__yml="automations:\n  - {name: a, on: won, actions: [{type: set-fields, "
           "fields: {hubspt.x: 1}}]}\n"), r"field hubspt\.x begins with neither hubspot\. nor .*line 2"),
    (wrong(stage_automation__yml="automations:\n  - {name: a, on: won, actions: [{type: write-forecast, "
           "names: [hubspot.a, hubspot.b]}]}\n"), r"write-forecast writes into names like .*line 2"),
)  # fmt: skip


@pytest.mark.parametrize(("files", "sentence"), BAD)
def test_what_is_wrong_is_found_when_files_are_read_by_file_line_and_rule(
    tmp_path: Path, files: dict[str, str], sentence: str
) -> None:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    try:
        validate(tmp_path)
        said = "\n".join(str(finding) for finding in load_routing(tmp_path).findings())
    except ConfigError as error:
        said = str(error)
    assert re.search(sentence, said), said


def test_code_in_a_template_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    template = tmp_path / "templates" / "new-lead.j2"
    template.write_text(template.read_text() + "{{ person.name.format('x') }}\n")
    with pytest.raises(ConfigError, match=r"new-lead.* calls something.*line \d+"):
        validate(tmp_path)
