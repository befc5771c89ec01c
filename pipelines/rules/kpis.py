"""What `config/kpis.yml` may say: the targets of the six KPIs, their window, and the opening hours.

Belongs here: the model of that file. The numbers come out of `marts.kpis`.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.loader import Strict, load

KpiName = Literal[
    "sync_success_rate", "lead_response_time", "data_quality_score",
    "attribution_coverage", "handoff_completion", "integration_uptime",
]  # fmt: skip
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class OpeningHours(Strict):
    days: tuple[Weekday, ...] = Field(min_length=1)
    opens: time
    closes: time

    @model_validator(mode="after")
    def opens_before_it_closes(self) -> OpeningHours:
        if self.opens >= self.closes:
            raise ValueError("opens must be before closes")
        return self


class Kpi(Strict):
    kpi: KpiName
    label: str
    target: float
    direction: Literal["above", "below"]
    unit: str


class Kpis(Strict):
    window_days: int = Field(gt=0)
    business_zone: str
    salesforce_zone: str | None = None
    """Whose days Salesforce's are, where it is not the zone that the org says."""
    opening_hours: OpeningHours
    kpis: tuple[Kpi, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def each_once(self) -> Kpis:
        names = [kpi.kpi for kpi in self.kpis]
        if len(set(names)) != len(names):
            raise ValueError("a KPI stands twice")
        return self


def load_kpis(config_dir: Path) -> Kpis:
    return load(config_dir / "kpis.yml", Kpis)
