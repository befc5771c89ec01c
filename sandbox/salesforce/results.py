"""Result files of bulk jobs: CSV on disk, with an index of where every so many rows begin.

Fields are quoted, lines end in LF, an empty field is null, as Salesforce writes them.
"""

from __future__ import annotations

import csv
import io
import os
import sqlite3
from array import array
from collections.abc import Callable
from pathlib import Path

from sandbox.salesforce.fields import SQL_TYPES
from sandbox.salesforce.soql.compiler import Compiled
from sandbox.store import Store

Prepare = Callable[[sqlite3.Connection], None]
BLOCK = 1_000
_AT_ONCE = 100
"""Columns in one call of SQLite's printf, which takes 127 values."""


def _index(path: Path) -> Path:
    return path.with_suffix(".index")


def write(database: Path, path: Path, query: Compiled, prepare: Prepare) -> int:
    """Run a query and write its answer; the number of rows. The file appears when it is whole.

    `prepare` gives a connection the functions that fields are worked out with.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    store = Store(database, read_only=True)
    partial, count = path.with_suffix(".partial"), 0
    try:
        prepare(store.db)
        store.db.create_function("text_of", 1, str, deterministic=True)
        cursor = store.db.execute(f"select {_line_of(query)}{query.rest}", query.values)
        with partial.open("wb") as file:
            file.write(_lines([tuple(".".join(c.path) for c in query.columns)]))
            starts = array("q")
            while rows := cursor.fetchmany(BLOCK):
                starts.append(file.tell())
                file.write("\n".join([line for (line,) in rows]).encode() + b"\n")
                count += len(rows)
            starts.append(file.tell())
    finally:
        store.close()
    _index(path).write_bytes(array("q", [-count, *starts]).tobytes())
    os.replace(partial, path)
    return count


def _line_of(query: Compiled) -> str:
    """An expression for a whole line: SQLite quotes (`%w` doubles quotation marks) faster than Python."""
    values = [
        _text_of(expression, column.type)
        for expression, column in zip(query.selected, query.columns, strict=True)
    ]
    parts = []
    for at in range(0, len(values), _AT_ONCE):
        some = values[at : at + _AT_ONCE]
        parts.append(f"""printf('{",".join(['"%w"'] * len(some))}', {", ".join(some)})""")
    return " || ',' || ".join(parts)


def _text_of(expression: str, kind: str) -> str:
    """A value as text, null as nothing; fractions as Python spells them, SQLite leaves digits out."""
    if SQL_TYPES.get(kind) != "real":
        return f"ifnull({expression}, '')"
    return (
        f"case typeof({expression}) when 'real' then text_of({expression}) else ifnull({expression}, '') end"
    )


def _lines(rows: list[tuple[object, ...]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def read(path: Path, start: int, most: int) -> tuple[bytes, int]:
    """Header and up to `most` rows from row `start`, and how many rows those are."""
    starts, total = _starts(path)
    first, skip = divmod(start, BLOCK)
    last = min(len(starts) - 1, -(-(start + most) // BLOCK))
    with path.open("rb") as file:
        header = file.readline()
        if first >= last:
            return header, 0
        file.seek(starts[first])
        body = file.read(starts[last] - starts[first])
    if total is not None:
        there = min(last * BLOCK, total) - first * BLOCK
        count = min(most, there - skip)
        if skip == 0 and count == there:
            return header + body, count
        lines = body.splitlines(keepends=True) if body.count(b"\n") == there else []
        if len(lines) == there:  # no value goes on in another line
            return header + b"".join(lines[skip : skip + count]), count
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))[skip : skip + most]
    if skip == 0 and len(rows) < most and last == len(starts) - 1:
        return header + body, len(rows)
    # csv.reader gives text back as it stood, so writing it again gives the same bytes.
    return header + _lines([tuple(row) for row in rows]), len(rows)


def _starts(path: Path) -> tuple[array[int], int | None]:
    """Where each block begins and the last ends, and how many rows there are; an older file does not say."""
    found = array("q", _index(path).read_bytes())
    return (found[1:], -found[0]) if found and found[0] <= 0 else (found, None)


def remove(path: Path) -> None:
    for file in (path, _index(path)):
        file.unlink(missing_ok=True)
