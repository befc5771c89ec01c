"""What `config/lead_score.yml` may say: rules that add or take points, whose score counts, how it is tested.

Belongs here: the model of that file. The score is worked out by the models in `intermediate/scores` of the
dbt project; the CRMs' own scores are copied by `crm_scores`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.errors import ConfigError
from pipelines.rules.loader import Strict, load
from pipelines.rules.stages import LifecycleName
from pipelines.rules.syncs import load_syncs

FitAttribute = Literal[
    "job_title_contains", "industry", "country", "employees_at_least", "lifecycle_stage", "has"
]
HAS_VALUES = ("email", "company_email", "phone", "account", "opted_out")
Touch = Literal[
    "membership", "membership_response", "original_source", "latest_source", "conversion",
    "call", "email", "meeting", "task", "event", "email_click", "page_visit", "journey_goal",
]  # fmt: skip


class FitRule(Strict):
    rule: str
    attribute: FitAttribute
    values: tuple[str | int, ...] = Field(min_length=1)
    points: int = Field(ge=-100, le=100)

    @model_validator(mode="after")
    def values_suit_the_attribute(self) -> FitRule:
        for value in self.values:
            if self.attribute == "has" and value not in HAS_VALUES:
                raise ValueError(f"has {value!r} is not known, use one of {', '.join(HAS_VALUES)}")
            if self.attribute == "employees_at_least" and not isinstance(value, int):
                raise ValueError(f"employees_at_least takes whole numbers, not {value!r}")
        return self


class EngagementRule(Strict):
    rule: str
    touch: Touch
    points: int = Field(ge=-100, le=100)
    half_life_days: int = Field(gt=0)
    at_most: int | None = Field(default=None, ge=0, le=100)


class CrmScores(Strict):
    """The API name of the field in which each CRM keeps its own score; None where it keeps none."""

    hubspot: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    salesforce: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")


class Backtest(Strict):
    """Scoring people as of earlier days, and looking at what became of them."""

    outcome: LifecycleName = "opportunity"
    horizon_days: int = Field(default=90, ge=1, le=730)
    cohorts: int = Field(default=4, ge=1, le=12)
    bands: tuple[int, ...] = (0, 20, 40, 60, 80)

    @model_validator(mode="after")
    def bands_cover_every_score(self) -> Backtest:
        if not self.bands or self.bands[0] != 0 or list(self.bands) != sorted({*self.bands}):
            raise ValueError("bands begin with 0 and rise")
        if self.bands[-1] > 100:
            raise ValueError("no score is above 100")
        return self


class LeadScore(Strict):
    score_of_record: Literal["ours", "hubspot", "salesforce"] = "ours"
    crm_scores: CrmScores = Field(default_factory=CrmScores)
    backtest: Backtest = Field(default_factory=Backtest)
    fit: tuple[FitRule, ...]
    engagement: tuple[EngagementRule, ...]

    @model_validator(mode="after")
    def names_are_unique(self) -> LeadScore:
        names = [rule.rule for rule in self.fit] + [rule.rule for rule in self.engagement]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule {twice[0]} stands twice")
        return self

    @model_validator(mode="after")
    def the_score_of_record_is_somewhere(self) -> LeadScore:
        if self.score_of_record != "ours" and not getattr(self.crm_scores, self.score_of_record):
            raise ValueError(
                f"score_of_record is {self.score_of_record}, but crm_scores names no field of it"
            )
        return self


def load_lead_score(config_dir: Path) -> LeadScore:
    """Raises ConfigError also when a CRM's own score is said to be in a field that this project writes."""
    found = load(config_dir / "lead_score.yml", LeadScore)
    for name, sync in load_syncs(config_dir).syncs.items():
        theirs = getattr(found.crm_scores, sync.vendor, None)
        if theirs and theirs.lower() in {field.lower() for field in sync.fields}:
            raise ConfigError(
                f"crm_scores.{sync.vendor}: {theirs} is written by the sync {name}, so our score would be "
                "an input to itself",
                where="lead_score.yml", remedy=f"name the field in which {sync.vendor} keeps its own score",
            )  # fmt: skip
    return found
