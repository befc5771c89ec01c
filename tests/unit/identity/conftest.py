"""People as two CRMs would have them, and the engine's steps over them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa
import pytest

from pipelines.identity import features, links, pairs
from pipelines.identity.features import PERSON_COLUMNS
from pipelines.identity.model import Model
from pipelines.identity.specs import PERSON
from pipelines.identity.training import train

Row = dict[str, str | None]
COLUMNS = ("record_key", *PERSON_COLUMNS)
_FIRST = tuple(
    "Robert Maria Chen Lukas Aisha Peter Ingrid Tom Elena Viktor Susan Daniel Yuki Omar Petra Noah".split()  # noqa: SIM905
)
_LAST = tuple(
    "Archer Bloom Castell Dorn Eklund Farkas Gruber Holt Iversen Jansen Kovar Lindt Marek".split()  # noqa: SIM905
)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("set timezone = 'UTC'")
        yield opened


@pytest.fixture(scope="session")
def crowd() -> list[Row]:
    """400 people, each known once to two CRMs; the second spelling differs now and then."""
    rng = random.Random(7)
    rows: list[Row] = []
    for n in range(400):
        first, last = rng.choice(_FIRST), rng.choice(_LAST) + rng.choice(("", "son", "er", "ova"))
        person: Row = {
            "first_name": first, "last_name": last, "email": f"{first}.{last}{n}@c{n % 90}.example".lower(),
            "phone": f"+4420{n:04d}{rng.randrange(1000, 9999)}", "company_name": f"Firm {n % 90} Ltd",
            "account_id": None, "job_title": rng.choice(("Buyer", "CEO", "Engineer")), "city": "Town "
            "{n % 12}",
            "country": "United Kingdom",
        }  # fmt: skip
        other = dict(person)
        if rng.random() < 0.3:
            other["email"] = None
        if rng.random() < 0.2:
            other["last_name"] = last[:2] + last[3:]
        rows += [{"record_key": f"a:{n:03d}", **person}, {"record_key": f"b:{n:03d}", **other}]
    return rows


@pytest.fixture(scope="session")
def model(crowd: list[Row]) -> Model:
    with duckdb.connect() as connection:
        shape(connection, crowd)
        return train(connection, PERSON, "features")


def tangled(crowd: list[Row]) -> list[Row]:
    """Firms whose staff are alike by degrees, so that links would chain."""
    found = list(crowd[:300])
    names = ("Johannes", "Johanness", "Johannas", "Johanna", "Johannis", "Johanis", "Johanes")
    for firm in range(12):
        desk: Row = {"company_name": f"Chain {firm}", "city": "Town 1", "country": "United Kingdom"}
        found += [
            {**dict.fromkeys(crowd[0]), **desk, "record_key": f"chain:{firm:02d}:{n}", "first_name": name,
             "last_name": ("Marek", "Mareks", "Mareck")[n % 3], "job_title": "Buyer"}
            for n, name in enumerate(names)
        ]  # fmt: skip
    return found


def shape(connection: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    """Temp table `features` of the rows."""
    table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS})
    connection.register("people_given", table)
    connection.execute("create or replace temp table compared as select * from people_given")
    features.person(connection, "compared", "shaped")
    stamped = pairs.stamp(connection, PERSON, "shaped")
    connection.execute(f"create or replace temp table features as {stamped}")


def match(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[Row], model: Model | None = None
) -> dict[str, int]:
    """The component of each record, matched by address and by score."""
    shape(connection, rows)
    trained = model or train(connection, PERSON, "features")
    pairs.compare(connection, PERSON, trained, "features")
    tie(connection, trained)
    return dict(connection.execute("select record_key, component from members").fetchall())


def tie(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Temp tables `links` and `members` of the features and scored pairs that are there."""
    connection.execute(
        "create or replace temp table records as select record_key, null::timestamptz as created_at "
        "from features;"
        "create or replace temp table keys as select record_key, 'email' as kind, email as value "
        "from features where email is not null;"
        "create or replace temp table decided (left_key varchar, right_key varchar, verdict varchar)"
    )
    links.cluster(connection, links.Policy(name_sketch="left(f.last, 2)"), PERSON, model)
