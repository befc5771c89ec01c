"""`config/stage_automation.yml`: what follows when a deal moves, waits, changes, is won or lost.

Belongs here: what the file may say, and that no automation sets off another that leads back to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, AwareDatetime, Field, model_validator

from pipelines.errors import ConfigError
from pipelines.rules import actions as action_rules
from pipelines.rules import template_examples
from pipelines.rules.actions import ActionRule
from pipelines.rules.conditions import ColumnKind, compile_condition
from pipelines.rules.consent import load_consent
from pipelines.rules.durations import Duration
from pipelines.rules.loader import Document, Strict, read
from pipelines.rules.notifications import load_notifications
from pipelines.rules.stages import OpportunityStage, Stages, load_stages
from pipelines.rules.templates import Templates, load_templates

On = Literal["entered", "left", "stayed", "amount-changed", "close-date-changed", "won", "lost"]
DEAL_COLUMNS: dict[str, ColumnKind] = {
    "pipeline": "text",
    "stage": "text",
    "canonical_stage": "text",
    "amount": "number",
    "amount_converted": "number",
    "currency": "text",
    "probability": "number",
    "type": "text",
    "lead_source": "text",
    "lost_reason": "text",
    "won_reason": "text",
    "owner_id": "text",
    "close_date": "timestamp",
    "created_at": "timestamp",
    "is_closed": "boolean",
    "is_won": "boolean",
}
"""What a condition may ask of a deal, besides `old_value` and `new_value` of a change."""
_STAGE_FIELDS = ("dealstage", "StageName")
_SETS: dict[str, tuple[On, ...]] = {
    **dict.fromkeys(_STAGE_FIELDS, ("entered", "left", "stayed", "won", "lost")),
    "amount": ("amount-changed",), "Amount": ("amount-changed",), "closedate": ("close-date-changed",),
    "CloseDate": ("close-date-changed",),
}  # fmt: skip
"""Fields an automation may set, and what that sets off."""


class Automation(Strict):
    """One automation. `stage` (canonical) narrows entered, left and stayed; stayed means for how long."""

    name: str = Field(min_length=1)
    on: On
    stage: str = ""
    for_: Duration | None = Field(default=None, validation_alias=AliasChoices("for", "for_"))
    when: str = "true"
    actions: tuple[ActionRule, ...] = Field(min_length=1)
    active_from: AwareDatetime | None = None

    @model_validator(mode="after")
    def _knows_how_long(self) -> Automation:
        if (self.on == "stayed") != (self.for_ is not None):
            raise ValueError("for goes with on: stayed, and only with it")
        return self


class AutomationsFile(Strict):
    """The whole file."""

    new_rules: Literal["shadow", "live"] = "shadow"
    automations: tuple[Automation, ...] = ()


@dataclass(frozen=True)
class Automations:
    rules: tuple[Automation, ...]
    new_rules: str = "shadow"


def load_automations(config_dir: Path) -> Automations:
    """Read and validate; without a file there are none."""
    path = config_dir / "stage_automation.yml"
    if not path.is_file():
        return Automations(())
    document = read(path)
    file = document.as_model(AutomationsFile)
    stages = [stage.stage for stage in load_stages(config_dir).opportunity]
    names: list[str] = []
    rules = []
    for place, rule in enumerate(file.automations):
        if rule.name in names:
            raise _fault(document, place, f"two automations are called {rule.name}")
        names.append(rule.name)
        if rule.stage and rule.stage not in stages:
            raise _fault(
                document, place, f"{rule.name} is about stage {rule.stage}, which stages.yml does not have"
            )
        rules.append(_checked(config_dir, document, place, rule))
    circle = _circle(rules, load_stages(config_dir))
    if circle:
        raise _fault(
            document, names.index(circle[0]),
            f"automations set each other off without end: {' -> '.join([*circle, circle[0]])}",
        )  # fmt: skip
    return Automations(tuple(rules), file.new_rules)


def _checked(config_dir: Path, document: Document, place: int, rule: Automation) -> Automation:
    try:
        when = compile_condition(rule.when, {**DEAL_COLUMNS, "old_value": "text", "new_value": "text"})
    except ValueError as error:
        raise _fault(document, place, f"the condition of {rule.name} {error}") from None
    actions = action_rules.named(rule.actions)
    for action in actions:
        if action.type in ("update-lifecycle", "assign-owner"):
            raise _fault(document, place, f"{action.type} is about people; {rule.name} is about deals")
    templates = load_templates(config_dir)
    notifications, purposes = load_notifications(config_dir), load_consent(config_dir).purposes
    for _, sentence in action_rules.faults(actions, templates, notifications, purposes):
        raise _fault(document, place, f"in {rule.name}: {sentence}")
    for action in actions:
        unknown = [name for name in action.names if name not in DEAL_COLUMNS]
        if action.type == "ask-reason" and not _is_of_closed(rule, load_stages(config_dir)):
            said = f"{rule.name} asks why a deal was won or lost, and it may be open; use on: won or on: lost"
            raise _fault(document, place, said)
        if action.type == "require-fields" and unknown:
            known = ", ".join(DEAL_COLUMNS)
            raise _fault(document, place, f"{rule.name} requires {unknown[0]}, which is not one of {known}")
    for name in _of_deals(actions, templates):
        why = template_examples.unfit(templates, name, template_examples.A_DEAL)
        if why:
            said = f"{rule.name} is about deals, and its template speaks of a person: {why}"
            raise _fault(document, place, said)
    return rule.model_copy(update={"when": when, "actions": actions})


def _is_of_closed(rule: Automation, stages: Stages) -> bool:
    """Whether every deal that it fires for has ended."""
    closed = {each.stage for each in stages.opportunity if each.closed}
    return rule.on in ("won", "lost") or (rule.on in ("entered", "stayed") and rule.stage in closed)


def _of_deals(actions: Sequence[ActionRule], templates: Templates) -> Iterator[str]:
    """Templates that these actions fill with what is known of a deal."""
    for action in actions:
        if action.type in ("send-notification", "create-task", "create-note"):
            name = action.template or action.task_type
            if templates.has(name):
                yield name


def _circle(rules: list[Automation], stages: Stages) -> list[str]:
    """Names of automations that lead back to where they began; empty when there are none."""
    follows = {rule.name: [other.name for other in rules if _sets_off(rule, other, stages)] for rule in rules}
    for start in follows:
        path, seen = [start], set()
        stack = [iter(follows[start])]
        while stack:
            following = next(stack[-1], None)
            if following is None:
                stack.pop()
                path.pop()
            elif following == start:
                return path
            elif following not in seen:
                seen.add(following)
                path.append(following)
                stack.append(iter(follows[following]))
    return []


def _sets_off(rule: Automation, other: Automation, stages: Stages) -> bool:
    """Whether what one automation sets is what another waits for. The stage it sets is minded where it is
    known: it sets off what waits for that one, or for leaving another.
    """
    for field, value in _set_by(rule):
        if other.on in _SETS.get(field, ()):
            stage = _meant(stages, str(value)) if field in _STAGE_FIELDS else None
            if stage is None or _minds(other, stage, stages):
                return True
    return False


def _set_by(rule: Automation) -> Iterator[tuple[str, Any]]:
    """Fields of a deal that an automation sets, and to what."""
    for action in rule.actions:
        yield from ((name.rpartition(".")[2], value) for name, value in action.fields.items())
        if action.type == "write-forecast":
            yield from ((name.partition(".")[2], None) for name in action.names)


def _meant(stages: Stages, value: str) -> OpportunityStage | None:
    """What a vendor's stage means; None where config does not know, or it depends on the pipeline."""
    found = [
        each for each in stages.opportunity
        if any(value == stage for vendor in ("hubspot", "salesforce") for _, stage in each.of(vendor))
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _minds(other: Automation, stage: OpportunityStage, stages: Stages) -> bool:
    """Whether a deal that comes into this stage is what the other waits for."""
    if other.on in ("won", "lost"):
        return stage.closed == other.on
    if other.on == "left":
        return other.stage != stage.stage
    return not other.stage or other.stage == stage.stage


def _fault(document: Document, place: int, sentence: str) -> ConfigError:
    line = document.line_of("automations", place)
    return ConfigError(sentence, where=f"{document.path.name} line {line}", remedy="mend that automation")
