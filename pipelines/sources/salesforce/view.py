"""What is asked of the whole org before any object is read, in as few calls as it takes.

Belongs here: describes, the probes that tell which objects have changed, and getDeleted, each for many
objects in one call. What follows from the answers is in `records` and `deletions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pipelines.clients import errors
from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.clients.salesforce.together import Answer
from pipelines.rules.extract import Choice
from pipelines.sources.known import overlap_of
from pipelines.sources.reading import Reading
from pipelines.sources.salesforce.shape import Shape, shape_of
from pipelines.sources.schema import RawTable

LONGEST_SOQL = 6_000
"""In a request of its own Salesforce takes about 16,000 characters of address; longer queries go by bulk."""
_ID_LENGTH = len(" '001000000000000AAA',")
_SHORTEST_WINDOW = timedelta(minutes=1)
LONGEST_WINDOW = timedelta(days=29)
"""Of getDeleted."""


@dataclass
class View:
    """The org as far as it was asked. `shapes` of the objects there are, `refused` of the others."""

    shapes: dict[str, Shape] = field(default_factory=dict)
    refused: dict[str, errors.ClientError] = field(default_factory=dict)
    probes: dict[str, Answer] = field(default_factory=dict)
    deleted: dict[str, Answer] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """Rows of the objects that are read for the first time, deleted ones too, where Salesforce says it."""
    problems: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Sentences about fields that config names and Salesforce does not show."""


def look(reading: Reading, client: SalesforceClient, tables: Sequence[RawTable], pool: Executor) -> View:
    """Ask what there is and what has changed."""
    view = View()
    for name, answer in client.together.describes([table.api_name for table in tables], pool).items():
        table = next(each for each in tables if each.api_name == name)
        try:
            described = answer.get()
            choice, held = reading.rules.salesforce.choice(name), _held(reading, table)
            view.shapes[name] = shape_of(table, described, choice, held)
            view.problems[name] = _of_config(choice, client, table, described)
        except errors.ClientError as error:
            view.shapes.pop(name, None)
            view.refused[name] = error
    view.probes = client.together.queries(_probes(reading, view), pool)
    view.deleted = client.together.deleted(_deletion_windows(reading, view), pool)
    counted = client.together.queries(_counted(reading, view), pool)
    view.counts = {
        name: int(answer.body.get("totalSize") or 0)
        for name, answer in counted.items()
        if answer.error is None and isinstance(answer.body, dict)
    }
    return view


def _counted(reading: Reading, view: View) -> dict[str, tuple[str, bool]]:
    return {
        name: (f"SELECT COUNT() FROM {name}", True)
        for name, shape in view.shapes.items()
        if shape.table.cursor and reading.of(shape.table).cursor is None
    }


def _held(reading: Reading, table: RawTable) -> frozenset[str]:
    """Columns that hold what was read of them at some time."""
    known = reading.of(table)
    return frozenset() if known.cursor is None else frozenset(known.columns) - known.lacking


def _of_config(
    choice: Choice, client: SalesforceClient, table: RawTable, described: dict[str, object]
) -> tuple[str, ...]:
    """Of fields that config names and Salesforce does not show, it says itself what is wrong.

    A promised field may be left out all the same: whoever does so knows that it is not shown.
    """
    listed = described.get("fields")
    shown = {str(each["name"]).casefold() for each in listed} if isinstance(listed, list) else set()
    promised = {name.casefold() for name in table.columns}
    asked = [name for name in choice.only or () if name.casefold() not in shown]
    asked += [name for name in choice.without if name.casefold() not in shown | promised]
    sentences = []
    for name in asked:
        try:
            next(client.query_pages(f"SELECT {name} FROM {table.api_name} LIMIT 1"))
        except (errors.UnknownField, errors.Rejected, errors.Forbidden, errors.NotFound) as error:
            said = error.what
            sentences.append(f"config/extract.yml names the field {table.api_name}.{name}: {said}")
    return tuple(sentences)


def _probes(reading: Reading, view: View) -> dict[str, tuple[str, bool]]:
    """By changes: which rows of the window there are, in which version. Whole: all there is."""
    found = {}
    for name, shape in view.shapes.items():
        known = reading.of(shape.table)
        if not shape.table.cursor:
            soql = select(shape.fields, name)
            if len(soql) < LONGEST_SOQL:
                found[name] = (soql, False)
        elif known.cursor is not None:
            cursor = shape.table.cursor
            window = within(cursor, known.cursor - overlap_of("salesforce"), reading.upper)
            found[name] = (select((shape.table.key[0], cursor), name, window), True)
    return found


def _deletion_windows(reading: Reading, view: View) -> dict[str, tuple[str, str]]:
    """From a little before the last extract, or a first load that was killed, to now: a month of it at most,
    more Salesforce does not take."""
    found = {}
    for name, shape in view.shapes.items():
        since = reading.since(shape.table)
        if since is None or not shape.table.cursor or not shape.keeps_deletions:
            continue
        start = max(since - overlap_of("salesforce"), reading.upper - LONGEST_WINDOW)
        if reading.upper - start >= _SHORTEST_WINDOW:
            found[name] = (literal(start), literal(reading.upper))
    return found


def select(fields: Sequence[str], sobject: str, where: str = "") -> str:
    """A query's text."""
    return f"SELECT {', '.join(fields)} FROM {sobject}{where}"


def ids_in(soql: str) -> int:
    """How many ids a query has room for in its address, beside what it says."""
    return (LONGEST_SOQL - len(soql)) // _ID_LENGTH


def within(column: str, low: datetime, high: datetime) -> str:
    """A window on a column: from `low` on, before `high`."""
    return f" WHERE {column} >= {literal(low)} AND {column} < {literal(high)}"


def literal(moment: datetime) -> str:
    """An instant as SOQL writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
