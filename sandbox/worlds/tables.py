"""The files of a world as tables of text: CSV files and SQLite dumps. Nothing is interpreted."""

from __future__ import annotations

import csv
import hashlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path


class MappingError(Exception):
    """A world's files or mapping that cannot be used; one sentence for people."""


@dataclass(frozen=True)
class Table:
    """Rows of text by column name; an empty cell and a NULL are both the empty text."""

    name: str
    columns: tuple[str, ...]
    rows: list[dict[str, str]]


def digest(folder: Path) -> str:
    """What the folder's data files say, in sixteen characters."""
    total = hashlib.sha256()
    for file in data_files(folder):
        total.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:8]


def data_files(folder: Path) -> list[Path]:
    return sorted(f for f in folder.iterdir() if f.suffix.lower() in (".csv", ".sql", ".yml"))


def read(folder: Path) -> dict[str, Table]:
    """All tables of a folder, by file name (CSV) or table name (dump)."""
    found: dict[str, Table] = {}
    for file in data_files(folder):
        if file.suffix.lower() == ".csv":
            found[file.name] = _csv(file)
        elif file.suffix.lower() == ".sql":
            found |= {table.name: table for table in _dump(file)}
    if not found:
        raise MappingError(f"{folder} holds no CSV file and no SQL dump to read a world from.")
    return found


def _csv(file: Path) -> Table:
    with file.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.reader(text)
        columns = tuple(next(reader, ()))
        rows = [dict(zip(columns, row, strict=False)) for row in reader if row]
    return Table(file.name, columns, rows)


def _dump(file: Path) -> list[Table]:
    db = sqlite3.connect(":memory:")
    try:
        db.executescript(file.read_text(encoding="utf-8"))
    except sqlite3.Error as problem:
        raise MappingError(f"{file} is not a dump SQLite can read: {problem}.") from None
    found = []
    for (name,) in db.execute("select name from sqlite_master where type = 'table' order by name").fetchall():
        cursor = db.execute(f'select * from "{name}"')
        columns = tuple(part[0] for part in cursor.description)
        rows = [
            {c: "" if v is None else str(v) for c, v in zip(columns, row, strict=True)}
            for row in cursor.fetchall()
        ]
        found.append(Table(name, columns, rows))
    db.close()
    return found
