"""`config/routing.yml`: which team, queue or person takes a lead. Rules are tried in order; the first match
decides.

Belongs here: what the file may say, in our keys and in those people bring along (`condition`, `assignment`,
`newLead`), conditions compiled once, names looked up. Who of a team gets the lead is decided in
`pipelines.decisions`; what rules do to one another is `rule_findings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from pipelines.errors import ConfigError
from pipelines.rules.conditions import PERSON_COLUMNS, ColumnKind, compile_condition
from pipelines.rules.durations import Duration
from pipelines.rules.fields import load_fields
from pipelines.rules.loader import Document, Strict, read
from pipelines.rules.rule_findings import Finding, findings_of
from pipelines.rules.stages import load_stages
from pipelines.rules.teams import Teams, load_teams

FILES = ("routing.yml", "routing.json", "lead_routing.json")
Trigger = Literal[
    "new-lead",
    "re-engaged",
    "form-submission",
    "event-attendee",
    "list-member",
    "owner-left",
    "meeting-booked",
    "meeting-rebooked",
    "meeting-canceled",
    "meeting-no-show",
    "handoff",
    "escalation",
]
RoutingMethod = Literal[
    "round-robin",
    "weighted",
    "capacity-based",
    "load-balanced",
    "territory",
    "account-owner",
    "sticky-owner",
    "auto-enroll",
]
LEAD_COLUMNS: dict[str, ColumnKind] = {
    **PERSON_COLUMNS,
    "trigger": "text",
    "form": "text",
    "event": "text",
    "list": "text",
    "account_owner": "text",
    "previous_owner": "text",
}
"""What a rule may ask: the person, and what happened."""
_SPELLINGS = {
    "weighted-round-robin": "weighted", "capacity": "capacity-based", "load-balancing": "load-balanced",
    "territory-based": "territory", "sticky": "sticky-owner", "lead-to-account": "account-owner",
}  # fmt: skip


class RoutingRule(Strict):
    """One rule: a lead that meets `when` goes to `team`, a queue or a person. Without `when`, every lead
    does.
    """

    name: str = ""
    when: str = Field(default="true", validation_alias=AliasChoices("when", "condition"))
    team: str = Field(default="", validation_alias=AliasChoices("team", "assignment", "queue", "person"))
    """A team, a queue or a person of teams.yml; territory rules need none."""
    method: RoutingMethod = "round-robin"
    on: tuple[Trigger, ...] = ("new-lead",)
    prefer: tuple[Literal["account-owner", "sticky-owner"], ...] = ()
    """Asked before the team, in this order: the owner of the lead's account, whoever had the lead before."""
    skills: tuple[str, ...] = ()
    moves_worked: bool = False
    """Also moves a lead that its owner is working on."""
    active_from: datetime | None = None

    @field_validator("method", mode="before")
    @classmethod
    def _spelled(cls, value: Any) -> Any:
        return _SPELLINGS.get(value, value) if isinstance(value, str) else value

    @field_validator("on", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("skills")
    @classmethod
    def _in_one_order(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(value))

    @field_validator("active_from")
    @classmethod
    def _has_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("give active_from a zone: 2026-06-30T00:00:00Z")
        return value

    @model_validator(mode="after")
    def _goes_somewhere(self) -> RoutingRule:
        if not self.team and self.method != "territory":
            raise ValueError("name the team, queue or person that takes these leads")
        return self


class Escalation(Strict):
    """What happens to a lead that nobody has been in touch with in time. Clocks run in business time."""

    timeout: Duration = timedelta(hours=4)
    action: Literal["reassign-to-manager", "reassign-to-backup", "notify-manager"] = "reassign-to-manager"
    warn: tuple[Duration, ...] = ()
    """Warnings to the owner, so long after the assignment."""
    repeat: Duration | None = None
    """Again after this, of the next person: their manager, or backup."""
    limit: int = Field(default=1, ge=1, le=10)
    clock: Literal["business", "always"] = "business"
    acceptance: Duration | None = None
    """A lead that nobody accepts (by a status) in this time is warned about; a status stops nothing else."""
    accepted_statuses: tuple[str, ...] = (
        "OPEN_DEAL", "IN_PROGRESS", "CONNECTED", "Working", "Working - Contacted",
    )  # fmt: skip
    counts_attempts: bool = False
    """A call that reached nobody counts as contact."""
    counts_sequence_mail: bool = False


class Notifications(Strict):
    """Which of these people are told of, by which channel (notifications.yml has the channels)."""

    new_lead: bool = Field(default=False, validation_alias=AliasChoices("new_lead", "newLead"))
    reassignment: bool = False
    escalation: bool = False
    channel: str = "slack"


class Worked(Strict):
    """When a lead counts as being worked: its owner is active, and was in touch lately or has a deal open."""

    activity_days: int = Field(default=30, ge=1)
    open_deal: bool = True


class ReEngaged(Strict):
    """What makes a lead new again."""

    touches: tuple[str, ...] = ("conversion", "meeting", "membership")
    quiet_days: int = Field(default=90, ge=1)
    recycled: bool = True
    merged: bool = False


Credit = Literal["no-show", "canceled", "reassigned"]


class Load(Strict):
    """What counts as a person's load, for capacity and load balancing. Read from the CRMs."""

    stages: tuple[str, ...] = ("lead", "marketing_qualified_lead", "sales_qualified_lead")
    """Lifecycle stages of open leads; one that a person of sales was in touch with is worked, and not
    counted.
    """
    closed_statuses: tuple[str, ...] = (
        "UNQUALIFIED", "BAD_TIMING", "Unqualified", "Qualified", "Closed - Converted",
        "Closed - Not Converted",
    )  # fmt: skip
    """Lead statuses of both CRMs that end a lead: whose every status is one of these is no open lead, and
    neither is a lead that was converted.
    """
    worked_statuses: tuple[str, ...] = (
        "IN_PROGRESS", "OPEN_DEAL", "CONNECTED", "Working", "Working - Contacted", "Contacted",
    )  # fmt: skip
    """Lead statuses by which sales says that it works on a lead; one of them in either CRM is enough."""
    default_cap: int | None = Field(default=None, ge=0)
    open_deal_weight: float = Field(default=0, ge=0)


class RoutingRules(Strict):
    """The whole file."""

    routing_type: Literal["score-based", "rules"] = Field(
        default="rules", validation_alias=AliasChoices("routing_type", "routingType")
    )
    new_rules: Literal["shadow", "live"] = "shadow"
    """A rule that is new or changed decides in shadow until `crm rules confirm`, or is live at once."""
    rules: tuple[RoutingRule, ...] = Field(min_length=1)
    escalation: Escalation | None = None
    notifications: Notifications = Notifications()
    worked: Worked = Worked()
    re_engaged: ReEngaged = ReEngaged()
    load: Load = Load()
    credits: tuple[Credit, ...] = ("no-show", "canceled", "reassigned")
    """What gives a turn of the round back: nobody came to the meeting, it was called off, somebody gave the
    lead to another by hand.
    """

    @model_validator(mode="after")
    def _distinct_names(self) -> RoutingRules:
        names = [rule.name for rule in self.rules if rule.name]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two rules are called {name}")
        return self


@dataclass(frozen=True)
class Routing:
    """Rules with their conditions as SQL, the teams they name, and what is worth knowing about them."""

    rules: tuple[RoutingRule, ...]
    teams: Teams
    file: RoutingRules
    territories: tuple[str, ...] = ()
    """The condition of each territory of `teams`, as SQL."""
    file_name: str = FILES[0]
    lines: tuple[int, ...] = ()
    """The line of each rule in the file."""

    def findings(self) -> list[Finding]:
        """Rules that can never decide, that overlap, and who meets none."""
        asked = [(rule.name, rule.when, rule.on) for rule in self.rules]
        return findings_of(self.file_name, asked, self.lines, LEAD_COLUMNS)


def routing_file(config_dir: Path) -> Path:
    """The one file that routing is written in."""
    there = [config_dir / name for name in FILES if (config_dir / name).is_file()]
    if len(there) > 1:
        raise ConfigError(
            f"routing is written twice, in {' and '.join(path.name for path in there)}",
            where=config_dir.name,
            remedy="keep one of them",
        )
    return there[0] if there else config_dir / FILES[0]


def load_load(config_dir: Path) -> Load:
    """What counts as load, of the routing file; as it is by itself where there is none."""
    path = routing_file(config_dir)
    return read(path).as_model(RoutingRules).load if path.is_file() else Load()


def load_routing(config_dir: Path) -> Routing:
    """Read and validate the routing file with `teams.yml`; a name that is not there is an error, with its
    line.
    """
    document = read(routing_file(config_dir))
    file = document.as_model(RoutingRules)
    teams = load_teams(config_dir)
    _check_stages(document, file.load, config_dir)
    names = condition_names(config_dir)
    rules = tuple(_compiled(document, place, rule, names) for place, rule in enumerate(file.rules))
    for place, rule in enumerate(rules):
        fault = _fault(rule, teams)
        if fault:
            raise ConfigError(
                fault, where=f"{document.path.name} line {document.line_of('rules', place)}",
                remedy=f"use one of {', '.join([*teams.teams, *teams.queues])}, or add it to teams.yml",
            )  # fmt: skip
    lines = tuple(document.line_of("rules", place) for place in range(len(rules)))
    asked = territories(config_dir, teams, names)
    return Routing(rules, teams, file, asked, document.path.name, lines)


def _check_stages(document: Document, load: Load, config_dir: Path) -> None:
    """A stage that stages.yml does not have would count nobody."""
    if "stages" not in load.model_fields_set or not (config_dir / "stages.yml").is_file():
        return
    known = [entry.stage for entry in load_stages(config_dir).lifecycle]
    for stage in load.stages:
        if stage not in known:
            raise ConfigError(
                f"load counts leads of stage {stage}, which stages.yml does not have",
                where=f"{document.path.name} line {document.line_of('load', 'stages')}",
                remedy=f"use one of {', '.join(known)}",
            )


def condition_names(config_dir: Path) -> dict[str, str]:
    """The other names of fields that a condition may use, in lower case."""
    fields = load_fields(config_dir)
    return {other.lower(): name for name, known in fields.root.items() for other in known.all(name)}


def territories(config_dir: Path, teams: Teams, names: dict[str, str]) -> tuple[str, ...]:
    """The territories' conditions as SQL."""
    found = []
    for territory in teams.territories:
        try:
            found.append(compile_condition(territory.when, LEAD_COLUMNS, names))
        except ValueError as error:
            line = read(config_dir / "teams.yml").line_of(
                "territories", teams.territories.index(territory), "when"
            )
            raise ConfigError(
                f"territory {territory.name} {error}", where=f"teams.yml line {line}", remedy="mend that line"
            ) from None
    return tuple(found)


def _compiled(document: Document, place: int, rule: RoutingRule, names: dict[str, str]) -> RoutingRule:
    name = rule.name or f"no. {place + 1}"
    try:
        when = compile_condition(rule.when, LEAD_COLUMNS, names)
    except ValueError as error:
        key = "when" if "when" in document.content["rules"][place] else "condition"
        raise ConfigError(
            f"the condition of rule {name} {error}",
            where=f"{document.path.name} line {document.line_of('rules', place, key)}",
            remedy="mend that line",
        ) from None
    return rule.model_copy(update={"name": name, "when": when})


def _fault(rule: RoutingRule, teams: Teams) -> str:
    """What is wrong with where a rule sends leads; empty when nothing is."""
    if rule.method == "territory":
        return "" if teams.territories else f"rule {rule.name} goes by territory, and teams.yml has none"
    if rule.team in teams.queues:
        wrong = rule.method != "auto-enroll"
        return (
            f"rule {rule.name} sends leads to queue {rule.team} by {rule.method}; a queue needs auto-enroll"
            if (wrong)
            else ""
        )
    if rule.method == "auto-enroll":
        return f"rule {rule.name} enrols leads in {rule.team}, which is no queue of teams.yml"
    if rule.team in teams.teams or rule.team.lower() in teams.people:
        return ""
    return f"rule {rule.name} sends leads to team {rule.team}, which teams.yml does not have"
