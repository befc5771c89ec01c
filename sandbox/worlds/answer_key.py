"""The answer key: which records are the same person, company or deal, and which touches brought which deal.

A SQLite file beside the worlds. No server reads it; tests and benchmarks do.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

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

    def save(self, path: Path) -> None:
        db = sqlite3.connect(path)
        with db:
            db.executescript(TABLES)
            for table in ("persons", "companies", "deals"):
                db.executemany(f"insert into {table} values (?, ?, ?, ?)", getattr(self, table))
            db.executemany("insert into coverage values (?, ?)", self.coverage)
            db.executemany("insert into touches values (?, ?, ?, ?, ?, ?, ?)", self.touches)
            db.executemany("insert into subscribers values (?, ?)", self.subscribers)
        db.close()
