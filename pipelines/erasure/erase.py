"""The erasure itself: the steps in an order in which each may be killed, and doing it again completes it.

Belongs here: that order, the locks around it, parked worlds. What a step does is in the module of its name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from ulid import ULID

from pipelines.crashpoints import crashpoint
from pipelines.erasure import files, images, order, rows
from pipelines.erasure.order import Order
from pipelines.erasure.request import Asked
from pipelines.erasure.subject import Subject, find
from pipelines.errors import CrmError
from pipelines.reverse_sync.lock import only_one
from pipelines.settings import Settings
from pipelines.state import State, erasures, suppression
from pipelines.warehouse import Warehouse

CRASHPOINTS = ("erase.ordered", "erase.listed", "erase.published", "erase.blanked", "erase.filed")


@dataclass(frozen=True)
class Place:
    """One home: `var/` itself, or a world that is parked in it."""

    settings: Settings
    warehouse: Warehouse
    state: State


_DECIDING_SECONDS = 60.0
"""A round over a few people ends by then; it would keep what is erased here."""


@dataclass
class Erased:
    """What an erasure came to. `rows` by table or folder; `subjects` stay in memory, for asking the CRMs."""

    erasure_id: str
    people: int = 0
    before: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    leftovers: list[str] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return not self.leftovers


def erase(
    place: Place, asked: Sequence[Asked], *, reason: str, dry_run: bool = False, keep_spool: bool = False,
    must_know: bool = True, wait_seconds: float = 0.0,
) -> Erased:  # fmt: skip
    """Erase these people from a home and the worlds parked in it, after completing what was interrupted.

    `reason` goes into the receipt and must not name anybody. Raises CrmError, with nothing done, when
    (`must_know`) somebody is not known here and never was, and Locked when another run is at work; an apply
    is waited for as long as `wait_seconds`.
    """
    with ExitStack() as stack:
        stack.enter_context(place.warehouse.locked("an erasure"))
        lock = place.settings.home / "apply.lock"
        stack.enter_context(only_one(lock, "an erasure", place.state, wait_seconds=wait_seconds))
        stack.enter_context(place.warehouse.deciding("an erasure", wait_seconds=_DECIDING_SECONDS))
        places = [place, *(stack.enter_context(_parked(place.settings, each)) for each in _worlds(place))]
        erased = Erased(str(ULID()))
        for each in () if dry_run else places:
            finish_interrupted(each, erased)
        found = [_find(each, asked) for each in places]
        nowhere = [one for one in asked if all(one in unknown for _, unknown, _ in found)]
        if nowhere and must_know:
            raise _unknown(nowhere)
        erased.before = len([one for one in asked if any(one in before for _, _, before in found)])
        for each, (subject, _, _) in zip(places, found, strict=True):
            if subject.keys or subject.emails:
                erased.subjects.append(subject)
                erased.people = max(erased.people, subject.people)
                work = Order(erased.erasure_id, reason, subject)
                if dry_run:
                    erased.rows += _would(each, work)
                else:
                    order.save(each.settings.paths.erasing, work)
                    crashpoint("erase.ordered")
                    _carry_out(each, work, erased, keep_spool=keep_spool)
    return erased


def holds_pending(settings: Settings) -> bool:
    """Whether an erasure was interrupted in this home."""
    return settings.paths.erasing.exists()


def finish_interrupted(place: Place, erased: Erased | None = None) -> Erased | None:
    """Complete an erasure that was killed. None when there is none. Call it with the writer's lock held."""
    work = order.load(place.settings.paths.erasing)
    if work is None:
        return None
    erased = erased or Erased(work.erasure_id)
    erased.subjects.append(work.subject)
    erased.people += work.subject.people
    _carry_out(place, work, erased, keep_spool=False)
    return erased


def _carry_out(place: Place, work: Order, erased: Erased, *, keep_spool: bool) -> None:
    paths, subject, now = place.settings.paths, work.subject, datetime.now(UTC)
    with place.state.writing() as state:
        erasures.begin(state, work.erasure_id, reason=work.reason, people=subject.people, at=now)
        listed = suppression.add(
            state, paths.suppression_key, emails=subject.emails, record_keys=subject.record_keys,
            erasure_id=work.erasure_id,
        )  # fmt: skip
    crashpoint("erase.listed")
    counts, work = _in_warehouse(place, work, listed)
    crashpoint("erase.published")
    with place.state.writing() as state:
        in_state = images.erase_images(state, subject, listed, now, work.went)
        erasures.count(state, work.erasure_id, counts + in_state)
    place.state.compact()
    crashpoint("erase.blanked")
    in_files = files.erase_files(paths.home, subject, keep_spool=keep_spool)
    crashpoint("erase.filed")
    left = files.leftovers(paths.home, subject, lambda needle: _is_somebody_elses(place, needle))
    with place.state.writing() as state:
        erasures.count(state, work.erasure_id, in_files)
        if not left:
            erasures.complete(state, work.erasure_id, datetime.now(UTC))
    if not left:
        order.done(paths.erasing)
    erased.rows += counts + in_state + in_files
    erased.leftovers += left


def _in_warehouse(
    place: Place, work: Order, listed: suppression.Suppression
) -> tuple[Counter[str], Order]:  # fmt: skip
    """The warehouse and the published file, written anew: DuckDB keeps what was deleted in free blocks."""
    if not place.settings.paths.warehouse.exists():
        place.warehouse.discard_work()
        place.settings.paths.published.unlink(missing_ok=True)
        return Counter(), work
    place.warehouse.start_work()
    with place.warehouse.writing() as connection:
        went = rows.erase_rows(connection, work.subject)
        work = replace(work, went=tuple(sorted({*work.went, *went.record_keys})))
        order.save(place.settings.paths.erasing, work)
        keys = (*work.subject.keys, *work.went)
        went.rows["ops.journal"] += images.blank_copy(connection, keys, listed)
    with place.state.writing() as state:
        suppression.add(
            state, place.settings.paths.suppression_key, emails=(), record_keys=went.record_keys,
            erasure_id=work.erasure_id,
        )  # fmt: skip
    place.warehouse.rewrite()
    place.warehouse.publish(str(ULID()))
    return +went.rows, work


def _is_somebody_elses(place: Place, needle: str) -> bool:
    """Whether living cells, all of them others', explain why these letters are in the bytes of a database."""
    with place.state.reading() as state:
        said = [images.is_somebody_elses(state, needle)]
    if place.settings.paths.warehouse.exists():
        with place.warehouse.reading("warehouse") as connection:
            said.append(rows.is_somebody_elses(connection, needle))
    return any(said) and False not in said


def _would(place: Place, work: Order) -> Counter[str]:
    """What would go from the warehouse, found out on a copy that is thrown away."""
    if not place.settings.paths.warehouse.exists():
        return Counter()
    place.warehouse.start_work()
    try:
        with place.warehouse.writing() as connection:
            return rows.erase_rows(connection, work.subject).rows
    finally:
        place.warehouse.discard_work()


def _find(place: Place, asked: Sequence[Asked]) -> tuple[Subject, list[Asked], list[Asked]]:
    with place.state.reading() as state:
        listed = suppression.load(state, place.settings.paths.suppression_key)
        if not place.settings.paths.warehouse.exists():
            return find(asked, None, state, listed)
        with place.warehouse.reading("warehouse") as connection:
            return find(asked, connection, state, listed)


def _worlds(place: Place) -> list[Path]:
    parked = place.settings.home / "worlds"
    return sorted(each for each in parked.iterdir() if each.is_dir()) if parked.is_dir() else []


@contextmanager
def _parked(settings: Settings, home: Path) -> Iterator[Place]:
    """A parked world is a home of its own: it has its warehouse, its state and its list."""
    own = replace(settings, home=home, state_url="")
    warehouse = Warehouse(own.paths)
    with warehouse.locked("an erasure"), State.open(own) as state:
        yield Place(own, warehouse, state)


def _unknown(nowhere: Sequence[Asked]) -> CrmError:
    lines = [one.line for one in nowhere if one.line]
    who = f"nobody known here is meant by {lines[0]}" if lines else "nobody known here is meant by that"
    more = f" and {len(lines) - 1} more lines" if len(lines) > 1 else ""
    return CrmError(
        who + more, where="crm erase",
        remedy="nothing was erased; look for the address in marts.unified_leads, or give a record key",
    )  # fmt: skip
