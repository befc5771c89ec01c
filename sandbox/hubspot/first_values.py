"""Whence the values come that a record was made with: of the world, of a client, of a workflow."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.store import Store

Source = tuple[str, str]
OF_THE_WORLD: Source = ("IMPORT", "import")
_OF_A_CLIENT: Source = ("INTEGRATION", "sandbox-app")


def sources(store: Store, plural: str, ids: Sequence[int]) -> dict[int, Source]:
    """Kind and name of who made these records, as histories tell it."""
    marks = ", ".join("?" * len(ids))
    rows = store.rows(
        f"select record_id, request_id from writes where object = ? and record_id in ({marks}) "
        "and operation = 'create' and field = 'hs_object_id'",
        (plural, *(str(each) for each in ids)),
    )
    made = {int(own): by for own, by in rows}
    return {each: _source(made.get(each)) for each in ids}


def _source(request: str | None) -> Source:
    if request is None:
        return OF_THE_WORLD
    return ("AUTOMATION_PLATFORM", request) if request.startswith("flow-") else _OF_A_CLIENT
