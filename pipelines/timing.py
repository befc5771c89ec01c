"""How long a run spent before it could do anything: importing packages, parsing the dbt project, definitions.

Belongs here: a stopwatch. What a step costs in all is in its StepResult.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_spent: dict[str, float] = {}


@contextmanager
def fixed_cost(name: str) -> Iterator[None]:
    """Count the time inside as fixed cost under `name`. Time hidden in another thread is not counted."""
    started = time.perf_counter()
    try:
        yield
    finally:
        _spent[name] = _spent.get(name, 0.0) + time.perf_counter() - started


def fixed_costs() -> dict[str, float]:
    """Seconds by name, of this process so far."""
    return dict(_spent)
