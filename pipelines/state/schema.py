"""What objects as code has made: each thing as it was applied, and deploys whose outcome is not known yet.

Belongs here: rows. What they mean for a plan is `pipelines.schema`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

Json = dict[str, Any]
Name = tuple[str, str]
Row = tuple[str, str, Json]
"""(kind, name, content) of something that was made."""


def made(connection: Connection, vendor: str, org: str) -> list[Row]:
    """Everything that was made in an org and not taken away since."""
    rows = connection.execute(
        text("select kind, name, content from schema_items where vendor = :v and org_id = :o order by name"),
        {"v": vendor, "o": org},
    )
    return [(str(kind), str(name), dict(json.loads(content))) for kind, name, content in rows]


def orgs(connection: Connection, vendor: str) -> list[str]:
    """The orgs of a vendor in which something was made."""
    asked = text("select distinct org_id from schema_items where vendor = :v order by org_id")
    return [str(each) for each in connection.execute(asked, {"v": vendor}).scalars()]


def has_made(connection: Connection) -> bool:
    return connection.execute(text("select 1 from schema_items limit 1")).first() is not None


def keep(connection: Connection, vendor: str, org: str, rows: Iterable[Row]) -> None:
    """Remember what was made, as it is now."""
    now = datetime.now(UTC).isoformat()
    for kind, name, content in rows:
        forget(connection, vendor, org, kind, name)
        connection.execute(
            text("insert into schema_items values (:v, :o, :k, :n, :c, :at)"),
            {
                "v": vendor,
                "o": org,
                "k": kind,
                "n": name,
                "c": json.dumps(content, sort_keys=True),
                "at": now,
            },
        )


def forget(connection: Connection, vendor: str, org: str, kind: str, name: str) -> None:
    """It was taken away."""
    connection.execute(
        text("delete from schema_items where vendor = :v and org_id = :o and kind = :k and name = :n"),
        {"v": vendor, "o": org, "k": kind, "n": name},
    )


def forget_object(connection: Connection, vendor: str, org: str, name: str) -> None:
    """An object was taken away, and with it all that was part of it or led to it."""
    parts = [f"{name}{sign}%" for sign in (".", ": ", " → ", "-")] + [f"% → {name}", f"% → {name}: %"]
    for pattern in parts:
        connection.execute(
            text("delete from schema_items where vendor = :v and org_id = :o and name like :n escape '!'"),
            {"v": vendor, "o": org, "n": pattern.replace("_", "!_")},
        )
    forget(connection, vendor, org, "object", name)


def keep_beside(connection: Connection, vendor: str, org: str, listed: Mapping[str, Iterable[Name]]) -> None:
    """What standard objects have beside the model, as an apply has found it."""
    for name, beside in listed.items():
        row = {"v": vendor, "o": org, "n": name, "b": json.dumps(sorted(beside))}
        connection.execute(
            text("delete from schema_beside where vendor = :v and org_id = :o and object = :n"), row
        )
        connection.execute(text("insert into schema_beside values (:v, :o, :n, :b)"), row)


def beside(connection: Connection, vendor: str, org: str) -> dict[str, frozenset[Name]]:
    """(kind, name) of what each standard object had beside the model at the last apply."""
    asked = text("select object, names from schema_beside where vendor = :v and org_id = :o")
    rows = connection.execute(asked, {"v": vendor, "o": org})
    return {str(name): frozenset((str(k), str(n)) for k, n in json.loads(listed)) for name, listed in rows}


def deploy_began(connection: Connection, deploy: str, org: str, content: Json) -> None:
    """A deploy is on its way; `content` is what it makes and takes away."""
    connection.execute(
        text("insert into schema_deploys values (:d, :o, :c, :at)"),
        {"d": deploy, "o": org, "c": json.dumps(content), "at": datetime.now(UTC).isoformat()},
    )


def deploy_ended(connection: Connection, deploy: str) -> None:
    connection.execute(text("delete from schema_deploys where deploy_id = :d"), {"d": deploy})


def has_open_deploys(connection: Connection) -> bool:
    return connection.execute(text("select 1 from schema_deploys limit 1")).first() is not None


def open_deploys(connection: Connection, org: str) -> list[tuple[str, Json]]:
    """Deploys whose outcome nobody has asked for."""
    asked = text("select deploy_id, content from schema_deploys where org_id = :o order by began_at")
    return [(str(d), dict(json.loads(c))) for d, c in connection.execute(asked, {"o": org})]
