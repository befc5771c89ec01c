"""A large plan is written piece by piece, so that whoever waits to write waits for seconds."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from cli import rounds


@pytest.mark.parametrize(
    ("actions", "records", "seconds_each", "pieces"),
    [
        (500, 0, 0.5, [200, 50, 50, 50, 50, 50, 50]),
        (0, 12_000, 0.0001, [5_000, 5_000, 5_000]),
        (0, 12_000, 0.005, [5_000, 2_000, 2_000, 2_000, 2_000]),
        (30, 0, 0.5, [5_000]),
    ],
)
def test_a_piece_is_as_large_as_ten_seconds_allow_by_the_one_before(
    actions: int, records: int, seconds_each: float, pieces: list[int]
) -> None:
    now, asked, written = 0.0, list[int](), 0

    def apply(_: Path, *, only: object, limit: int) -> SimpleNamespace:
        nonlocal now, written
        asked.append(limit)
        some = min(limit, max(actions, records) - written)
        now, written = now + some * seconds_each, written + some
        return SimpleNamespace(syncs={"handoff": SimpleNamespace(sent=written)}, is_partial=False)

    plan = SimpleNamespace(
        path=Path("plan.jsonl"), syncs={"handoff": SimpleNamespace(records=records)},
        actions={"handoff": SimpleNamespace(total=actions)},
    )  # fmt: skip
    rounds._apply(SimpleNamespace(apply=apply), plan, ["handoff"], lambda: now)  # type: ignore[arg-type]
    assert asked == pieces
    assert written == max(actions, records)
