"""What the page can be narrowed to, and how that is read from an address.

A filter that is not set is null in SQL, and panels say `$owner is null or ...`. A panel that does not
ask for a filter that was chosen has that said below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import duckdb

from pipelines.errors import UsageError

_OWNERS = """
select owner_id from marts.opportunities where owner_id is not null
union
select owner_id from marts.unified_leads where owner_id is not null
order by 1
"""
_TEAMS = "select distinct owner_team from marts.opportunities where owner_team is not null order by 1"
_PIPELINES = "select distinct pipeline from marts.opportunities where pipeline is not null order by 1"
_LABELS = """
select pipeline,
    case when count(*) over (partition by label) > 1 then label || ' (' || pipeline || ')' else label end
from (
    select pipeline, min(pipeline_label) as label from marts.opportunities
    where pipeline is not null group by pipeline
)
"""
_ZONE = "select business_zone from marts.business"
_DAYS = "select min(snapshot_date), max(snapshot_date) from marts.pipeline_snapshots"
WISHES = ("owner", "team", "pipeline", "day", "since")
"""What an address may say."""


@dataclass(frozen=True)
class Choices:
    """What there is to choose from."""

    owners: tuple[str, ...]
    teams: tuple[str, ...]
    pipelines: tuple[str, ...]
    first_day: date | None
    last_day: date | None
    zone: str = "UTC"
    labels: Mapping[str, str] = field(default_factory=dict)
    """What people call a pipeline, by its id."""


@dataclass(frozen=True)
class Filters:
    """What was chosen. `day`: the day whose pipeline is shown; `since`: the first month of the series.
    `zone` and `last_day` are not chosen: days end by the clock of the one, and are known until the other.
    """

    owner: str | None = None
    team: str | None = None
    pipeline: str | None = None
    day: date | None = None
    since: date | None = None
    zone: str = "UTC"
    last_day: date | None = None

    def parameters(self, sql: str) -> dict[str, object]:
        """Those that a query names; DuckDB refuses others."""
        return {name: value for name, value in vars(self).items() if f"${name}" in sql}

    def query(self) -> str:
        """As in an address."""
        from urllib.parse import urlencode

        return urlencode({
            name: str(value) for name, value in vars(self).items()
            if value is not None and name not in ("zone", "last_day")
        })  # fmt: skip

    def ignored_by(self, sql: str) -> list[str]:
        """What was chosen and makes no difference to a query."""
        return [name for name in self._chosen() if f"${name}" not in sql]

    def narrow(self, sql: str) -> bool:
        """Whether anything that was chosen makes a difference to a query."""
        return any(f"${name}" in sql for name in self._chosen())

    def _chosen(self) -> list[str]:
        is_usual = self.day == self.last_day
        return [
            name for name in WISHES
            if getattr(self, name) is not None and not (name == "day" and is_usual)
        ]  # fmt: skip


def choices(connection: duckdb.DuckDBPyConnection) -> Choices:
    """Owners, teams and pipelines that own or hold anything, and the days that can be shown."""

    def listed(sql: str) -> tuple[str, ...]:
        return tuple(row[0] for row in connection.execute(sql).fetchall())

    first, last = connection.execute(_DAYS).fetchone() or (None, None)
    try:
        (zone,) = listed(_ZONE)
    except duckdb.CatalogException:  # an older build published it
        zone = "UTC"
    try:
        labels = {pipeline: label for pipeline, label in connection.execute(_LABELS).fetchall() if label}
    except duckdb.BinderException:  # an older build published it
        labels = {}
    return Choices(listed(_OWNERS), listed(_TEAMS), listed(_PIPELINES), first, last, zone, labels)


def read(wish: Mapping[str, str], known: Choices) -> Filters:
    """Filters of an address. Raises UsageError for a value that is not among the choices."""
    lists = {"owner": known.owners, "team": known.teams, "pipeline": known.pipelines}
    chosen = {name: wish[name] for name in lists if wish.get(name)}
    for name, value in chosen.items():
        if value not in lists[name]:
            raise UsageError(f"there is no {name} {value}", where="the page's filters")
    day, since = _date(wish, "day"), _date(wish, "since")
    if day and known.first_day and known.last_day and not known.first_day <= day <= known.last_day:
        raise UsageError(
            f"nothing is known of {day}; days go from {known.first_day} to {known.last_day}",
            where="the page's filters",
        )
    return Filters(**chosen, day=day or known.last_day, since=since, zone=known.zone, last_day=known.last_day)


def _date(wish: Mapping[str, str], name: str) -> date | None:
    if not wish.get(name):
        return None
    try:
        return date.fromisoformat(wish[name])
    except ValueError as error:
        raise UsageError(f"{wish[name]} is no date", where=f"the filter {name}") from error
