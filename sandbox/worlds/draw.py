"""Drawing from a seed: generators, working times, plain letters. Nothing of the business itself."""

from __future__ import annotations

import random
import unicodedata
from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from typing import Any, TypeVar

from sandbox.times import DAY, HOUR, MINUTE, from_ms

T = TypeVar("T")
_MORNING = 6 / 13
_FEW, _MOST = 5, 21
_SMALL, _SMALL_FOR_MORE = 21, 85
"""Populations that the library samples as a list: of `_FEW` wanted, and of up to `_MOST`."""
_MONTHS = (1.0, 1.05, 1.2, 1.1, 1.1, 1.0, 0.7, 0.65, 1.2, 1.3, 1.2, 0.6)


class Generator(random.Random):
    """What `random.Random` draws, without its checks of what it is asked for: large worlds ask often.

    Each method has the drawing of a number below another within it, for a call costs more than the rest.
    """

    def below(self, count: int) -> int:
        """A whole number from 0 to below `count`."""
        bits = count.bit_length()
        found = self.getrandbits(bits)
        while found >= count:
            found = self.getrandbits(bits)
        return found

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        first, count = (0, start) if stop is None else (start, stop - start)
        if step != 1 or count <= 0:
            return super().randrange(start, stop, step)
        bits = count.bit_length()
        found = self.getrandbits(bits)
        while found >= count:
            found = self.getrandbits(bits)
        return first + found

    def choice(self, seq: Any) -> Any:
        count = len(seq)
        bits = count.bit_length()
        found = self.getrandbits(bits)
        while found >= count:
            found = self.getrandbits(bits)
        return seq[found]

    def weighted(self, population: Sequence[T], sums: Sequence[float]) -> T:
        """One of these, by the sums of their weights so far: `choices` of one."""
        return population[bisect(sums, self.random() * sums[-1], 0, len(sums) - 1)]

    def sample(self, population: Any, k: int, *, counts: Any = None) -> list[Any]:
        """Few of them, drawn as the library draws: a small population as a list, of a large one by place."""
        count, draw = len(population), self.getrandbits
        if counts is not None or not 0 <= k <= min(count, _MOST):
            return super().sample(population, k, counts=counts)
        found: list[Any] = []
        if not k:
            return found
        if count <= (_SMALL if k <= _FEW else _SMALL_FOR_MORE):
            pool = list(population)
            for left in range(count, count - k, -1):
                bits = left.bit_length()
                at = draw(bits)
                while at >= left:
                    at = draw(bits)
                found.append(pool[at])
                pool[at] = pool[left - 1]
            return found
        bits, taken = count.bit_length(), set()
        while len(found) < k:
            at = draw(bits)
            if at < count and at not in taken:
                taken.add(at)
                found.append(population[at])
        return found


def rng_for(seed: int, part: str) -> Generator:
    """A generator of its own for each part, so that a change in one leaves the others as they were."""
    return Generator(f"{seed}:{part}")


class Draws:
    """The generators of a seed. One that is asked for again goes on where it stopped."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._found: dict[str, Generator] = {}

    def __call__(self, part: str) -> Generator:
        found = self._found.get(part)
        if found is None:
            found = self._found[part] = rng_for(self.seed, part)
        return found


@lru_cache(maxsize=16_384)
def ascii_of(text: str) -> str:
    plain = text.translate(str.maketrans("øłß", "ols")).replace("Ł", "L").replace("Ø", "O")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


class _Busy(dict[int, float]):
    """How busy the month of a day since 1970 is, below zero where the day is none of the working week."""

    def __missing__(self, number: int) -> float:
        moment = from_ms(number * DAY)
        busy = _MONTHS[moment.month - 1]
        found = self[number] = busy if moment.weekday() < 5 else -busy
        return found


_BUSY = _Busy()


def working_time(rng: random.Random, start: int, end: int) -> int:
    """An instant between two others, on most days a working hour of a working day, busier in some months."""
    span = end - start
    if span <= 0:
        return start
    bits, draw, share = span.bit_length(), rng.getrandbits, rng.random
    for _ in range(8):
        found = draw(bits)
        while found >= span:
            found = draw(bits)
        number = (start + found) // DAY
        busy = _BUSY[number]
        if busy > 0:
            if share() * 1.3 < busy:
                break
        elif share() < 0.1 and share() * 1.3 < -busy:
            break
    # From 7 to 20, most often around 13, as `triangular` makes it of a random number.
    hour = share()
    if hour > _MORNING:
        hour = 20 - 13 * sqrt((1.0 - hour) * (1.0 - _MORNING))
    else:
        hour = 7 + 13 * sqrt(hour * _MORNING)
    minute = draw(6)
    while minute >= 60:
        minute = draw(6)
    at = number * DAY + int(hour * HOUR) + minute * MINUTE
    if at < start:
        return start
    return at if at < end else end
