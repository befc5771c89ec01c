"""Pages are read ahead in their order; errors and calls end up with whoever reads them."""

from __future__ import annotations

import threading

import pytest

from pipelines.sources.ahead import Behind, ahead


class Calls:
    """Counts by thread, as a client does."""

    def __init__(self):
        self._here = threading.local()

    @property
    def calls_here(self):
        return getattr(self._here, "calls", 0)

    def count_here(self, calls):
        self._here.calls = self.calls_here + calls


def test_what_is_read_ahead_comes_in_order_and_its_calls_are_the_readers():
    calls = Calls()

    def pages():
        for number in range(7):
            calls.count_here(2)
            yield number

    assert list(ahead(pages(), calls, at_most=3)) == list(range(7))
    assert calls.calls_here == 14


def test_the_next_pages_are_asked_for_while_one_is_worked_on_but_not_more_than_agreed():
    third = threading.Event()
    taken = []

    def pages():
        for number in range(10):
            taken.append(number)
            if number == 2:
                third.set()
            yield number

    reader = ahead(pages(), Calls(), at_most=3)
    assert next(reader) == 0
    assert third.wait(5), "nothing was read ahead"
    reader.close()
    assert len(taken) <= 4


def test_an_error_comes_after_the_pages_before_it():
    def pages():
        yield 1
        raise ValueError("cut off")

    reader = ahead(pages(), Calls())
    assert next(reader) == 1
    with pytest.raises(ValueError, match="cut off"):
        next(reader)


def test_work_behind_goes_on_while_the_reader_reads_in_order_and_its_calls_are_the_readers():
    calls, done, reading = Calls(), [], threading.Event()

    def part(number):
        if number == 0:
            assert reading.wait(5), "the reader waited for the first part"
        calls.count_here(2)
        done.append(number)

    with Behind(calls) as behind:
        for number in range(4):
            behind.do(lambda number=number: part(number))
            reading.set()
        behind.wait()
        assert (done, calls.calls_here) == ([0, 1, 2, 3], 8)


def test_an_error_of_the_work_behind_meets_who_gives_the_next_and_nothing_is_at_work_afterwards():
    def fail():
        raise ValueError("no room")

    done, let_go = [], threading.Event()
    with Behind(Calls()) as behind:
        behind.do(fail)
        with pytest.raises(ValueError, match="no room"):
            behind.do(lambda: done.append("never"))
    assert done == []
    with Behind(Calls()) as behind:
        behind.do(lambda: done.append(let_go.wait(5)))
        let_go.set()
    assert done == [True]
