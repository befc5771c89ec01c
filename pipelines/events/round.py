"""One round: people's records that events named are read again, decided about, and what follows is written.

Belongs here: the order, and what is kept when. Which records are named is `pipelines.listening`; a round that
leaves somebody to the batch says so. Nothing here changes the warehouse or the published file: decisions and
what waits to be done go into the state, where the next refresh finds them, and one that is in the works
leaves these people alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from ulid import ULID

from pipelines import order, standing
from pipelines.crashpoints import crashpoint
from pipelines.decisions.routing import Entering
from pipelines.errors import CrmError
from pipelines.events import clocks, models, who
from pipelines.events.clocks import Clocks
from pipelines.events.models import Anew
from pipelines.events.overlay import Overlay
from pipelines.events.stays import Stays
from pipelines.listening import Entry, Event, Named, about
from pipelines.rules.lead_score import load_lead_score
from pipelines.rules.tables import config_hash, decided_stages_table
from pipelines.sources import engaged
from pipelines.sources.again import TABLES, Again, Changed
from pipelines.sources.screen import screen_of
from pipelines.state import State, handoffs, journal, met, registry, suppression

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.steps import Loop
    from pipelines.warehouse import Warehouse

MOST = 100
"""Records of one round; with more of them a refresh is the shorter way."""
LOCK_SECONDS = 20.0
"""To wait for somebody else who decides."""
_OURS = timedelta(seconds=5)
"""A change so soon after we wrote is what we wrote."""
_MEMORY = timedelta(hours=1)
_FIRST = ("intermediate.int_person_records", "intermediate.int_person_keys")
_TABLES = {(vendor, table) for (vendor, _), table in TABLES.items()}
_STAMP = {"hubspot": "updated_at", "salesforce": "SystemModstamp"}
_KEY = {"hubspot": "id", "salesforce": "Id"}


@dataclass
class Round:
    """What came of one. `left`: record keys that the next refresh decides about."""

    read: int = 0
    people: int = 0
    decided: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left: frozenset[str] = frozenset()
    warehouse: Warehouse | None = None
    """Its published file is what a plan is made from; None when there is nothing to plan."""


class Rounds:
    """Rounds of one process: what was compiled, and who was met since the last refresh, is kept."""

    def __init__(self, again: Again) -> None:
        self.again = again
        self._anew: Anew | None = None
        self._met: dict[Named, datetime] = {}
        self.clocks = Clocks()
        self._stays = Stays()
        self._ripe: frozenset[Named] = frozenset()
        """Records of people whose clock has run out."""

    def news(self, state: State, changed: Iterable[Changed]) -> list[Named]:
        """Of what changed lately what is to be looked at: neither our own writing nor met before."""
        unmet = {Named(each.vendor, each.object, each.record_id): each.at for each in changed}
        unmet = {each: at for each, at in unmet.items() if each not in self._met or at > self._met[each]}
        if not unmet:
            return []
        ours = _written(state, min(unmet.values()))
        return [each for each, at in unmet.items() if each not in ours or at > ours[each] + _OURS]

    def run_out(self, warehouse: Warehouse, state: State, settings: Settings, now: datetime) -> list[Named]:
        """Records of people whose clock has run out since it was looked at last."""
        with _must_fit(warehouse), warehouse.reading("warehouse") as refresh:
            people = self.clocks.run_out(refresh, state, settings, now)
            keys = clocks.records_of(refresh, state, people) if people else ()
        self._ripe = frozenset(named for named in map(_named, keys) if named.is_person)
        if people and not self._ripe:
            self.clocks.acted()  # they have no records left to read, and others come after them
        return sorted(self._ripe, key=lambda each: each.record_id)

    def stayed(self, warehouse: Warehouse, state: State, settings: Settings, now: datetime) -> list[Named]:
        """Deals that have stayed too long since it was looked at last."""
        with _must_fit(warehouse), warehouse.reading("warehouse") as refresh:
            return self._stays.run_out(refresh, state, settings, now)

    def not_ours(self, state: State, events: Sequence[Event]) -> list[Event]:
        """Events of which our own writing was not the cause."""
        moments = {event: datetime.fromtimestamp(event.occurred_at / 1000, UTC) for event in events}
        ours = _written(state, min(moments.values()))
        found = []
        for event, at in moments.items():
            named = about(event)
            if named is None or named not in ours or at > ours[named] + _OURS:
                found.append(event)
        return found

    def act(self, loop: Loop, named: Collection[Named], entries: Sequence[Entry] = ()) -> Round:
        """Read again, decide, keep. What follows is planned and applied from `Round.warehouse`."""
        order.must_have_published(loop.warehouse)
        self._compile(loop)
        with (
            loop.warehouse.deciding(f"events of run {loop.run.id}", wait_seconds=LOCK_SECONDS),
            loop.warehouse.beside() as connection,
            _must_fit(loop.warehouse),
        ):
            acting = _Acting(self, loop, connection, self._ripe.intersection(named), entries)
            return acting.all(frozenset(named))

    def get_ready(self, loop: Loop) -> None:
        """Compile the models, which takes some seconds."""
        order.must_have_published(loop.warehouse)
        self._compile(loop)

    def meet(self, named: Named, at: datetime) -> None:
        self._met[named] = at

    def forget(self, before: datetime) -> None:
        """No look goes back so far."""
        self._met = {named: at for named, at in self._met.items() if at >= before}

    def _compile(self, loop: Loop) -> None:
        """The models for the columns that the warehouse has. Only this keeps a refresh out: dbt works once at
        a time, and over the refresh in the works."""
        if self._fits(loop):
            return
        with loop.warehouse.locked(f"events of run {loop.run.id}", wait_seconds=LOCK_SECONDS):
            order.must_be_published(loop.warehouse)
            if not self._fits(loop):
                self._anew = models.compiled(loop.settings, loop.warehouse)

    def _fits(self, loop: Loop) -> bool:
        with loop.warehouse.reading("warehouse") as connection:
            columns = models.raw_columns(connection, loop.warehouse.paths.warehouse.stem)
        return self._anew is not None and self._anew.columns == columns

    @property
    def anew(self) -> Anew:
        assert self._anew is not None
        return self._anew


@contextmanager
def _must_fit(warehouse: Warehouse) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise CrmError(
            f"what the last refresh left does not fit: {str(error).splitlines()[0]}",
            where=warehouse.paths.warehouse.name, remedy="a refresh decides about them",
        ) from error  # fmt: skip


class _Acting:
    """A round in the works. `ripe`: records of people whose clock has run out, all of each."""

    def __init__(
        self, rounds: Rounds, loop: Loop, connection: duckdb.DuckDBPyConnection, ripe: frozenset[Named],
        entries: Sequence[Entry],
    ) -> None:  # fmt: skip
        self.rounds, self.loop, self.connection = rounds, loop, connection
        self.ripe, self.entries = ripe, entries
        self.settings, self.state, self.run = loop.settings, loop.state, loop.run
        self.result = Round()
        row = connection.execute("select as_of, business_zone, config_hash from base.rules.run").fetchone()
        assert row is not None
        self.refreshed_at, zone, made_with = row
        self.zone = ZoneInfo(zone)
        if made_with != config_hash(self.settings.config_dir):
            raise CrmError("config/ has changed since the last refresh", where="config",
                           remedy="a refresh takes it up; crm listen begins with one")  # fmt: skip

    def all(self, named: frozenset[Named]) -> Round:
        self.named = set(named)
        read = self._read(named)
        if not read:
            return self.result
        overlay = Overlay(
            self.connection, self.rounds.anew, self.run, self.as_of, self.as_of.astimezone(self.zone).date()
        )
        for (vendor, table), rows in read.items():
            overlay.land(vendor, table, rows)
        known = self._who(overlay, read)
        if known.ids:
            self._decide(overlay, known)
        return self.result

    # -- reading -------------------------------------------------------------------------------------

    def _read(self, named: frozenset[Named]) -> dict[tuple[str, str], pa.Table]:
        """Rows by vendor and raw table of who is named or was met since the last refresh, but the erased."""
        wanted = {*named, *self._unread()}
        again, found = self.rounds.again, dict[tuple[str, str], pa.Table]()
        with self.state.reading() as reading:
            erased = suppression.load(reading, self.settings.paths.suppression_key)
        for (vendor, object_name), table in TABLES.items():
            ids = sorted(n.record_id for n in wanted if (n.vendor, n.object) == (vendor, object_name))
            if ids:
                read = again.records(self.connection, vendor, object_name, ids)
                rows = screen_of(vendor, self._org(vendor), erased)(table, read)
                found[vendor, table] = rows
                self.named |= self._met(vendor, object_name, rows)
        contacts = found.get(("hubspot", "contacts"))
        if contacts is not None:
            sent = again.submissions(self.connection, contacts, self.refreshed_at)
            if sent is not None:
                screen = screen_of("hubspot", self._org("hubspot"), erased)
                found["hubspot", "form_submissions"] = screen("form_submissions", sent)
        if self.ripe:
            done = engaged.with_people(again, self.connection, _ids_read(found), self.refreshed_at - _MEMORY)
            for (vendor, table), rows in done.items():
                found[vendor, table] = screen_of(vendor, self._org(vendor), erased)(table, rows)
        self.result.read = sum(rows.num_rows for rows in found.values())
        self.as_of = max([again.now() or self.refreshed_at, *_stamps(found)])
        self.rounds.forget(min(self.refreshed_at, self.as_of - _MEMORY))
        return found if self.result.read else {}

    def _unread(self) -> set[Named]:
        """Who was met since the refresh that is looked things up in began to read: it may not have them."""
        begun = standing.begun(self.connection, "base.")
        if begun is None:
            return set()
        with self.state.reading() as reading:
            keys = met.after(reading, begun)
        return {each for each in map(_named, keys) if each.is_person}

    def _met(self, vendor: str, object_name: str, rows: pa.Table) -> set[Named]:
        """Those that changed since they were met: what is decided about them now is news to a refresh that
        has read them before, as if an event had named them."""
        ids, stamps = rows.column(_KEY[vendor]).to_pylist(), rows.column(_STAMP[vendor]).to_pylist()
        read = [Changed(vendor, object_name, each, at) for each, at in zip(ids, stamps, strict=True)]
        newer = self.rounds.news(self.state, read)
        for each in read:
            self.rounds.meet(Named(vendor, object_name, each.record_id), each.at)
        return set(newer)

    def _org(self, vendor: str) -> str:
        row = self.connection.execute(
            "select org_id from base.rules.connections where vendor = ?", [vendor]
        ).fetchone()
        return str(row[0]) if row else ""

    # -- who they are --------------------------------------------------------------------------------

    def _who(self, overlay: Overlay, read: dict[tuple[str, str], pa.Table]) -> who.Known:
        """Look up whose the records are, and bring everything of these people into the overlay."""
        scores = load_lead_score(self.settings.config_dir)
        overlay.narrow(_ids_read(read), (), scores)
        overlay.work_out({name: overlay.anew.people[name] for name in _FIRST})
        keys = [row[0] for row in self.connection.execute(f"select record_key from {_FIRST[0]}").fetchall()]
        with self.state.reading() as reading:
            since = registry.people_of(reading, keys)
        known = who.look_up(self.connection, keys, since)
        self.result.left, self.result.people = known.left, len(known.ids)
        if known.left:
            self.result.notes.append(
                f"{len(known.left):,} records are left to the next refresh: their keys lead to several people"
            )
        overlay.narrow(_ids(known), self._addresses(known), scores)
        overlay.replace("intermediate.int_people_resolved", who.resolved(self.connection, known, self.as_of))
        with self.state.reading() as reading:
            decided = decided_stages_table(handoffs.stages(reading))
        overlay.replace("rules.decided_stages", decided)
        overlay.work_out(overlay.anew.people)
        return known

    def _addresses(self, known: who.Known) -> set[str]:
        """Every address of their records, as they were and as they are."""
        found = set()
        for schema in ("base.intermediate", "intermediate"):
            rows = self.connection.execute(
                f"select lower(email) from {schema}.int_person_records where email is not null "
                f"and list_contains($keys::varchar[], record_key) union select substr(value, 7) "
                f"from {schema}.int_person_keys where starts_with(value, 'email:') "
                "and list_contains($keys::varchar[], record_key)", {"keys": sorted(known.people)},
            ).fetchall()  # fmt: skip
            found |= {str(row[0]) for row in rows}
        return found

    # -- deciding ------------------------------------------------------------------------------------

    def _decide(self, overlay: Overlay, known: who.Known) -> None:
        from pipelines.decisions import step as decisions
        from pipelines.decisions import taken
        from pipelines.decisions.routing import Within
        from pipelines.state import decisions as kept

        with self.state.reading() as reading:
            later = kept.load(reading, "routing", since=self.refreshed_at)
        recent = [decision for decision in later if decision.state == "assigned"]
        ripe = frozenset(person for key, person in known.people.items() if _named(key) in self.ripe)
        within = Within(known.ids, overlay.everyone(known.ids, recent), ripe, self._entering(known))
        decided = decisions.decide(self.connection, self.state, self.settings, self.run, self.as_of, within)
        self.result.decided = decided.counts
        self.result.notes += decided.notes
        created = dict(
            self.connection.execute(
                "select record_key, created_at from intermediate.int_person_records"
            ).fetchall()
        )
        crashpoint("events.deciding")
        with self.state.writing() as state:
            registry.save(state, known.registry(created, self.as_of))
            taken.keep(state, self.connection)
            met.save(state, self._named_people(known), self.as_of)
        crashpoint("events.decided")
        held = "select person_id, held_until from decisions.assignments where state = 'held'"
        now_held = {str(p): at for p, at in self.connection.execute(held).fetchall() if at is not None}
        self.rounds.clocks.held |= now_held
        overlay.work_out(overlay.anew.desired)
        overlay.complete()
        overlay.loaded(self.run)
        self.result.warehouse = self.loop.warehouse.publish_beside(self.connection, str(ULID()))

    def _entering(self, known: who.Known) -> tuple[Entering, ...]:
        """The people whom events bring into journeys."""
        people = {_named(key): person for key, person in known.people.items()}
        return tuple(
            Entering(people[each.named], each.journey, each.key, each.kind)
            for each in self.entries if each.named in people
        )  # fmt: skip

    def _named_people(self, known: who.Known) -> dict[str, str]:
        """All records of who was named, by key. Who was only read again, for no refresh has them yet, was met
        before: otherwise they would be met in every round, and left to the next refresh by each."""
        named = {person for key, person in known.people.items() if _named(key) in self.named}
        return {key: person for key, person in known.people.items() if person in named}


def _named(record_key: str) -> Named:
    vendor, _, object_name, record_id = record_key.split(":", 3)
    return Named(vendor, object_name, record_id)


def _written(state: State, since: datetime) -> dict[Named, datetime]:
    """Records that this project has written to since, and when it last did."""
    with state.reading() as reading:
        found = journal.written_since(reading, since - _OURS)
    return {_named(key): at for key, at in found.items()}


def _ids(known: who.Known) -> dict[str, set[str]]:
    """Ids of all records by vendor. Marketing Cloud knows people by Salesforce's ids, or by address."""
    found: dict[str, set[str]] = {}
    for key in known.people:
        vendor, _, _, record_id = key.split(":", 3)
        found.setdefault(vendor, set()).add(record_id)
    found["marketing_cloud"] = found.get("marketing_cloud", set()) | found.get("salesforce", set())
    return found


def _ids_read(found: Mapping[tuple[str, str], pa.Table]) -> dict[str, list[str]]:
    """Ids of the people's records that were read, by vendor."""
    ids: dict[str, list[str]] = {}
    for (vendor, table), rows in found.items():
        if (vendor, table) in _TABLES:
            ids.setdefault(vendor, []).extend(rows.column(_KEY[vendor]).to_pylist())
    return ids


def _stamps(found: dict[tuple[str, str], pa.Table]) -> Iterator[datetime]:
    for (vendor, table), rows in found.items():
        name = "submitted_at" if table == "form_submissions" else _STAMP[vendor]
        if name in rows.column_names:
            yield from (at for at in rows.column(name).to_pylist() if at is not None)
