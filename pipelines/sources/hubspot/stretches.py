"""One list read at several places at once: its ids cut into stretches, each read by a thread of its own.

Belongs here: who reads which ids, and what is left of it after a kill. A list goes on where its last id ends,
so page by page it is as slow as answers are: a million contacts take the better part of an hour. Ids are
spread unevenly, nobody knows how; so whoever is done with a stretch takes over the upper half of the longest
that others still have. At each cut at most a page is read for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from queue import Queue

import orjson

from pipelines.sources.ahead import PAGES_AHEAD, Counter
from pipelines.sources.hubspot.pages import AnyPage
from pipelines.threads import Pool

AT_ONCE = 4
PAGES_WORTH_IT = 40
"""A list of fewer pages is read by one: a cut costs a page."""
PAGES_FOR_A_CUT = 100
"""One cut for so many pages: what is read for nothing stays at 1% of the calls."""
Ask = Callable[[str | None], Iterator[AnyPage]]
"""The pages of the list from an id on."""


@dataclass
class Stretch:
    """Ids after `after` up to and with `last` (None: to the end). `read`: the last id that was read of it;
    `given`: the last that whoever asks has been given."""

    after: int
    last: int | None
    read: int = 0
    given: int = 0

    def __post_init__(self) -> None:
        self.read = self.given = self.after

    def take(self, page: AnyPage) -> tuple[AnyPage, bool]:
        """The records of a page that belong here, and whether they are the last."""
        ids = [int(each) for each in page.ids]
        mine = [key > self.after and (self.last is None or key <= self.last) for key in ids]
        self.read = max([self.read, *ids])
        is_end = page.after is None or (self.last is not None and self.read >= self.last)
        return page.picked(mine, None if is_end else page.after), is_end


@dataclass(frozen=True)
class _Item:
    """What a thread has read: a page, the error that ended it, or neither: its stretch is done."""

    stretch: Stretch
    calls: int = 0
    page: AnyPage | None = None
    error: BaseException | None = None


@dataclass
class Stretches:
    """A list in the order that its pages arrive in. `highest`: an id that few or none are above."""

    ask: Ask
    counter: Counter
    open: list[Stretch]
    highest: int
    cuts: int
    """How many more may be made."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopped: bool = False

    @classmethod
    def of(
        cls, ask: Ask, counter: Counter, pages: int, highest: int, left: Sequence[tuple[int, int | None]] = ()
    ) -> Stretches:
        """All of a list of about so many pages, or what a killed load has left of it."""
        return cls(
            ask, counter, [Stretch(*each) for each in left or [(0, None)]], highest,
            cuts=max(AT_ONCE - 1, pages // PAGES_FOR_A_CUT),
        )  # fmt: skip

    @property
    def left(self) -> str:
        """What has not been given yet, to go on with."""
        return orjson.dumps([(each.given, each.last) for each in self.open]).decode()

    def __iter__(self) -> Iterator[AnyPage]:
        """Pages; once one is asked for, the one before counts as given. An error comes when it is met."""
        found: Queue[_Item] = Queue(PAGES_AHEAD)
        busy: set[int] = set()
        pool = Pool(AT_ONCE, thread_name_prefix="stretch")
        try:
            while self.open:
                while len(busy) < AT_ONCE and (stretch := self._next(busy)):
                    busy.add(id(stretch))
                    pool.submit(self._read, stretch, found)
                item = found.get()
                self.counter.count_here(item.calls)
                if item.error is not None:
                    raise item.error
                if item.page is None:
                    busy.discard(id(item.stretch))
                    self.open.remove(item.stretch)
                    continue
                item.stretch.given = max([item.stretch.given, *map(int, item.page.ids)])
                yield item.page
        finally:
            self._stopped = True
            while not found.empty():
                found.get()  # a thread that waits for room goes on, and sees that it is over
            pool.shutdown(wait=True, cancel_futures=True)

    def _next(self, busy: set[int]) -> Stretch | None:
        """One that nobody reads yet, or the upper half of the longest that is being read."""
        for stretch in self.open:
            if id(stretch) not in busy:
                return stretch
        with self._lock:
            # Where its reader has not begun nobody knows where ids begin.
            begun = [each for each in self.open if each.read > each.after]
            longest = max(begun, key=self._length, default=None)
            if longest is None or self.cuts <= 0 or self._length(longest) < 2:
                return None
            self.cuts -= 1
            middle = longest.read + self._length(longest) // 2
            upper = Stretch(middle, longest.last)
            longest.last = middle
        self.open.append(upper)
        return upper

    def _length(self, stretch: Stretch) -> int:
        return (self.highest if stretch.last is None else stretch.last) - stretch.read

    def _read(self, stretch: Stretch, found: Queue[_Item]) -> None:
        before = self.counter.calls_here
        try:
            for page in self.ask(str(stretch.after) if stretch.after else None):
                with self._lock:
                    mine, is_end = stretch.take(page)
                calls, before = self.counter.calls_here - before, self.counter.calls_here
                found.put(_Item(stretch, calls, mine))
                if is_end or self._stopped:
                    break
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever reads, not to this thread
            found.put(_Item(stretch, self.counter.calls_here - before, error=error))
        else:
            found.put(_Item(stretch, self.counter.calls_here - before))
