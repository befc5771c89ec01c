"""Batches of actions that are under way together, as far as they are about different things.

Belongs here: which batch may begin beside which, and waiting for them. What a batch is to the journal is
`performing.py`; how many calls a second are allowed is the client's rate budget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

from pipelines.reverse_sync.actions.base import Action
from pipelines.threads import Pool

Result = TypeVar("Result")
Begun = Callable[[], Result]


@runtime_checkable
class SideBySide(Protocol):
    """A handler whose calls may be under way together."""

    at_once: ClassVar[int]

    @staticmethod
    def apart(action: Action) -> frozenset[str]:
        """What no two calls may be about at a time: a record that is written or locked, an address that is
        looked for before something is created."""
        ...


class OfItsRecord:
    """Calls about different records may go side by side."""

    @staticmethod
    def apart(action: Action) -> frozenset[str]:
        return frozenset({action.record_key, *action.needs} - {""})


def at_once(handler: object) -> int:
    return handler.at_once if isinstance(handler, SideBySide) else 1


def about(handler: object, batch: Sequence[Action]) -> frozenset[str]:
    if not isinstance(handler, SideBySide):
        return frozenset()
    return frozenset().union(*(handler.apart(action) for action in batch))


def by_parent(handler: object, some: Sequence[Action]) -> list[Action]:
    """Actions that may not be under way together next to each other, so that a batch has them all and few
    batches wait; otherwise in their order. `handler` may be the class: a plan counts calls in this order."""
    if not isinstance(handler, SideBySide):
        return list(some)
    place: dict[str, int] = {}
    first: list[int] = []
    for number, action in enumerate(some):
        things = handler.apart(action)
        first.append(min((place[each] for each in things if each in place), default=number))
        for each in things:
            place.setdefault(each, first[-1])
    return [some[number] for number in sorted(range(len(some)), key=lambda number: (first[number], number))]


def run(batches: Iterable[tuple[frozenset[str], Callable[[], Begun[Result]]]], most: int) -> Iterator[Result]:
    """What came of each batch, as it comes. A batch is `about` things and a function that writes down that
    it is begun and returns the call. It is begun when a place is free and no batch under way is about any of
    the same things; after one that failed none is, and those under way end before the failure is raised."""
    if most == 1:
        for _, begin in batches:
            yield begin()()
        return
    going: dict[Future[Result], frozenset[str]] = {}
    with Pool(most, thread_name_prefix="act") as pool:
        for things, begin in batches:
            while len(going) >= most or any(things & other for other in going.values()):
                yield from _ended(going)
            going[pool.submit(begin())] = things
        while going:
            yield from _ended(going)


def _ended(going: dict[Future[Result], frozenset[str]]) -> Iterator[Result]:
    """Those that have ended, at least one."""
    done, _ = wait(going, return_when=FIRST_COMPLETED)
    failed = next((each for each in done if each.exception() is not None), None)
    if failed is not None:
        done, _ = wait(going)
    for each in done:
        del going[each]
        if each.exception() is None:
            yield each.result()
    if failed is not None:
        failed.result()
