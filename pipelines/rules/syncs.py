"""`config/syncs.yml`: which fields of which CRM objects this project writes, and how careful it is.

Belongs here: what the file may say. What the values are is in `dbt_project/models/reverse_sync`; what is
done with both is in `pipelines.reverse_sync`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.frequency import PATTERN
from pipelines.rules.loader import Strict, load

FieldType = Literal["text", "number", "integer", "money", "boolean", "date", "timestamp", "reference", "set"]
"""`set`: several values of a list, as text sorted and joined by semicolons."""
NUMERIC: tuple[FieldType, ...] = ("number", "integer", "money")
Vendor = Literal["hubspot", "salesforce", "marketing_cloud"]
OnLeave = Literal["keep", "clear", "delete"]
"""What becomes of a data extension's row whose record does not come in any more: it stays and is kept up to
date, its columns are emptied once, or it goes."""


LookBefore = Literal["moved", "each"]
"""What is looked at before it is written: the records that a search says have moved since they were read,
asked once a sync; or each, right before its batch. A search is seconds late, long writing later."""


class FieldRule(Strict):
    """One field of a CRM object that this project writes."""

    type: FieldType
    provider: Literal["computed", "decided", "mirrored"]
    owner: Literal["us", "crm"]
    """`us`: a field of ours. `crm`: people edit it too; overwriting it counts against the guard."""
    policy: Literal["overwrite", "fill_if_empty", "forward_only"] = "overwrite"
    dead_band: float = Field(default=0, ge=0)
    """A numeric value that differs by no more than this is left as it is."""
    order: tuple[str, ...] = ()
    """For `forward_only` text: the values from first to last. One that is not listed is never replaced."""
    rule: str = Field(min_length=1)
    """Where the value is decided, as the plan shows it."""
    unless_mapped: bool = False
    """A line of `field_mappings/` may provide this field instead. Without it, two providers are an error."""

    @model_validator(mode="after")
    def _consistent(self) -> FieldRule:
        if self.dead_band and self.type not in NUMERIC:
            raise ValueError(f"a dead_band needs a numeric type, not {self.type}")
        if self.policy == "forward_only" and self.type in ("text", "reference", "boolean") and not self.order:
            raise ValueError(f"forward_only on a {self.type} needs order: the values from first to last")
        if self.order and self.policy != "forward_only":
            raise ValueError("order is only read with policy forward_only")
        if len(set(self.order)) != len(self.order):
            raise ValueError("order names a value twice")
        return self


class Sync(Strict):
    """One CRM object and the models that say what it should hold and what it holds."""

    vendor: Vendor
    object: str = Field(min_length=1)
    desired: str = Field(default="", pattern=r"^[a-z_0-9]*$")
    existing: str = Field(default="", pattern=r"^[a-z_0-9]*$")
    """Models of schema `reverse_sync`; empty where every field is mirrored."""
    grouped_by: str = Field(default="", pattern=r"^[a-z_0-9]*$")
    """A column of the existing model that names the record's parent. Records of one parent are written one
    after another: the CRM locks the parent with each, and rows of two batches would wait for one another."""
    auto_apply: bool = False
    syncFrequency: str = Field(default="", pattern=PATTERN)  # noqa: N815 - as it stands in people's files
    """How often a schedule writes it by itself; empty: with the others, hourly. It still takes auto_apply."""
    consent: bool = False
    """Its fields are people's refusals: they go before everything else, no guard holds them, and they are
    never taken back."""
    keys_of: str = ""
    """The object whose records the record keys name, where it is another: a subscription is a contact's."""
    on_leave: OnLeave = "keep"
    """Of a data extension of Marketing Cloud only."""
    fields: dict[str, FieldRule] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_models(self) -> Sync:
        if self.on_leave != "keep" and (self.vendor != "marketing_cloud" or self.consent):
            raise ValueError("on_leave is about rows of a data extension of Marketing Cloud")
        if self.grouped_by and not self.existing:
            raise ValueError("grouped_by names a column of existing, which is not named")
        if self.modelled and not (self.desired and self.existing):
            raise ValueError(
                "name the models desired and existing, or let field_mappings/ provide every field"
            )
        return self

    @property
    def modelled(self) -> dict[str, FieldRule]:
        """The fields whose values are columns of the models."""
        return {name: rule for name, rule in self.fields.items() if rule.provider != "mirrored"}


class ActionGuards(Strict):
    """What actions (tasks, messages, records to create) a plan may not exceed."""

    per_run: int = Field(default=1_000, ge=0)
    """Actions of one kind; more of them stop the plan."""
    per_person_per_day: int = Field(default=5, ge=0)
    """Actions that a person or whoever looks after them notices; more of them wait for another day."""
    messages_per_person_per_day: int = Field(default=10, ge=0)
    """Messages to colleagues about one person; more of them wait for another day."""
    kinds: dict[str, int] = Field(default_factory=dict)
    """Kind -> actions of it in one run, where it is another number than `per_run`."""

    def most(self, kind: str) -> int:
        """How many of a kind a plan may have; deletions only as many as are said by name."""
        return self.kinds.get(kind, 0 if kind == "delete_record" else self.per_run)


class Guards(Strict):
    """What a plan may not exceed without --force: each sync, and what all of them overwrite, change and empty
    together."""

    overwritten_share: float = Field(default=0.3, ge=0, le=1)
    """Share of a sync's records whose non-empty values, owned by the CRM, would be overwritten."""
    overwritten_floor: int = Field(default=100, ge=0)
    """Up to this many such records are always allowed."""
    changed_share: float = Field(default=0.9, ge=0, le=1)
    """Share of a sync's records of which values that are there would change, whoever owns them. Filling what
    is empty is no such change, so that a first run is none."""
    changed_floor: int = Field(default=1_000, ge=0)
    """Up to this many such records are always allowed."""
    filled_share: float = Field(default=0.5, ge=0, le=1)
    """Share of a sync's records of which empty fields would be filled, once half of them have been written: a
    first run is read by a person, later ones may run on a schedule."""
    filled_floor: int = Field(default=1_000, ge=0)
    """Up to this many such records are always allowed."""
    blanks: int = Field(default=0, ge=0)
    """Fields that may be emptied."""
    rekeyed_share: float = Field(default=0.05, ge=0, le=1)
    """Share of a sync's records that may be another's than when they were last written: key drift."""
    rekeyed_floor: int = Field(default=20, ge=0)
    """Up to this many such records are always allowed."""
    left_share: float = Field(default=0.3, ge=0, le=1)
    """Share of a data extension's rows that may leave it at once."""
    left_floor: int = Field(default=20, ge=0)
    """Up to this many may always."""
    actions: ActionGuards = ActionGuards()


class Budget(Strict):
    """What writing may spend of a CRM's calls of a day."""

    daily_share: float = Field(default=0.8, gt=0, le=1)
    """An apply stops once so much of them is used, by whomever: the rest is for everybody else."""


def _yearly() -> dict[Vendor, int]:
    return {"marketing_cloud": 5_000}


class PaceOf(Strict):
    """What syncs with a syncFrequency may take of a vendor's day; one that takes more is written less."""

    daily_share: float = Field(default=0.5, gt=0, le=1)
    """Of the calls that the vendor allows, where it tells."""
    calls_a_day: dict[Vendor, int] = Field(default_factory=_yearly)
    """So many, whatever the vendor tells. Marketing Cloud counts by the year: 2,000,000 are 5,479 a day."""


_PLANNED = {
    "vendor",
    "object",
    "desired",
    "existing",
    "grouped_by",
    "consent",
    "keys_of",
    "on_leave",
    "fields",
}


class Syncs(Strict):
    """The whole file."""

    guards: Guards = Guards()
    budget: Budget = Budget()
    pace: PaceOf = PaceOf()
    look_before_writing: LookBefore = "moved"
    auto_actions: tuple[str, ...] = ()
    """Syncs of actions that a schedule may do without a person, by the name the plan shows."""
    syncs: dict[str, Sync] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_provider_per_field(self) -> Syncs:
        seen: dict[tuple[str, str, str], str] = {}
        for name, sync in self.syncs.items():
            for field in sync.fields:
                cell = (sync.vendor, sync.object.lower(), field.lower())
                if cell in seen:
                    raise ValueError(
                        f"{sync.vendor} {sync.object}.{field} has two providers: {seen[cell]} and {name}"
                    )
                seen[cell] = name
        return self

    @property
    def fingerprint(self) -> str:
        """Changes with what a plan is made of: fields, models and guards; not with budgets and times."""
        what = self.model_dump_json(include={"guards": True, "syncs": {"__all__": _PLANNED}})
        return hashlib.sha256(what.encode()).hexdigest()[:16]

    def field_type(self, vendor: str, object_name: str, field: str) -> FieldType:
        """The type of a field; text for one that is no longer declared."""
        for sync in self.syncs.values():
            if (sync.vendor, sync.object) == (vendor, object_name) and field in sync.fields:
                return sync.fields[field].type
        return "text"


def load_syncs(config_dir: Path) -> Syncs:
    """Read and validate `syncs.yml`, and what adds syncs to it: `data_extensions.yml` one for each extension,
    `consent.yml` one for each place of a purpose, `attribution.yml` those of revenue by model, and how often
    its fields are written."""
    from pipelines.rules.attribution_syncs import with_frequency  # all are made of what stands above
    from pipelines.rules.consent_syncs import with_purposes
    from pipelines.rules.data_extensions import with_extensions
    from pipelines.rules.revenue_fields import with_revenue

    known = with_extensions(load(config_dir / "syncs.yml", Syncs), config_dir)
    return with_frequency(with_revenue(with_purposes(known, config_dir), config_dir), config_dir)
