"""Numbered SQL files, applied in order, each in one transaction, each once.

Belongs here: `NNNN_name.sql` files that SQLite and PostgreSQL both read, and what applies them. A file that
has been released is never edited; a change is a new file. Drivers get its statements as they are, so it holds
no percent sign, which one of them might take for a value's place.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from sqlalchemy import Connection, text

from pipelines.errors import CrmError


@cache
def scripts() -> dict[int, tuple[str, str]]:
    """Number -> (name, SQL) of every migration this code knows, in order."""
    found = {}
    for entry in resources.files(__package__).iterdir():
        if entry.name.endswith(".sql"):
            found[int(entry.name[:4])] = (entry.name.removesuffix(".sql"), entry.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def migrate(connection: Connection, where: str) -> None:
    """Bring the database to the newest schema this code knows; call it inside one write transaction."""
    connection.execute(
        text("create table if not exists schema_migrations (number integer primary key, name text not null)")
    )
    applied = set(connection.execute(text("select number from schema_migrations")).scalars())
    known = scripts()
    if applied and max(applied) > max(known):
        raise CrmError(
            f"the state database has schema {max(applied)} and this version knows up to {max(known)}",
            where=where, remedy="update the project, or point CRM_HOME or CRM_STATE_URL at another state",
        )  # fmt: skip
    for number, (name, script) in known.items():
        if number not in applied:
            for statement in _statements(script):
                connection.exec_driver_sql(statement)  # as it is: nothing in it is bound
            connection.execute(
                text("insert into schema_migrations (number, name) values (:number, :name)"),
                {"number": number, "name": name},
            )


def _statements(script: str) -> list[str]:
    code = "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in code.split(";") if part.strip()]
