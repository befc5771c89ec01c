"""What `config/lead_score.yml` may say: rules that add or take points.

Belongs here: the model of that file. The score is worked out by `int_person_scores` in the dbt project.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.loader import Strict, load

FitAttribute = Literal[
    "job_title_contains", "industry", "country", "employees_at_least", "lifecycle_stage", "has"
]
HAS_VALUES = ("email", "company_email", "phone", "account", "opted_out")
Touch = Literal[
    "membership", "membership_response", "original_source", "latest_source", "conversion",
    "call", "email", "meeting", "task",
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


class LeadScore(Strict):
    fit: tuple[FitRule, ...]
    engagement: tuple[EngagementRule, ...]

    @model_validator(mode="after")
    def names_are_unique(self) -> LeadScore:
        names = [rule.rule for rule in self.fit] + [rule.rule for rule in self.engagement]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule {twice[0]} stands twice")
        return self


def load_lead_score(config_dir: Path) -> LeadScore:
    return load(config_dir / "lead_score.yml", LeadScore)
