"""What people have settled by command: who is who, which rules may act, who wins, as one text that changes.

Belongs here: that text, by which a refresh knows that there is something to do again.
"""

from __future__ import annotations

from sqlalchemy import Connection

from pipelines.state import conflict_choices, decision_runs, identity


def version(connection: Connection) -> str:
    parts = (identity, decision_runs, conflict_choices)
    return " ".join(each.version(connection) for each in parts)
