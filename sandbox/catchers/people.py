"""Slack's workspace: its people are the portal's owners, its channels a few, and as many as a test adds.

Belongs here: who and which channel is meant. What is posted is in `slack`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.catchers.credentials import TEAM
from sandbox.store import Store

CHANNELS = ("general", "sales", "marketing", "leads", "deals", "revenue-operations", "data-alerts")
TABLES = """
create table if not exists slack_channels (
    id text primary key, name text unique not null, archived integer not null default 0,
    user text) without rowid
"""


def identify(kind: str, text: str) -> str:
    """A Slack id: a letter and ten characters, the same for the same name."""
    return kind + hashlib.sha256(f"{kind} {text}".encode()).hexdigest()[:10].upper()


@dataclass(frozen=True)
class Member:
    """Somebody of the workspace."""

    id: str
    email: str
    name: str
    deleted: bool

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id, "team_id": TEAM, "name": self.email.partition("@")[0], "deleted": self.deleted,
            "real_name": self.name, "is_bot": False,
            "profile": {"real_name": self.name, "display_name": self.name, "email": self.email},
        }  # fmt: skip


@dataclass
class Workspace:
    """Members and channels."""

    store: Store
    portal: Path
    members: dict[str, Member] = field(default_factory=dict)
    """By address, in lower case."""

    def __post_init__(self) -> None:
        self.store.script(TABLES)
        for name in CHANNELS:
            self.add_channel(name)
        self.read_members()

    def read_members(self) -> None:
        """The owners as the portal has them now; it may be being written, it is read as it is."""
        with sqlite3.connect(f"file:{self.portal}?mode=ro", uri=True) as portal:
            rows = portal.execute("select email, first_name, last_name, archived from owners").fetchall()
        portal.close()
        for email, first, last, archived in rows:
            member = Member(identify("U", email.lower()), email, f"{first} {last}".strip(), bool(archived))
            self.members[email.lower()] = member

    def member(self, member_id: str) -> Member | None:
        return next((m for m in self.members.values() if m.id == member_id), None)

    def add_channel(self, name: str, *, user: str | None = None, archived: bool = False) -> str:
        """The id of the channel of that name, made if it is not there."""
        self.store.db.execute(
            "insert or ignore into slack_channels (id, name, user) values (?, ?, ?)",
            (identify("D" if user else "C", name), name, user),
        )
        self.store.db.execute("update slack_channels set archived = ? where name = ?", (int(archived), name))
        return str(self.store.value("select id from slack_channels where name = ?", (name,)))

    def direct(self, user: str) -> str:
        """The channel in which a member and the app talk."""
        return self.add_channel(self.direct_name(user), user=user)

    @staticmethod
    def direct_name(user: str) -> str:
        return f"direct {user}"

    def channel(self, wanted: str) -> tuple[str, str, bool] | None:
        """Id, name and whether it is archived, by id, `#name`, name or a member's id."""
        if self.member(wanted):
            wanted = self.direct(wanted)
        row = self.store.row(
            "select id, name, archived from slack_channels where id = ? or name = ?",
            (wanted, wanted.removeprefix("#")),
        )
        return None if row is None else (str(row[0]), str(row[1]), bool(row[2]))
