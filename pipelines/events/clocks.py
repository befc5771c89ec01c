"""Whose clock has run out since it was looked at last: whom a round has to see to though nothing new came.

Belongs here: finding them, by what the last refresh has and what was decided since. What follows is decided
in a round (`round`), over calls, mails and meetings that are read again, or by the next refresh.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from pipelines.decisions import due, routing
from pipelines.decisions.escalation import has_clock
from pipelines.decisions.offers import OPEN, of_today
from pipelines.decisions.switching import switched
from pipelines.decisions.watch import Watch, with_offers
from pipelines.rules.handoff import Handoffs, load_handoffs
from pipelines.rules.routing import load_routing
from pipelines.rules.tables import config_hash
from pipelines.state import decision_runs, decisions, handoffs

if TYPE_CHECKING:
    import duckdb

    from pipelines.decisions.escalation import Clock
    from pipelines.settings import Settings
    from pipelines.state import State
    from pipelines.state.decisions import KeptDecision
    from pipelines.state.handoffs import Handoff

Ripe = tuple[datetime, str]
"""When a clock runs out, and about whom."""
_LAST = "\uffff"
"""Comes after every person."""
MOST = 40
"""People of one round; the others are seen to in the next."""
_LOOK_BACK, _WITHIN = timedelta(days=30), 10
"""Who was given away longer ago than both is left to the refresh, which looks at all: the days, and so many
times the longest clock of config, for hours of business are less than a quarter of a week's."""
_HELD = (
    "select person_id, held_until from decisions.assignments where state = 'held' "
    "and held_until >= $after::timestamptz and held_until <= $now::timestamptz"
)


class Clocks:
    """Of one process. `held`: person -> when somebody's hours open, of those whom rounds have held."""

    def __init__(self) -> None:
        self.held: dict[str, datetime] = {}
        self._running = _Running("")
        self._seen_to: Ripe | None = None
        self._looked: Ripe | None = None

    def run_out(
        self, refresh: duckdb.DuckDBPyConnection, state: State, settings: Settings, now: datetime
    ) -> list[str]:
        """The people whose clock has run out since the last look that was acted on, or since the refresh;
        whoever has waited longest first, and at most so many as one round takes."""
        if self._seen_to is None:
            row = refresh.execute("select as_of from rules.run").fetchone()
            self._seen_to = (row[0] if row else now, _LAST)
        after = self._seen_to[0]
        of_clocks = self._of_clocks(refresh, state, settings, after, now)
        ripe = sorted([*self._held(refresh, after, now), *of_clocks])
        found: dict[str, None] = {}
        self._looked = (now, _LAST)
        for place, (at, person_id) in enumerate(ripe):
            if (at, person_id) > self._seen_to:
                if person_id not in found and len(found) == MOST:
                    self._looked = ripe[place - 1]
                    break
                found[person_id] = None
        return list(found)

    def acted(self) -> None:
        """Whoever was found last is seen to."""
        self._seen_to = self._looked or self._seen_to

    def _held(self, refresh: duckdb.DuckDBPyConnection, after: datetime, now: datetime) -> Iterator[Ripe]:
        self.held = {person: until for person, until in self.held.items() if until >= after}
        rows = refresh.execute(_HELD, {"after": after, "now": now}).fetchall()
        for person_id, until in (*rows, *self.held.items()):
            if until <= now:
                yield until, person_id

    def _of_clocks(
        self, refresh: duckdb.DuckDBPyConnection, state: State, settings: Settings, after: datetime,
        now: datetime,
    ) -> Iterator[Ripe]:  # fmt: skip
        """Of routing's escalation and of handoffs: warnings, what was not taken up, what goes to somebody
        else, and offers that expire."""
        rules = _live(state, load_handoffs(settings.config_dir), now)
        watch = Watch(refresh, state, load_routing(settings.config_dir), rules, (), now)
        since = now - look_back(watch.clocks.values())
        with state.reading() as reading:
            made_with = f"{config_hash(settings.config_dir)} {decision_runs.version(reading)}"
            under_way = [each for each in handoffs.load(reading) if each.state in OPEN]
        if made_with != self._running.made_with:
            self._running = _Running(made_with)
        self._running.take_in(watch, state, since)
        offers = of_today(under_way, partial(routing.people_today, refresh))
        lately = [each for each in offers if each.offered_at > since]
        yield from _uncontacted(refresh, state, watch, self._running.ripe(watch, lately, after, now))
        by_name = {rule.name: rule for rule in rules.rules}
        expiring = due.of_offers(offers, by_name)
        yield from ((at, each.person_id) for at, each in expiring if after <= at <= now)


class _Running:
    """When the clocks of everybody who was given away run out, worked out once for each decision.
    `made_with`: the configuration and the rules that were confirmed; with others it is another."""

    def __init__(self, made_with: str) -> None:
        self.made_with = made_with
        self._last = 0
        self._moments: list[tuple[datetime, str]] = []
        """(when, id of the decision), in order."""
        self._given: dict[str, KeptDecision] = {}
        self._latest: dict[str, str] = {}
        """Person -> the id of the last decision about them, which alone runs."""
        self._decided: set[str] = set()
        """Keys of the events that were decided about."""

    def take_in(self, watch: Watch, state: State, since: datetime) -> None:
        """What was decided since this was last asked, at first what was since that moment."""
        with state.reading() as reading:
            new = decisions.load(reading, routing.KIND, None if self._last else since, self._last)
        given = [decision for decision in new if has_clock(decision)]
        self._last = max([self._last, *(decision.sequence for decision in new)])
        self._given |= {decision.decision_id: decision for decision in given}
        self._latest |= {decision.person_id: decision.decision_id for decision in given}
        self._decided |= {decision.event_key for decision in given}
        self._moments = sorted([*self._moments, *((at, d.decision_id) for at, d in watch.due(given, {}))])

    def ripe(
        self, watch: Watch, offers: Iterable[Handoff], after: datetime, now: datetime
    ) -> list[tuple[datetime, KeptDecision]]:
        """Whose clock runs out between the two; nobody asks again for what was before."""
        del self._moments[: bisect_left(self._moments, (after, ""))]
        ended = self._moments[: bisect_right(self._moments, (now, _LAST))]
        found = [(at, self._given[key]) for at, key in ended]
        kept = with_offers((), [o for o in offers if f"handoff:{o.handoff_id}" not in self._decided])
        return [
            *((at, each) for at, each in found if self._latest[each.person_id] == each.decision_id),
            *((at, each) for at, each in watch.due(kept, {}) if after <= at <= now),
        ]


def _uncontacted(
    refresh: duckdb.DuckDBPyConnection, state: State, watch: Watch,
    ripe: Sequence[tuple[datetime, KeptDecision]],
) -> Iterator[Ripe]:  # fmt: skip
    """Those with whom nobody of sales was in touch, by what the refresh has; by who they are now."""
    if not ripe:
        return
    people = routing.people_today(refresh, [decision.person_id for _, decision in ripe])
    today = [(at, d._replace(person_id=person)) for (at, d), person in zip(ripe, people, strict=True)]
    with state.reading() as reading:
        watch.ours = handoffs.made_by_us(reading)
    contacts = watch.contacts([decision for _, decision in today])
    for at, decision in today:
        contact = contacts.get(decision.person_id)
        if contact is None or contact < decision.decided_at:
            yield at, decision.person_id


def _live(state: State, file: Handoffs, now: datetime) -> Handoffs:
    """Handoffs as they were confirmed last."""
    with state.reading() as reading:
        known = decision_runs.rules(reading, "handoff")
    rules = [(rule.name, rule, rule.active_from) for rule in file.rules]
    switch = switched("handoff", rules, known, now, live_at_once=file.new_rules == "live")
    return replace(file, rules=switch.live)


def look_back(running: Iterable[Clock]) -> timedelta:
    """How long ago somebody may have been given away whose clock is still looked at."""
    waits = (
        wait for c in running for wait in (*c.warn, c.acceptance, c.timeout, c.repeat) if wait is not None
    )
    return max([_LOOK_BACK, *(_WITHIN * wait for wait in waits)])


def records_of(refresh: duckdb.DuckDBPyConnection, state: State, people: Sequence[str]) -> dict[str, str]:
    """Record key -> person, of all records of these people, those that no refresh has seen among them."""
    from pipelines.state import registry

    rows = refresh.execute(
        "select record_key, person_id from intermediate.int_person_members "
        "where list_contains($people::varchar[], person_id)", {"people": list(people)},
    ).fetchall()  # fmt: skip
    with state.reading() as reading:
        since = registry.people_of(reading, registry.records_of(reading, people))
    return since | dict(rows)
