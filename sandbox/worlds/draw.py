"""Drawing from a seed: generators, working times, plain letters. Nothing of the business itself."""

from __future__ import annotations

import random
import unicodedata
from functools import lru_cache
from typing import Any

from sandbox.times import DAY, HOUR, MINUTE, from_ms

_MONTHS = (1.0, 1.05, 1.2, 1.1, 1.1, 1.0, 0.7, 0.65, 1.2, 1.3, 1.2, 0.6)


class Generator(random.Random):
    """What `random.Random` draws, without its checks of what it is asked for: large worlds ask often."""

    def below(self, count: int) -> int:
        """A whole number from 0 to below `count`."""
        bits = count.bit_length()
        found = self.getrandbits(bits)
        while found >= count:
            found = self.getrandbits(bits)
        return found

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        if step != 1 or (start if stop is None else stop - start) <= 0:
            return super().randrange(start, stop, step)
        return self.below(start) if stop is None else start + self.below(stop - start)

    def choice(self, seq: Any) -> Any:
        return seq[self.below(len(seq))]


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


@lru_cache(maxsize=8_192)
def _day(number: int) -> tuple[bool, float]:
    """Whether a day since 1970 is in the working week, and how busy its month is."""
    moment = from_ms(number * DAY)
    return moment.weekday() < 5, _MONTHS[moment.month - 1]


def working_time(rng: random.Random, start: int, end: int) -> int:
    """An instant between two others, on most days a working hour of a working day, busier in some months."""
    if end <= start:
        return start
    for _ in range(8):
        day = rng.randrange(start, end)
        weekday, busy = _day(day // DAY)
        working = weekday or rng.random() < 0.1
        if working and rng.random() * 1.3 < busy:
            break
    at = day - day % DAY + int(rng.triangular(7, 20, 13) * HOUR) + rng.randrange(60) * MINUTE
    return min(max(start, at), end)
