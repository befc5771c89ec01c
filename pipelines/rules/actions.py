"""What handoffs and automations may do, as config says it: one entry of `actions:`.

Belongs here: the shape of an entry, in our keys and those people bring along (`taskType`, `dueIn`), and that
the order of needs holds. What an action becomes at a vendor is put together in `pipelines.decisions`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from pipelines.rules.durations import Duration
from pipelines.rules.loader import Strict
from pipelines.rules.notifications import NotificationsFile
from pipelines.rules.templates import Templates

ActionType = Literal[
    "update-lifecycle",
    "assign-owner",
    "create-task",
    "create-note",
    "send-notification",
    "enroll-sequence",
    "enter-journey",
    "update-journey",
    "leave-journey",
    "set-fields",
    "update-forecast-category",
    "require-fields",
    "ask-reason",
    "write-forecast",
]
_NEEDS_KEY: dict[str, str] = {
    "update-lifecycle": "value", "send-notification": "template", "enroll-sequence": "sequence",
    "enter-journey": "journey", "update-journey": "journey", "leave-journey": "journey",
    "set-fields": "fields", "update-forecast-category": "value",
    "require-fields": "names", "write-forecast": "names",
}  # fmt: skip
Value = str | int | float | bool | None
_VENDORS = ("hubspot", "salesforce")
_CATEGORIES = ("commit", "best_case", "pipeline", "omitted", "closed")


class ActionRule(Strict):
    """One thing to do. `needs` are names of entries before it that must have been done."""

    type: ActionType
    name: str = ""
    needs: tuple[str, ...] = ()
    value: str = ""
    method: Literal["territory-based", "territory", "keep-owner"] = "territory"
    task_type: str = Field(default="", validation_alias=AliasChoices("task_type", "taskType"))
    due_in: Duration | None = Field(default=None, validation_alias=AliasChoices("due_in", "dueIn"))
    priority: Literal["low", "medium", "high"] = "medium"
    template: str = ""
    channel: str = "slack"
    sequence: str = ""
    sender: str = ""
    """Whose inbox a sequence is sent from; without it the owner's."""
    journey: str = ""
    purpose: str = ""
    """Of `consent.yml`, that the sequence or journey writes for: whoever refuses it is not let in."""
    fields: dict[str, Value] = Field(default_factory=dict)
    names: tuple[str, ...] = ()
    """Fields that must be filled: one task names those that are not."""
    remind_after: Duration | None = None

    @field_validator("needs", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_what(self) -> ActionRule:
        key = _NEEDS_KEY.get(self.type)
        if key is not None and not getattr(self, key):
            raise ValueError(f"{self.type} needs {key}")
        if self.purpose and not self.is_about_people:
            raise ValueError(f"{self.type} writes to nobody, so it has no purpose")
        if self.name and not _NAME.fullmatch(self.name):
            raise ValueError(f"the name {self.name!r} may have letters, digits, - and _ alone")
        if self.type == "write-forecast":
            self._names_one_field_a_crm()
        parted = [name for name in self.fields if "." in name] if self.type == "set-fields" else []
        strange = [name for name in parted if name.partition(".")[0] not in _VENDORS]
        if strange:
            raise ValueError(f"the field {strange[0]} begins with neither hubspot. nor salesforce.")
        if self.type == "update-journey" and not self.fields:
            raise ValueError("update-journey needs fields: columns of the event's data extension")
        if self.type == "update-forecast-category" and self.value not in _CATEGORIES:
            raise ValueError(f"{self.value} is no forecast category; use one of {', '.join(_CATEGORIES)}")
        return self

    def sets(
        self, records: Sequence[tuple[str, str, str]]
    ) -> Iterator[tuple[str, str, str, dict[str, Value]]]:
        """(name, vendor, record key, fields) that `set-fields` sets in these records (vendor, object, key): a
        field that names its CRM is set in the first one there, any other in the first of all."""
        seen: set[str] = set()
        for place, (vendor, _, key) in enumerate(records):
            fields = {n: v for n, v in self.fields.items() if "." not in n and place == 0}
            if vendor not in seen:
                own = ((n.partition("."), v) for n, v in self.fields.items() if "." in n)
                fields |= {n: v for (crm, _, n), v in own if crm == vendor}
            seen.add(vendor)
            if fields:
                yield self.name if place == 0 else f"{self.name}.{vendor}", vendor, key, fields

    def _names_one_field_a_crm(self) -> None:
        vendors = [name.partition(".")[0] for name in self.names if name.partition(".")[2]]
        if sorted(vendors) not in (["hubspot"], ["salesforce"], ["hubspot", "salesforce"]) or (
            len(vendors) < len(self.names)
        ):
            raise ValueError(
                "write-forecast writes into names like hubspot.weighted and salesforce.Weighted__c, "
                "one of each CRM at most"
            )

    @property
    def is_text(self) -> bool:
        """Whether it says something about the person at length, by the context package."""
        return self.type in ("create-task", "create-note")

    @property
    def is_about_people(self) -> bool:
        """Whether it reaches the person themselves, and so needs their consent."""
        return self.type in ("enroll-sequence", "enter-journey")


_NAME = re.compile(r"[A-Za-z0-9_-]+")


def named(actions: Sequence[ActionRule]) -> tuple[ActionRule, ...]:
    """Each with a name: its own, or its type, with a number where a type comes twice."""
    found: list[ActionRule] = []
    for action in actions:
        name = action.name or action.type
        count = sum(known.name == name or known.name.startswith(f"{name}-") for known in found)
        found.append(action.model_copy(update={"name": f"{name}-{count + 1}" if count else name}))
    return tuple(found)


def faults(
    actions: Sequence[ActionRule],
    templates: Templates,
    notifications: NotificationsFile,
    purposes: Collection[str],
) -> Iterator[tuple[int, str]]:
    """(place, sentence) of what an entry names that is not there."""
    before: list[str] = []
    for place, action in enumerate(actions):
        if action.name in before:
            yield place, f"two actions are called {action.name}"
        for need in action.needs:
            if need not in before:
                yield place, f"{action.name} needs {need}, which is no action before it"
        if action.purpose and action.purpose not in purposes:
            yield place, f"{action.name} writes for {action.purpose}, which is no purpose of consent.yml"
        if action.template and not templates.has(action.template):
            yield (
                place,
                (f"{action.name} uses template {action.template}, which config/templates does not have"),
            )
        if action.type == "send-notification" and action.channel not in notifications.channels:
            yield (
                place,
                (f"{action.name} goes to channel {action.channel}, which notifications.yml does not have"),
            )
        elif action.type == "send-notification":
            kind = notifications.channels[action.channel].kind
            if (
                kind == "mail"
                and templates.has(action.template)
                and not templates.has_subject(action.template)
            ):
                yield place, f"{action.name} sends {action.template} by mail, and it has no line subject:"
        before.append(action.name)
