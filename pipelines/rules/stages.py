"""What `config/stages.yml` may say: each CRM's stages and statuses in one vocabulary.

Belongs here: the model of that file, and the rule that a vendor's stage means one thing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, model_validator

from pipelines.rules.loader import Strict, load

ANY_PIPELINE = "*"


class PipelineStage(Strict):
    """A stage of one pipeline, where the same id means different things in two."""

    pipeline: str
    stage: str


class OpportunityStage(Strict):
    stage: str
    closed: Literal["won", "lost"] | None = None
    hubspot: tuple[str | PipelineStage, ...] = ()
    salesforce: tuple[str | PipelineStage, ...] = ()

    def of(self, vendor: str) -> tuple[tuple[str, str], ...]:
        """(pipeline, stage) pairs of a vendor."""
        entries = self.hubspot if vendor == "hubspot" else self.salesforce
        return tuple((ANY_PIPELINE, e) if isinstance(e, str) else (e.pipeline, e.stage) for e in entries)


class Reads(Strict):
    hubspot: tuple[str, ...] = ()
    salesforce: tuple[str, ...] = ()


class Writes(Strict):
    hubspot: str | None = None
    salesforce: str | None = None


LifecycleName = Literal[
    "subscriber", "lead", "marketing_qualified_lead", "sales_qualified_lead", "opportunity", "customer"
]  # fmt: skip
"""A fixed vocabulary: `unified_leads` has a date column for these."""


PersonObject = Literal["hubspot.contacts", "salesforce.Lead", "salesforce.Contact"]


class LifecycleStage(Strict):
    """`date` says whose date of first entry counts where the CRMs disagree."""

    stage: LifecycleName
    date: Literal["earliest", "latest", "hubspot", "salesforce"] = "earliest"
    reads: Reads
    writes: Writes = Field(default_factory=Writes)


class Stages(Strict):
    opportunity: tuple[OpportunityStage, ...] = Field(min_length=1)
    lifecycle_defaults: dict[PersonObject, LifecycleName] = Field(default_factory=dict)
    lifecycle: tuple[LifecycleStage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def lifecycle_is_whole(self) -> Stages:
        names = [entry.stage for entry in self.lifecycle]
        missing = [name for name in get_args(LifecycleName) if names.count(name) != 1]
        if missing:
            raise ValueError(f"lifecycle must name {missing[0]} once")
        return self

    @model_validator(mode="after")
    def each_vendor_stage_means_one_thing(self) -> Stages:
        for vendor in ("hubspot", "salesforce"):
            seen: dict[tuple[str, str], str] = {}
            for canonical in self.opportunity:
                for key in canonical.of(vendor):
                    if key in seen:
                        raise ValueError(
                            f"{vendor} stage {key[1]!r} is under {seen[key]} and {canonical.stage}"
                        )
                    seen[key] = canonical.stage
            values: dict[str, str] = {}
            for step in self.lifecycle:
                for value in getattr(step.reads, vendor):
                    if value in values:
                        raise ValueError(
                            f"{vendor} value {value!r} is under {values[value]} and {step.stage}"
                        )
                    values[value] = step.stage
        return self


def load_stages(config_dir: Path) -> Stages:
    return load(config_dir / "stages.yml", Stages)
