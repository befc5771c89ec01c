"""A list read at several places at once: each record once, few calls for nothing, and a kill goes on."""

from __future__ import annotations

import threading

import orjson
import pytest

from pipelines.clients.hubspot.pages import Page
from pipelines.sources.hubspot.stretches import AT_ONCE, Stretches

from .test_ahead import Calls

EVEN = list(range(1, 4_001))
SKEWED = [*range(1, 3_001), *range(10**11, 10**11 + 1_000)]
SPARSE = [n**3 for n in range(1, 2_001)]


class Vendor:
    """A list of ids by 50; `after` names the last id of the page before, or (`names_next`) the next one."""

    def __init__(self, ids: list[int], *, names_next: bool = False) -> None:
        self.ids, self.names_next, self.calls = ids, names_next, Calls()
        self.asked, self.lock = 0, threading.Lock()

    def ask(self, after: str | None):
        while True:
            with self.lock:
                self.asked += 1
            self.calls.count_here(1)
            bound = int(after or 0)
            ids = [each for each in self.ids if (each >= bound if self.names_next else each > bound)]
            page, rest = ids[:50], ids[50:]
            after = str(rest[0] if self.names_next else page[-1]) if rest else None
            yield Page([{"id": str(each)} for each in page], after)
            if after is None:
                return

    def list(self, left=()) -> Stretches:
        return Stretches.of(self.ask, self.calls, -(-len(self.ids) // 50), max(self.ids), left)


@pytest.mark.parametrize("names_next", [False, True])
@pytest.mark.parametrize("ids", [EVEN, SKEWED, SPARSE, [7]], ids=["even", "skewed", "sparse", "one"])
def test_each_record_comes_once_however_ids_are_spread(ids, names_next):
    vendor = Vendor(ids, names_next=names_next)
    found = [int(each["id"]) for page in vendor.list() for each in page.results]
    assert sorted(found) == ids
    least = -(-len(ids) // 50)
    assert vendor.asked <= least + 2 * (AT_ONCE - 1 + least // 100)
    assert vendor.calls.calls_here == vendor.asked


def test_it_is_read_at_several_places_at_once():
    vendor, all_here = Vendor(EVEN), threading.Barrier(AT_ONCE, timeout=20)
    met = threading.local()

    def ask(after):
        for number, page in enumerate(vendor.ask(after)):
            if (after is not None or number == 1) and not hasattr(met, "yes"):
                met.yes = all_here.wait() + 1  # nobody goes on before as many as that are here
            yield page

    several = Stretches.of(ask, vendor.calls, 80, max(EVEN))
    assert sorted(int(each["id"]) for page in several for each in page.results) == EVEN


@pytest.mark.parametrize("stop", [1, 5, 17, 60])
def test_what_is_left_when_it_stops_is_read_by_the_next_and_nothing_twice(stop):
    vendor = Vendor(SKEWED)
    several, found, left = vendor.list(), [], ""
    for number, page in enumerate(several, start=1):
        found += [int(each["id"]) for each in page.results]
        left = several.left
        if number == stop:
            break
    again = Vendor(SKEWED)
    rest = [int(each["id"]) for page in again.list(orjson.loads(left)) for each in page.results]
    assert sorted([*found, *rest]) == SKEWED


def test_an_error_at_one_place_ends_the_whole():
    vendor = Vendor(EVEN)

    def ask(after):
        for number, page in enumerate(vendor.ask(after)):
            if after is not None and number == 2:
                raise RuntimeError("away")
            yield page

    with pytest.raises(RuntimeError, match="away"):
        list(Stretches.of(ask, vendor.calls, 80, max(EVEN)))
    assert vendor.asked < 80
    assert not [each for each in threading.enumerate() if each.name.startswith("stretch")]
