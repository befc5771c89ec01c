"""`config/handoff.yml`: when a lead crosses from marketing to sales, and what happens then.

Belongs here: what the file may say, in our keys and in those people bring along (`trigger`, `actions`,
`sla`). Which handoff stands where is `pipelines.decisions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, AwareDatetime, Field, model_validator

from pipelines.errors import ConfigError
from pipelines.rules import actions as action_rules
from pipelines.rules import template_examples
from pipelines.rules.actions import ActionRule
from pipelines.rules.conditions import PERSON_COLUMNS, compile_condition
from pipelines.rules.consent import load_consent
from pipelines.rules.durations import Duration
from pipelines.rules.loader import Document, Strict, read
from pipelines.rules.notifications import load_notifications
from pipelines.rules.routing import condition_names
from pipelines.rules.stages import load_stages
from pipelines.rules.teams import load_teams
from pipelines.rules.templates import load_templates

FILES = ("handoff.yml", "handoff.json", "sales_handoff.json")
ALWAYS = "true"
_STAGES = {
    "sql": "sales_qualified_lead",
    "mql": "marketing_qualified_lead",
    "salesqualifiedlead": "sales_qualified_lead",
    "marketingqualifiedlead": "marketing_qualified_lead",
}


class TriggerRule(Strict):
    """`score-threshold`: the score reaches `value` from below; it can again once it was below value -
    hysteresis.
    """

    type: Literal["score-threshold", "stage"] = "score-threshold"
    value: float | str
    hysteresis: float = Field(default=5, ge=0)

    @model_validator(mode="after")
    def _kind_of_value(self) -> TriggerRule:
        if (self.type == "score-threshold") == isinstance(self.value, str):
            raise ValueError("score-threshold takes a number, stage the name of a stage")
        return self


class Sla(Strict):
    """How soon sales is in touch, and who hears of it otherwise."""

    first_contact: Duration = Field(
        default=timedelta(hours=4), validation_alias=AliasChoices("first_contact", "firstContact")
    )
    escalation: Literal["manager", "backup", "none"] = "manager"


class HandoffRule(Strict):
    name: str = "handoff"
    trigger: TriggerRule
    when: str = Field(default=ALWAYS, exclude_if=lambda when: when == ALWAYS)
    """Of the person, as in routing: whoever it does not hold for is not handed over until it does. Unsaid, it
    is left out, so that it does not make another rule of what was confirmed without it."""
    actions: tuple[ActionRule, ...] = Field(min_length=1)
    sla: Sla = Sla()
    expires_after: Duration = timedelta(days=14)
    """An offer that nobody accepts for so long has expired."""
    accepted_statuses: tuple[str, ...] = (
        "OPEN", "IN_PROGRESS", "OPEN_DEAL", "CONNECTED", "Working", "Working - Contacted"
    )  # fmt: skip
    rejected_statuses: tuple[str, ...] = (
        "UNQUALIFIED",
        "BAD_TIMING",
        "Unqualified",
        "Closed - Not Converted",
    )
    recycle_to: str = "marketing_qualified_lead"
    """The stage a rejected lead goes back to."""
    next_step: str = "Call within the time agreed and find out whether there is a project"
    active_from: AwareDatetime | None = None

    @property
    def stage(self) -> str | None:
        """The lifecycle stage it sets."""
        return next((each.value for each in self.actions if each.type == "update-lifecycle"), None)

    @property
    def keeps_owner(self) -> bool:
        """Whether nobody is asked for: whoever has the person has them still."""
        return all(each.type != "assign-owner" or each.method == "keep-owner" for each in self.actions)


class HandoffFile(Strict):
    """The whole file: one handoff as people bring it along, or several under `handoffs`."""

    new_rules: Literal["shadow", "live"] = "shadow"
    salesforce_events: bool = True
    """A meeting that somebody books once they are handed over becomes an event of Salesforce, and moves or is
    called off with it."""
    handoffs: tuple[HandoffRule, ...] = ()


class _OneHandoff(HandoffRule):
    """The whole file, as people bring it along."""

    new_rules: Literal["shadow", "live"] = "shadow"
    salesforce_events: bool = True


@dataclass(frozen=True)
class Handoffs:
    """Handoffs whose actions are named; their stages are canonical."""

    rules: tuple[HandoffRule, ...]
    new_rules: str = "shadow"
    file_name: str = FILES[0]
    salesforce_events: bool = True


def load_handoffs(config_dir: Path) -> Handoffs:
    """Read and validate; without a file there are none."""
    there = [config_dir / name for name in FILES if (config_dir / name).is_file()]
    if len(there) > 1:
        raise ConfigError(
            f"handoff is written twice, in {' and '.join(path.name for path in there)}",
            where=config_dir.name,
            remedy="keep one of them",
        )
    if not there:
        return Handoffs(())
    document = read(there[0])
    file = _file(document)
    names = [rule.name for rule in file.handoffs]
    for name in names:
        if names.count(name) > 1:
            raise _fault(document, 0, f"two handoffs are called {name}")
    rules = tuple(_checked(config_dir, document, place, rule) for place, rule in enumerate(file.handoffs))
    return Handoffs(rules, file.new_rules, document.path.name, file.salesforce_events)


def _file(document: Document) -> HandoffFile:
    if not (isinstance(document.content, dict) and "trigger" in document.content):
        return document.as_model(HandoffFile)
    one = document.as_model(_OneHandoff)
    rule = HandoffRule(**{name: getattr(one, name) for name in HandoffRule.model_fields})
    return HandoffFile(new_rules=one.new_rules, salesforce_events=one.salesforce_events, handoffs=(rule,))


def _checked(config_dir: Path, document: Document, place: int, rule: HandoffRule) -> HandoffRule:
    stages: list[str] = [stage.stage for stage in load_stages(config_dir).lifecycle]
    templates, notifications = load_templates(config_dir), load_notifications(config_dir)
    purposes = load_consent(config_dir).purposes
    actions = []
    for given in action_rules.named(rule.actions):
        action = given
        if action.type == "update-lifecycle":
            value = _STAGES.get(action.value.lower(), action.value)
            if value not in stages:
                raise _fault(
                    document,
                    place,
                    f"{action.name} sets stage {action.value}, which stages.yml does not have",
                )
            action = action.model_copy(update={"value": value})
        actions.append(action)
    for number, sentence in action_rules.faults(actions, templates, notifications, purposes):
        raise _fault(document, place, sentence, number)
    for number, action in enumerate(actions):
        by_territory = action.type == "assign-owner" and action.method != "keep-owner"
        if by_territory and not load_teams(config_dir).territories:
            raise _fault(
                document, place, f"{action.name} assigns by territory, and teams.yml has none", number
            )
        for name in {action.template or action.task_type, *(("context",) if action.is_text else ())}:
            why = template_examples.unfit(templates, name, template_examples.A_PERSON)
            if why:
                raise _fault(document, place, f"{action.name}: {why}", number)
    try:
        names = condition_names(config_dir)
        when = rule.when if rule.when == ALWAYS else compile_condition(rule.when, PERSON_COLUMNS, names)
    except ValueError as error:
        raise _fault(document, place, f"the condition of handoff {rule.name} {error}") from None
    trigger = _known(document, place, rule.trigger, stages)
    sets = next((action.value for action in actions if action.type == "update-lifecycle"), None)
    if sets and isinstance(trigger.value, str) and stages.index(sets) <= stages.index(trigger.value):
        said = f"its trigger waits for {trigger.value}, which is not before {sets}: it would hand over nobody"
        raise _fault(document, place, said)
    rule = rule.model_copy(update={"trigger": trigger, "when": when})
    if rule.recycle_to not in stages:
        raise _fault(document, place, f"recycle_to is {rule.recycle_to}, which stages.yml does not have")
    return rule.model_copy(update={"actions": tuple(actions)})


def _known(document: Document, place: int, trigger: TriggerRule, stages: list[str]) -> TriggerRule:
    """The trigger with its stage as stages.yml has it."""
    if not isinstance(trigger.value, str):
        return trigger
    value = _STAGES.get(trigger.value.lower(), trigger.value)
    if value not in stages:
        raise _fault(document, place, f"its trigger waits for stage {value}, which stages.yml does not have")
    return trigger.model_copy(update={"value": value})


def _fault(document: Document, place: int, sentence: str, action: int | None = None) -> ConfigError:
    inside = () if action is None else ("actions", action)
    many = "handoffs" in (document.content or {})
    line = document.line_of("handoffs", place, *inside) if many else document.line_of(*inside)
    return ConfigError(
        sentence, where=f"{document.path.name} line {line}", remedy="mend that line or add what it names"
    )
