"""What is asked of a portal first: in a call or few of each kind of thing, how much there is to read of it.

Belongs here: telling the head of a reading from what hangs on it, so that all of it can be counted before the
first row is read. What the heads are is in `small`, `messages` and `consent`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipelines.clients.hubspot.client import HubSpotClient
from pipelines.sources.catalogs import table_of
from pipelines.sources.fetched import TableFetch
from pipelines.sources.reading import Reading

Result = list[TableFetch]


@dataclass(frozen=True)
class Begun:
    """`done` is read; `rest` reads what is left, in about so many `calls`.

    `uncounted`: how people call what HubSpot gives no count of, so that `calls` are the least it takes.
    """

    done: Result
    rest: Callable[[], Result] | None = None
    calls: int = 0
    uncounted: str = ""


Begin = Callable[[Reading, HubSpotClient], Begun]


def begin(
    reading: Reading, client: HubSpotClient, names: Sequence[str], first: Begin, optional: bool
) -> Begun:
    """Read the head of these tables. What goes wrong is said of all of them, and nothing is left to read."""
    tables = [table_of("hubspot", name) for name in names]
    begun: list[Begun] = []

    def read() -> Result:
        begun.append(first(reading, client))
        return begun[-1].done

    done = reading.guarded(tables, read, optional=optional)
    if not begun:
        return Begun(done)
    left = [table for table in tables if table.name not in {each.table.name for each in done}]
    rest = begun[-1].rest
    if rest is None:
        return Begun(done)
    return replace(begun[-1], done=done, rest=lambda: reading.guarded(left, rest, optional=optional))


def whole(read: Callable[[Reading, HubSpotClient], Result]) -> Begin:
    """Of what is read in a call or few, the head is all there is."""
    return lambda reading, client: Begun(read(reading, client))
