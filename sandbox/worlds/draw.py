"""Drawing from a seed: generators, working times, plain letters. Nothing of the business itself."""

from __future__ import annotations

import random
import unicodedata

from sandbox.times import DAY, HOUR, MINUTE, from_ms

_MONTHS = (1.0, 1.05, 1.2, 1.1, 1.1, 1.0, 0.7, 0.65, 1.2, 1.3, 1.2, 0.6)


def rng_for(seed: int, part: str) -> random.Random:
    """A generator of its own for each part, so that a change in one leaves the others as they were."""
    return random.Random(f"{seed}:{part}")


def ascii_of(text: str) -> str:
    plain = text.translate(str.maketrans("øłß", "ols")).replace("Ł", "L").replace("Ø", "O")
    return unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()


def working_time(rng: random.Random, start: int, end: int) -> int:
    """An instant between two others, on most days a working hour of a working day, busier in some months."""
    if end <= start:
        return start
    for _ in range(8):
        day = rng.randrange(start, end)
        moment = from_ms(day)
        working = moment.weekday() < 5 or rng.random() < 0.1
        if working and rng.random() * 1.3 < _MONTHS[moment.month - 1]:
            break
    at = day - day % DAY + int(rng.triangular(7, 20, 13) * HOUR) + rng.randrange(60) * MINUTE
    return min(max(start, at), end)
