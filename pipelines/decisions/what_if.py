"""Another routing file over the leads of the last weeks: who would have got what, next to what happened.

Belongs here: the same eligibility and the same fold as in earnest, at the moments at which leads arrived.
Loads begin at nothing and a lead counts as open from its arrival on; what people would have done with it is
not known.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
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

    def text(self) -> str:
        """As a table for the screen."""
        would = Counter(a.owner_email for a in self.made if a.owner_email)
        had = Counter(self.actual.get(a.person_id) for a in self.made)
        lines = [
            f"{len(self.made):,} leads since {self.since:%Y-%m-%d}",
            f"{'who':<40} {'would have':>10} {'has':>6} {'beyond share':>13} {'wait':>12}",
        ]
        for email in sorted({*would, *(name for name in had if name)}):
            share = f"{self.beyond_share[email]:+.2f}" if email in self.beyond_share else ""
            lines.append(
                f"{email:<40} {would[email]:>10} {had[email]:>6} {share:>13} {self._wait(email):>12}"
            )
        for state in ("queued", "kept", "held"):
            reasons = Counter(a.reason for a in self.made if a.state == state)
            lines += [f"{count:>6,} {state}: {reason}" for reason, count in reasons.most_common(8)]
        same = sum(
            a.owner_email is not None and a.owner_email == self.actual.get(a.person_id) for a in self.made
        )
        lines.append(f"{same:,} would have gone to who has them")
        return "\n".join(lines)

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
        lead._replace(at=lead.arrived_at, owner=None, is_worked=False)
        for lead in eligibility.leads()
        if since.timestamp() <= lead.arrived_at <= as_of.timestamp()
    ]
    folding = office.fold(routing, routing.rules, available(connection), {}, {})
    made = folding.run(leads, as_of.timestamp())
    rows = connection.execute(_ACTUAL).fetchall()
    beyond: dict[str, float] = {}
    for _, email, _, deviation in folding.pools.fairness():
        beyond[email] = round(beyond.get(email, 0.0) + deviation, 4)
    return WhatIf(
        tuple(made), {r[0]: r[1] for r in rows}, {r[0]: r[2] for r in rows if r[2] is not None}, beyond, since
    )


def _routing(config_dir: Path, file: Path) -> Routing:
    if not file.is_file():
        raise ConfigError("there is no such routing file", where=str(file.name), remedy="give its path")
    with tempfile.TemporaryDirectory() as folder:
        for path in config_dir.glob("*.yml"):
            if path.name not in FILES:
                shutil.copy(path, folder)
        shutil.copy(file, Path(folder) / ("routing" + file.suffix))
        return load_routing(Path(folder))
