"""Another routing file over the leads of the last weeks: who would have got what, next to what happened.

Belongs here: the same eligibility and the same fold as in earnest, at the moments at which leads arrived.
Loads begin at nothing and a lead counts as open from its arrival on; what people would have done with it is
not known.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from pipelines.decisions import office
from pipelines.decisions.assignment import Assignment
from pipelines.decisions.leads import Eligibility
from pipelines.decisions.loads import available
from pipelines.errors import ConfigError
from pipelines.rules.routing import FILES, Routing, load_routing
from pipelines.settings import Settings

_ACTUAL = """
select l.person_id, l.owner_id, r.business_minutes
from marts.unified_leads l left join marts.lead_response_times r using (person_id)
"""


_FAIRNESS = "select owner_email, sum(beyond_share) from decisions.fairness group by owner_email"
_OPEN = """
select owner_id, count(*) from marts.unified_leads
where owner_id is not null and list_contains($stages::varchar[], lifecycle_stage) group by owner_id
"""


@dataclass(frozen=True)
class WhatIf:
    """What would have been decided, who has the leads, how fast they were answered, and who is fairly
    treated.
    """

    made: tuple[Assignment, ...]
    actual: dict[str, str | None]
    minutes: dict[str, int]
    beyond_share: dict[str, float]
    since: datetime
    was_beyond: dict[str, float] = field(default_factory=dict)
    """What people got beyond their share as it happened."""
    open_now: dict[str, int] = field(default_factory=dict)
    held_hours: dict[str, list[float]] = field(default_factory=dict)
    """Person -> hours between a lead's arrival and its assignment, by the other file."""

    def text(self) -> str:
        """As a table for the screen: each pair of columns is what would have been, and what was."""
        would = Counter(a.owner_email for a in self.made if a.owner_email)
        had = Counter(self.actual.get(a.person_id) for a in self.made)
        lines = [
            f"{len(self.made):,} leads since {self.since:%Y-%m-%d}; would have been, and was",
            f"{'who':<36} {'leads':>6} {'was':>6} {'beyond share':>13} {'was':>7} {'to assign':>10} "
            f"{'first contact':>14} {'open now':>9}",
        ]
        for email in sorted({*would, *(name for name in had if name)}):
            lines.append(
                f"{email:<36} {would[email]:>6} {had[email]:>6} {_signed(self.beyond_share, email):>13} "
                f"{_signed(self.was_beyond, email):>7} {self._to_assign(email):>10} {self._wait(email):>14} "
                f"{self.open_now.get(email, 0):>9}"
            )
        for state in ("queued", "kept", "held"):
            reasons = Counter(a.reason for a in self.made if a.state == state)
            lines += [f"{count:>6,} {state}: {reason}" for reason, count in reasons.most_common(8)]
        same = sum(
            a.owner_email is not None and a.owner_email == self.actual.get(a.person_id) for a in self.made
        )
        lines.append(f"{same:,} would have gone to who has them")
        return "\n".join(lines)

    def _to_assign(self, email: str) -> str:
        """The median of hours until the lead would have been theirs: it may have waited for their hours."""
        known = sorted(self.held_hours.get(email, ()))
        return f"{known[len(known) // 2]:.1f} h" if known else ""

    def _wait(self, email: str) -> str:
        """Business hours until the first contact, of the leads this person has."""
        known = sorted(self.minutes[a.person_id] for a in self.made
                       if self.actual.get(a.person_id) == email and a.person_id in self.minutes)  # fmt: skip
        return f"{known[len(known) // 2] / 60:.1f} h" if known else ""


def what_if(connection: duckdb.DuckDBPyConnection, settings: Settings, file: Path, span: timedelta) -> WhatIf:
    """Route the leads of this span by `file`, with the teams and calendars of today."""
    routing = _routing(settings.config_dir, file)
    row = connection.execute("select as_of from rules.run").fetchone()
    assert row is not None
    as_of: datetime = row[0]
    since = as_of - span
    eligibility = Eligibility(connection, routing, routing.rules, as_of, {}, anyone_is_new=True)
    leads = [
        lead._replace(
            at=lead.arrived_at,
            owner=lead.owner if lead.trigger == "owner-left" else None,  # it is about who had them
            is_worked=False,
        )
        for lead in eligibility.leads()
        if since.timestamp() <= lead.arrived_at <= as_of.timestamp()
    ]
    folding = office.fold(routing, routing.rules, available(connection), {}, {})
    made = folding.run(leads, as_of.timestamp())
    rows = connection.execute(_ACTUAL).fetchall()
    beyond: dict[str, float] = {}
    for _, email, _, deviation in folding.pools.fairness():
        beyond[email] = round(beyond.get(email, 0.0) + deviation, 4)
    arrived = {(lead.person_id, lead.event_key): lead.arrived_at for lead in leads}
    waited: dict[str, list[float]] = {}
    for a in made:
        if a.owner_email:
            hours = (a.decided_at - arrived[a.person_id, a.event_key]) / 3600
            waited.setdefault(a.owner_email, []).append(hours)
    was = {email: float(share) for email, share in connection.execute(_FAIRNESS).fetchall()}
    carried = connection.execute(_OPEN, {"stages": list(routing.file.load.stages)}).fetchall()
    return WhatIf(
        tuple(made), {r[0]: r[1] for r in rows}, {r[0]: r[2] for r in rows if r[2] is not None}, beyond,
        since, was, dict(carried), waited,
    )  # fmt: skip


def _signed(shares: Mapping[str, float], email: str) -> str:
    return f"{shares[email]:+.2f}" if email in shares else ""


def _routing(config_dir: Path, file: Path) -> Routing:
    if not file.is_file():
        raise ConfigError("there is no such routing file", where=str(file.name), remedy="give its path")
    with tempfile.TemporaryDirectory() as folder:
        for path in config_dir.glob("*.yml"):
            if path.name not in FILES:
                shutil.copy(path, folder)
        given = "routing.json" if file.suffix == ".json" else "routing.yml"
        shutil.copy(file, Path(folder) / given)
        try:
            return load_routing(Path(folder))
        except ConfigError as error:
            raise ConfigError(
                error.what, where=error.where.replace(given, file.name), remedy=error.remedy
            ) from None
