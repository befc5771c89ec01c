"""`config/calendars.yml`: named working hours, regional holidays, and who is away when.

Belongs here: what the file may say. Arithmetic in it is `pipelines.decisions.hours`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from pipelines.rules.hours import Hours
from pipelines.rules.loader import Strict, load_if_there


class Absence(Strict):
    """A person is away: whole days in their own zone (both named days included), or between two moments."""

    person: str
    first: date | datetime = Field(alias="from")
    last: date | datetime = Field(alias="to")
    reason: str = ""

    @field_validator("person")
    @classmethod
    def _lower(cls, value: str) -> str:
        return value.strip().lower()

    @model_validator(mode="after")
    def _in_order(self) -> Absence:
        first, last = self.between(ZoneInfo("UTC"))
        if last <= first:
            raise ValueError(f"the absence of {self.person} ends before it begins")
        return self

    def between(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From and to, in UTC."""
        return _moment(self.first, zone, is_end=False), _moment(self.last, zone, is_end=True)


class Holiday(Strict):
    day: date = Field(alias="date")
    name: str = ""


class Calendars(Strict):
    """The whole file."""

    hours: dict[str, Hours] = Field(default_factory=dict)
    holidays: dict[str, tuple[Holiday, ...]] = Field(default_factory=dict)
    absences: tuple[Absence, ...] = ()


def load_calendars(config_dir: Path) -> Calendars:
    """Read and validate `calendars.yml`; a team's folder need not have one."""
    return load_if_there(config_dir / "calendars.yml", Calendars)


def _moment(value: date | datetime, zone: ZoneInfo, *, is_end: bool) -> datetime:
    if isinstance(value, datetime):
        return (value if value.tzinfo is not None else value.replace(tzinfo=zone)).astimezone(UTC)
    day = value + timedelta(days=1) if is_end else value
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
