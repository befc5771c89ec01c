"""What people have settled by command: who is who, and which rules may act, as one text that changes.

Belongs here: that text, by which a refresh knows that there is something to do again.
"""

from __future__ import annotations

from sqlalchemy import Connection

from pipelines.state import decision_runs, identity


def version(connection: Connection) -> str:
    return f"{identity.version(connection)} {decision_runs.version(connection)}"
