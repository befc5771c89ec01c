"""The answer key: which records are the same person, company or deal, and which touches brought which deal.

A SQLite file beside the worlds. No server reads it; tests and benchmarks do.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

FILE = "answer_key.sqlite"
TABLES = """
create table persons (person integer, vendor text, object text, record_id text);
create table companies (company integer, vendor text, object text, record_id text);
create table deals (deal integer, vendor text, object text, record_id text);
create table touches (
    person integer, vendor text, object text, record_id text, kind text, occurred_at text,
    caused_deal integer);
create table coverage (deal integer, covered integer);
create table subscribers (person integer, subscriber_key text);
"""
Identity = tuple[int, str, str, str]


@dataclass
class AnswerKey:
    persons: list[Identity] = field(default_factory=list)
    companies: list[Identity] = field(default_factory=list)
    deals: list[Identity] = field(default_factory=list)
    touches: list[tuple[int, str, str, str, str, str, int | None]] = field(default_factory=list)
    coverage: list[tuple[int, bool]] = field(default_factory=list)
    """Whether marketing truly had a part in a deal before it was there."""
    subscribers: list[tuple[int, str]] = field(default_factory=list)

    def flush(self, db: sqlite3.Connection) -> None:
        """Write down what is known, and forget it."""
        with db:
            for table in ("persons", "companies", "deals"):
                db.executemany(f"insert into {table} values (?, ?, ?, ?)", getattr(self, table))
            db.executemany("insert into coverage values (?, ?)", self.coverage)
            db.executemany("insert into touches values (?, ?, ?, ?, ?, ?, ?)", self.touches)
            db.executemany("insert into subscribers values (?, ?)", self.subscribers)
        for kept in (self.persons, self.companies, self.deals, self.touches, self.coverage, self.subscribers):
            kept.clear()


def open_new(path: Path) -> sqlite3.Connection:
    """A file for one half of the key; half a file is thrown away with its world, so nothing is synced."""
    db = sqlite3.connect(path)
    db.execute("pragma journal_mode=off")
    db.execute("pragma synchronous=off")
    db.executescript(TABLES)
    return db


def append(path: Path, more: Path) -> None:
    """Take over the other half, and remove its file."""
    db = sqlite3.connect(path)
    db.execute("pragma synchronous=off")
    db.execute("attach ? as more", (str(more),))
    with db:
        for table in ("persons", "companies", "deals", "touches", "coverage", "subscribers"):
            db.execute(f"insert into {table} select * from more.{table}")
    db.close()
    more.unlink()
