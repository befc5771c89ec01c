"""The people in every other file below the home: plans, spool, reports, logs, Dagster's runs.

Belongs here: files that are no warehouse and no state. What can be made again is removed, what is a record of
runs is struck out. The sandbox's folder stands for the CRMs and is not ours to change.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from pipelines.erasure import texts
from pipelines.erasure.subject import Subject

REMOVED_WHOLE = ("spool", "dlt")
"""Files on their way, compressed, so that nobody can look inside: fetched or made again."""
REMOVED_IF_FOUND = ("plans", "data_docs", "dbt")
NOT_OURS = ("sandbox", "worlds")
HANDLED_ELSEWHERE = (
    "warehouse.duckdb",
    "analytics.duckdb",
    "state.sqlite",
    "erasing.json",
    "suppression.key",
)
_FEW = 50
_SQLITE = b"SQLite format 3\0"


def erase_files(home: Path, subject: Subject, *, keep_spool: bool = False) -> Counter[str]:
    """Files removed or changed, by the folder below `home` that they are in."""
    counts: Counter[str] = Counter()
    needles = (*subject.needles, *subject.numbers)
    for name in REMOVED_WHOLE:
        folder = home / name
        if folder.is_dir() and not (keep_spool and name == "spool"):
            counts[name] += sum(1 for each in folder.rglob("*") if each.is_file())
            shutil.rmtree(folder)
    hits = _Bytes(needles)
    for path in list(others(home)):
        top = path.relative_to(home).parts[0]
        if top in REMOVED_WHOLE or not path.exists() or not hits.are_in(path):
            continue
        if top == "data_docs":  # pages link to each other: all or none
            counts[top] += sum(1 for each in (home / top).rglob("*") if each.is_file())
            shutil.rmtree(home / top)
        elif _strike(path, top, needles):
            counts[top] += 1
    return +counts


def leftovers(home: Path, subject: Subject, is_somebody_elses: Callable[[str], bool]) -> list[str]:
    """Files in which something of theirs can still be read, byte by byte, the databases included.

    Databases have no borders between cells, so `ann@x.org` is in the bytes of `joann@x.org`: what the live
    cells of others explain does not count there.
    """
    found = []
    for path in sorted(others(home)):
        if _Bytes(subject.needles).are_in(path) and not _is_clean(path, subject.needles):
            found.append(str(path.relative_to(home)))
    for path in (home / name for name in HANDLED_ELSEWHERE[:3]):
        if path.exists() and _Bytes(subject.needles).are_in(path):
            here = [needle for needle in subject.needles if _Bytes([needle]).are_in(path)]
            if not all(is_somebody_elses(needle) for needle in here):
                found.append(path.name)
    return found


def _is_clean(path: Path, needles: Sequence[str]) -> bool:
    """A text in which the letters stand, but as a part of other words."""
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
    return texts.struck(content, needles) == content


def others(home: Path) -> Iterator[Path]:
    """Every file below `home` that is not handled elsewhere and not somebody else's."""
    for top in sorted(home.iterdir()) if home.is_dir() else ():
        if top.name in NOT_OURS or top.name.startswith(HANDLED_ELSEWHERE) or top.is_symlink():
            continue
        yield from (each for each in top.rglob("*") if each.is_file()) if top.is_dir() else (top,)


class _Bytes:
    """Asks files whether any of the needles is in them, in any case of ASCII letters."""

    def __init__(self, needles: Sequence[str]) -> None:
        # A search for each is ten times quicker than one pattern of them all, as long as they are few.
        forms = {*needles, *(form for each in needles for form in _cases(each))}
        plain = sorted({each.encode().lower() for each in forms})
        few = len(plain) <= _FEW
        self._plain = plain if few else []
        self._pattern = None if few else re.compile(b"|".join(re.escape(each) for each in plain))
        self._longest = max((len(each) for each in plain), default=1)

    def are_in(self, path: Path) -> bool:
        rest = b""
        with path.open("rb") as file:
            while block := file.read(1 << 22):
                block = rest + block.lower()
                if any(each in block for each in self._plain):
                    return True
                if self._pattern is not None and self._pattern.search(block):
                    return True
                rest = block[-self._longest :]
        return False


def _cases(needle: str) -> tuple[str, ...]:
    """A text in the cases of letters that bytes know nothing of."""
    return (
        ()
        if needle.isascii()
        else tuple(f for f in (needle.lower(), needle.upper()) if len(f) == len(needle))
    )


def _strike(path: Path, top: str, needles: Sequence[str]) -> bool:
    """Take them out of one file; True if it was changed or removed."""
    with path.open("rb") as file:
        head = file.read(16)
    if head == _SQLITE:
        _strike_sqlite(path, needles)
        return True
    if path.name.endswith(("-wal", "-shm", "-journal")):  # of a database that is struck out by itself
        return False
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        path.unlink()
        return True
    struck = texts.struck(content, needles)
    if struck == content:
        return False
    if top in REMOVED_IF_FOUND:
        path.unlink()
        return True
    part = path.with_name(path.name + ".tmp")
    part.write_text(struck, encoding="utf-8")
    shutil.copymode(path, part)
    os.replace(part, path)
    return True


def _strike_sqlite(path: Path, needles: Sequence[str]) -> None:
    """Every text of every table of somebody else's database (Dagster's); then its free pages go."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        connection.create_function("struck", 1, lambda text: _struck_value(text, needles))
        connection.execute("begin immediate")
        tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            for _, column, *_ in connection.execute(f'pragma table_info("{table}")').fetchall():
                connection.execute(
                    f'update "{table}" set "{column}" = struck("{column}") '
                    f'where typeof("{column}") = \'text\' and struck("{column}") is not "{column}"'
                )
        connection.execute("commit")
        compact(connection)


def compact(connection: sqlite3.Connection) -> None:
    """Write the file anew, so that no free page holds what was deleted."""
    connection.execute("vacuum")
    connection.execute("pragma wal_checkpoint(truncate)")


def _struck_value(value: Any, needles: Sequence[str]) -> Any:
    return texts.struck(value, needles) if isinstance(value, str) else value
