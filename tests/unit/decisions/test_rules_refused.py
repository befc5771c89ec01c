"""Rules, people and templates that make no sense: found when files are read, named by file, line and rule."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipelines.errors import ConfigError
from pipelines.rules.everything import validate
from pipelines.rules.routing import load_routing
from pipelines.rules.stage_automation import load_automations
from pipelines.rules.teams import load_teams
from pipelines.rules.templates import load_templates

CONFIG = Path(__file__).resolve().parents[3] / "config"
TEAM = "teams: {a: {members: [{email: A@x.example}, {email: b@x.example, active: false}]}}\n"


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
