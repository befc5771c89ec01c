"""Telling people: quiet hours in the person's own zone, and many messages to one place as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.decisions.action_tables import together
from pipelines.decisions.doing import About, Doing, Row
from pipelines.decisions.facts import Facts, Owner, Person
from pipelines.decisions.pending import at_their_hour
from pipelines.rules.actions import ActionRule
from pipelines.rules.notifications import Channel, load_notifications
from pipelines.rules.stages import Stages
from pipelines.rules.teams import load_teams
from pipelines.rules.templates import Templates, load_templates

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
TEAMS = """
people:
  ann@x.example: {zone: America/New_York}
  bob@x.example: {}
teams: {t: {members: [ann@x.example, bob@x.example]}}
"""


def doing(folder: Path, now: datetime, quiet: str) -> Doing:
    (folder / "teams.yml").write_text(TEAMS)
    (folder / "notifications.yml").write_text(f"quiet_hours: {quiet}\n" if quiet else "together_from: 3\n")
    return Doing(
        Facts(), load_teams(folder), Stages.model_construct(), load_templates(folder),
        load_notifications(folder), now,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "owner", "until"),
    [
        ("2026-06-30T12:00", "bob@x.example", None),
        ("2026-06-30T19:00", "bob@x.example", "2026-07-01T06:00"),  # 20:00 in London, which is in summer time
        ("2026-07-01T05:59", "bob@x.example", "2026-07-01T06:00"),
        ("2026-07-01T06:00", "bob@x.example", None),
        ("2026-06-30T19:00", "ann@x.example", None),  # 15:00 in New York
        ("2026-07-01T05:00", "ann@x.example", "2026-07-01T11:00"),
        ("2026-10-24T20:00", "bob@x.example", "2026-10-25T07:00"),  # clocks go back in the night between
    ],
)
def test_a_message_waits_for_the_end_of_quiet_hours_where_its_reader_is(
    tmp_path: Path, now: str, owner: str, until: str | None
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    made = doing(tmp_path, at, "{from: '20:00', to: '07:00', zone: Europe/London}")
    wanted = None if until is None else datetime.fromisoformat(until).replace(tzinfo=UTC)
    assert made.after_quiet_hours(Owner(owner, owner)) == wanted


def test_quiet_hours_within_a_day_end_on_that_day_and_without_any_nothing_waits(tmp_path: Path) -> None:
    noon = datetime(2026, 6, 30, 12, tzinfo=UTC)
    siesta = doing(tmp_path, noon, "{from: '12:30', to: '15:00', zone: Europe/London}")
    assert siesta.after_quiet_hours(None) == datetime(2026, 6, 30, 14, tzinfo=UTC)
    assert doing(tmp_path, noon, "").after_quiet_hours(None) is None


@pytest.mark.parametrize(
    ("owner", "link"),
    [
        (Owner("ann@x.example", "Ann", meeting_link="https://meet/hubspot"), "https://meet/ann"),
        (Owner("bob@x.example", "Bob", meeting_link="https://meet/bob"), "https://meet/bob"),
        (Owner("bob@x.example", "Bob"), "https://meet/team"),
        (None, "https://meet/team"),
    ],
    ids=["by teams.yml before HubSpot", "by HubSpot", "the team's", "the team's without an owner"],
)
def test_a_message_has_the_owner_s_own_meeting_link_or_the_team_s(
    tmp_path: Path, owner: Owner | None, link: str
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "book.j2").write_text("Book at {{ meeting_link }}.")
    teams = TEAMS.replace("{zone: America/New_York}", "{meeting_link: 'https://meet/ann'}")
    made = doing(tmp_path, datetime(2026, 6, 30, 12, tzinfo=UTC), "")
    team = "t: {meeting_link: 'https://meet/team', manager: ann@x.example, slack: '#t', "
    (tmp_path / "teams.yml").write_text(teams.replace("t: {", team))
    (tmp_path / "notifications.yml").write_text("channels: {ops: {kind: slack, to: '#ops'}}\n")
    made.teams, made.notifications = load_teams(tmp_path), load_notifications(tmp_path)
    row = made.message(About("d1", "routing", "r", "because", None, owner, None, "t"), "book", "ops", "new")
    assert row is not None
    assert row.payload["text"] == f"Book at {link}."
    of_deal = About("f1", "stage_automation", "r", "because", None, owner)
    assert made.meeting_link(of_deal) == (link if owner else None), "of a deal the team is its owner's"
    assert made.teams.manager_of("bob@x.example", "") == "ann@x.example"
    made.notifications.channels["ops"] = Channel(kind="slack", to="team")
    told = made.message(of_deal, "book", "ops", "new")
    assert (told.payload["to"] if told else None) == ("#t" if owner else None)


def told(key: str, to: str = "#sales", vendor: str = "slack") -> Row:
    return Row(key, "routing", "message", vendor, "messages", None, "p", {"to": to, "text": f"about {key}"})


def test_many_messages_of_one_kind_to_one_place_are_one_and_nobody_is_left_out() -> None:
    many = [told(f"d{n}.new-lead") for n in range(3)]
    task = replace(told("d0.task"), kind="task")
    rows = [*many, task, told("d9.new-lead", "#other"), told("d1.escalation")]
    found = together(rows, 3)
    assert len(found) == 4
    assert [row for row in found if row.kind == "task"] == [task]
    (one,) = [row for row in found if "3 times" in str(row.payload["text"])]
    assert all(f"about d{n}.new-lead" in one.payload["text"] for n in range(3))
    assert together(rows, 3)[0].action_key == one.action_key, "the same messages have the same key again"
    assert together(rows, 4) == rows


def test_a_webhook_is_told_of_each_by_itself() -> None:
    rows = [told(f"d{n}.new-lead", "https://x.example/h", "webhook") for n in range(5)]
    assert together(rows, 2) == rows


def test_what_needs_something_or_waits_for_another_hour_is_told_by_itself_and_no_message_is_endless() -> None:
    many = [told(f"d{n}.new-lead") for n in range(3)]
    needs, waits = many[0].needing(("x",)), replace(many[1], due_at=NOON)
    assert together([needs, waits, many[2]], 2) == [needs, waits, many[2]]
    task = replace(told("d0.task"), kind="task").needing((many[0].action_key,))
    assert together([*many[::2], task], 2) == [*many[::2], task], "what needs a message finds it"
    (one,) = together([told(f"d{n}.new-lead") for n in range(5_000)], 2)
    assert one.payload["text"].endswith("\nand 4,900 more")
    assert len(one.payload["text"]) < 40_000, "Slack takes no more"


def test_a_message_that_failed_waits_for_the_morning_when_quiet_hours_have_begun(tmp_path: Path) -> None:
    made = doing(tmp_path, NOON, "{from: '20:00', to: '07:00', zone: Europe/London}")
    made.notifications.channels["slack"] = Channel(kind="slack")
    made.templates = Templates({"t": "x"})
    about = About("d1", "routing", "r", "because", None, Owner("ann@x.example", "Ann"))
    row = made.message(about, "t", "slack", "new")
    assert row is not None
    assert (row.due_at, row.payload["zone"]) == (None, "America/New_York")
    quiet, task = made.notifications.quiet_hours, replace(row, kind="task")
    night = datetime(2026, 7, 1, 2, tzinfo=UTC)  # 22:00 in New York
    later, untouched = at_their_hour([row, task], quiet, night)
    assert (later.due_at, untouched) == (datetime(2026, 7, 1, 11, tzinfo=UTC), task)
    assert at_their_hour([row], quiet, NOON) == [row]
    assert at_their_hour([later], quiet, later.due_at) == [row], "by the clock, though no CRM has news"


PAT = Person("p", {"name": "<!channel> & <b>Pat</b>", "email": "p@x.example", "job_title": None}, 8, None,
             False, None, "1", "00Q", None)  # fmt: skip


def test_what_somebody_calls_themselves_is_text_where_signs_mean_something(tmp_path: Path) -> None:
    made = doing(tmp_path, NOON, "")
    made.facts.orgs["hubspot"] = ("1", "")
    made.notifications.channels.update(slack=Channel(kind="slack"), mail=Channel(kind="mail"))
    text = "<!here> {{ person.name }}{{ person.job_title }}"
    made.templates = Templates({"t": f"subject: Call {{{{ person.name }}}}\n{text}\nnow"})
    about = About("d1", "routing", "r", "because", PAT, Owner("ann@x.example", "Ann"))
    safe = "&lt;!channel&gt; &amp; &lt;b&gt;Pat&lt;/b&gt;"
    slack, mail = (made.message(about, "t", channel, "new") for channel in ("slack", "mail"))
    assert slack is not None
    assert mail is not None
    assert slack.payload["text"] == f"<!here> {safe}\nnow"
    assert mail.payload["text"] == f"<!here> {PAT.told['name']}\nnow"
    task = ActionRule.model_validate({"type": "create-task", "name": "x", "template": "t"})
    hubspot, salesforce = made.texts(task, about, made.records(PAT))
    assert hubspot.payload["body"] == f"<!here> {safe}<br>now"
    assert salesforce.payload["body"] == mail.payload["text"]
    assert hubspot.payload["subject"] == salesforce.payload["subject"] == f"Call {PAT.told['name']}"


def test_a_template_that_lacks_a_value_holds_nobody_up(tmp_path: Path) -> None:
    made = doing(tmp_path, NOON, "")
    made.notifications.channels["ops"] = Channel(kind="slack", to="#ops")
    made.templates = Templates({"t": "{{ owner.name }} has {{ person.name }}"})
    row = made.message(About("d1", "routing", "r", "Because.", PAT), "t", "ops", "new")
    assert row is not None
    assert row.payload["text"] == "&lt;!channel&gt; &amp; &lt;b&gt;Pat&lt;/b&gt;: Because."
    assert "template t cannot be filled" in made.notes[0]


def test_a_day_in_salesforce_is_the_owners_and_a_note_is_a_task_that_is_done(tmp_path: Path) -> None:
    made = doing(tmp_path, datetime(2026, 7, 1, 2, tzinfo=UTC), "")
    about = About("d1", "routing", "r", "because", PAT, Owner("ann@x.example", "Ann", salesforce="005"))
    records = [("salesforce", "Lead", "salesforce:00D:Lead:00Q")]
    for kind, day, status in (
        ("create-task", "2026-07-01", None),
        ("create-note", "2026-06-30", "Completed"),
    ):
        rule = ActionRule.model_validate({"type": kind, "name": "x"})
        (row,) = made.texts(rule, about, records)
        assert (row.payload["due_at"][:10], row.payload.get("status")) == (day, status)
