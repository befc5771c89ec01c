"""Deals that have stayed in a stage as long as an automation lets them: what a look finds of them.

Belongs here: finding them, by what the last refresh has. A refresh reads the deal again and decides, for what
deals set off takes everything that is known of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from pipelines.decisions import automation, retold
from pipelines.decisions.automation import Fired
from pipelines.decisions.switching import switched
from pipelines.listening import Named
from pipelines.rules.stage_automation import Automation, load_automations
from pipelines.state import decision_runs, handoffs

if TYPE_CHECKING:
    import duckdb

    from pipelines.settings import Settings
    from pipelines.state import State

_IDS = (
    ("hubspot", "deals", "opportunity_id_hubspot"),
    ("salesforce", "Opportunity", "opportunity_id_salesforce"),
)


class Stays:
    """Of one process: each is found once, and one whose refresh failed is for the next one to see."""

    def __init__(self) -> None:
        self._found: set[str] = set()

    def run_out(
        self, refresh: duckdb.DuckDBPyConnection, state: State, settings: Settings, now: datetime
    ) -> list[Named]:
        """A record of each deal about which an automation would fire now."""
        found: dict[str, Fired] = {}
        rules = list(_live(state, settings, now))
        if not rules:
            return []
        with state.reading() as reading:
            told = retold.Told(handoffs.firings(reading), retold.aliases(refresh))
        for rule, since in rules:
            fired, _ = automation.firing(refresh, rule, told, since, now)
            found |= {each.firing_id: each for each in fired if each.firing_id not in self._found}
        self._found |= found.keys()
        return list(dict.fromkeys(_named(each) for each in found.values()))


def _live(state: State, settings: Settings, now: datetime) -> Iterator[tuple[Automation, datetime]]:
    """Automations that mind how long a deal stays, as they were confirmed last, and since when."""
    file = load_automations(settings.config_dir)
    if not any(rule.on == "stayed" for rule in file.rules):
        return
    with state.reading() as reading:
        known = decision_runs.rules(reading, "automation")
    listed = [(rule.name, rule, rule.active_from) for rule in file.rules]
    switch = switched("automation", listed, known, now, live_at_once=file.new_rules == "live")
    for rule in switch.live:
        if rule.on == "stayed":
            yield rule, switch.active_from[rule.name]


def _named(fired: Fired) -> Named:
    return next(Named(vendor, kind, fired.deal[name]) for vendor, kind, name in _IDS if fired.deal[name])
