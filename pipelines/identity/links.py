"""Which records are one: exact keys, scored pairs and what people decided, clustered so that nothing chains.

Belongs here: the clustering. Links of the same strength are taken strongest first. What a CRM says itself (a
merge, a conversion, a connector's id) and what a person decided ties records outright; a shared key ties them
unless too many records or too many names share it; a scored pair ties two groups only if the two
groups, taken
record by record, are on average more likely one than not. Nothing here depends on the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.identity import tangles
from pipelines.identity.model import Model
from pipelines.identity.spec import Spec

Codes = npt.NDArray[np.int64]
STRENGTH = (
    "decision",
    "merge",
    "conversion",
    "connector",
    "email",
    "phone",
    "domain",
    "name",
    "composite",
    "mirrored",
    "similarity",
)
OUTRIGHT = ("decision", "merge")
BETWEEN_RECORDS = "'merge', 'conversion', 'connector', 'mirrored', 'composite'"
"""Kinds whose value is another record, not a text that records share."""
PHONE_KEYS = (
    "select record_key, 'phone' as kind, 'phone:' || phone || ' ' || last as value from features "
    "where phone is not null and last is not null"
)
"""SQL: each E.164 number of `features` with the last name it goes with."""
_DECIDED = """
    select least(left_key, right_key) as left_key, greatest(left_key, right_key) as right_key,
        bool_or(verdict = 'same') as is_same, bool_or(verdict = 'different') as is_different
    from decided where left_key != right_key group by all"""


@dataclass(frozen=True)
class Policy:
    """Probabilities from which a pair is joined or reviewed; how many records or names may share a key.

    `name_sketch` is SQL over the features: two records of one person nearly always have the same.
    """

    join_from: float = 0.9
    review_from: float = 0.3
    most_records: int = 60
    most_names: int = 4
    name_sketch: str = "null"


def cluster(
    connection: duckdb.DuckDBPyConnection,
    policy: Policy,
    spec: Spec | None = None,
    model: Model | None = None,
) -> None:
    """Make temp tables `links`, `members` and `shared_keys`.

    Reads tables or views `records` (record_key, created_at), `keys` (record_key, kind, value: a shared
    text, or
    the key of another record), `decided` (left_key, right_key, verdict: `same` or `different`), and
    with a spec
    `features` and `scored`.
    links: left_key, right_key, kind, value, match_weight, match_probability, verdict (joined, refused,
    review, apart, contradiction), offered (the verdict before anything was settled), is_tied (whether it
    was joined before tangles were settled). members: record_key, component, also for keys that are no
    records; tied_by_all: the same, before tangles were settled.
    """
    share(connection, policy, "keys", has_features=spec is not None)
    gathered = gather(policy, "keys", "scored" if spec is not None else None)
    settle(connection, gathered, spec, model)


def settle(
    connection: duckdb.DuckDBPyConnection, gathered: str, spec: Spec | None, model: Model | None
) -> None:
    """The tables of `cluster` but `shared_keys`, of the links that the SQL `gathered` gives."""
    connection.execute(f"create or replace temp table links as {_with_verdicts(gathered)}")
    _nodes(connection)
    component = _components(connection, "verdict = 'joined'")
    _keep(connection, component)
    connection.execute("create or replace temp table tied_by_all as from members")
    _keep(connection, _components(connection, "verdict = 'joined' and kind != 'similarity'"), "tied")
    refused = tangles.untangle(connection, STRENGTH, OUTRIGHT, spec, model)
    if refused:
        _refuse(connection, refused)
        _keep(connection, _components(connection, "verdict = 'joined'"))
    # Said to be one through others, said to be two: the first stands, and somebody has to look.
    connection.execute(
        "update links set verdict = 'contradiction' from members as a, members as b "
        "where links.verdict = 'apart' and links.left_key = a.record_key and links.right_key = b.record_key "
        "and a.component = b.component"
    )


def group(connection: duckdb.DuckDBPyConnection) -> None:
    """Make temp table `members` of the records (`records`) that the joined links (`links`) tie together."""
    _nodes(connection)
    _keep(connection, _components(connection, "verdict = 'joined'"))


def share(connection: duckdb.DuckDBPyConnection, policy: Policy, keys: str, *, has_features: bool) -> None:
    """Temp table `shared_keys`: values that too many records or names share, which identify nobody."""
    sketch = policy.name_sketch if has_features else "null"
    join = "left join features as f on k.record_key = f.record_key" if has_features else ""
    connection.execute(
        f"""
        create or replace temp table often as
        select k.record_key, k.kind, k.value from {keys} as k semi join (
            select kind, value from {keys} where kind in ('email', 'phone', 'domain', 'name')
            group by kind, value
            having count(*) > {min(policy.most_records, policy.most_names)}
        ) as o on k.kind = o.kind and k.value = o.value;
        create or replace temp table shared_keys as
        select k.kind, k.value, count(distinct k.record_key) as records, count(distinct {sketch}) as names
        from often as k {join}
        group by k.kind, k.value
        having records > {policy.most_records} or names > {policy.most_names}"""
    )


def gather(policy: Policy, keys: str, pairs: str | None) -> str:
    """SQL: every candidate link of `keys`, of the scored `pairs` and of what was decided, with its kind; keys
    as a star from the oldest record that has them."""
    scored = ""
    if pairs:
        scored = f"""
            union all
            select left_key, right_key, 'similarity', null, match_weight, match_probability,
                case when match_probability >= {policy.join_from} then 'joined' else 'review' end
            from {pairs} where match_probability >= {policy.review_from}"""
    return f"""
        with open_keys as (
            select distinct k.record_key, k.kind, k.value
            from {keys} as k anti join shared_keys as s on k.kind = s.kind and k.value = s.value
        ),
        named as (  -- the value is a record, or the key of one that was merged away
            select record_key as left_key, value as right_key, kind, value from open_keys
            where kind in ({BETWEEN_RECORDS})
        ),
        ranked as (
            select k.record_key, k.kind, k.value,
                first_value(k.record_key) over (
                    partition by k.kind, k.value order by r.created_at asc nulls last, k.record_key
                ) as hub
            from open_keys as k inner join records as r on k.record_key = r.record_key
            where k.kind not in ({BETWEEN_RECORDS})
        )
        select least(left_key, right_key) as left_key, greatest(left_key, right_key) as right_key,
            kind, value, cast(null as double) as match_weight, 1.0::double as match_probability,
            'joined' as offered
        from named where left_key != right_key
        union all
        select least(hub, record_key), greatest(hub, record_key), kind, value, null, 1.0, 'joined'
        from ranked where hub != record_key
        union all
        select left_key, right_key, 'decision', null, null, 1.0,
            case when is_same and is_different then 'contradiction' when is_same then 'joined'
            else 'apart' end
        from ({_DECIDED})
        {scored}"""


def _with_verdicts(gathered: str) -> str:
    ranks = ", ".join(f"'{kind}': {n}" for n, kind in enumerate(STRENGTH))
    return f"""
        with gathered as ({gathered}), verdicts as ({_DECIDED})
        select g.left_key, g.right_key, g.kind, g.value, g.match_weight, g.match_probability,
            case
                when g.kind not in ('decision', 'merge') and v.is_different and not v.is_same then 'refused'
                when g.kind = 'similarity' and v.is_same and not v.is_different then 'joined'
                else g.offered
            end as verdict,
            g.offered, verdict = 'joined' as is_tied, map {{{ranks}}}[g.kind] as strength
        from gathered as g
        left join verdicts as v on g.left_key = v.left_key and g.right_key = v.right_key"""


def _nodes(connection: duckdb.DuckDBPyConnection) -> None:
    """Temp table `nodes` (record_key, code): records, and keys that links name; codes in order of the
    keys."""
    connection.execute(
        """
        create or replace temp table nodes as
        with named as (
            select left_key as record_key from links where verdict = 'joined'
            union select right_key from links where verdict = 'joined'
        )
        select record_key, row_number() over (order by record_key) - 1 as code from (
            select record_key from records
            union all select record_key from named anti join records using (record_key)
        )"""
    )
    connection.execute(
        """
        create or replace temp table coded as
        select l.left_key, l.right_key, l.kind, l.value, l.match_weight, l.verdict, l.strength,
            a.code as left_code, b.code as right_code
        from links as l
        inner join nodes as a on l.left_key = a.record_key
        inner join nodes as b on l.right_key = b.record_key"""
    )


def _components(connection: duckdb.DuckDBPyConnection, condition: str) -> Codes:
    """The least code that each node hangs with through the links for which `condition` holds."""
    size = connection.execute("select count(*) from nodes").fetchone()
    edges = connection.execute(
        f"select distinct left_code, right_code from coded where {condition}"
    ).fetchnumpy()
    return least_reachable(
        int(size[0]) if size else 0,
        np.asarray(edges["left_code"], dtype=np.int64),
        np.asarray(edges["right_code"], dtype=np.int64),
    )


def least_reachable(size: int, left: Codes, right: Codes) -> Codes:
    """Hook every tree under the smaller of its neighbours, then shorten the paths, until nothing moves."""
    root = np.arange(size, dtype=np.int64)
    while len(left):
        least = np.minimum(root[left], root[right])
        hooked = root.copy()
        np.minimum.at(hooked, root[left], least)
        np.minimum.at(hooked, root[right], least)
        while True:
            shorter = hooked[hooked]
            if np.array_equal(shorter, hooked):
                break
            hooked = shorter
        if np.array_equal(hooked, root):
            break
        root = hooked
    return root


def _keep(connection: duckdb.DuckDBPyConnection, component: Codes, name: str = "members") -> None:
    connection.register("component_of", pa.table({"code": np.arange(len(component)), "component": component}))
    connection.execute(
        f"create or replace temp table {name} as "
        "select n.record_key, n.code, c.component from nodes as n inner join component_of as c on "
        "n.code = c.code"
    )
    connection.unregister("component_of")


def _refuse(connection: duckdb.DuckDBPyConnection, refused: list[tuple[int, int, int]]) -> None:
    left, right, strength = zip(*refused, strict=True)
    connection.register("refused", pa.table({"left_code": left, "right_code": right, "strength": strength}))
    connection.execute(
        "update coded set verdict = 'refused' from refused as r where coded.left_code = r.left_code "
        "and coded.right_code = r.right_code and coded.strength = r.strength and coded.verdict = 'joined'"
    )
    connection.unregister("refused")
    connection.execute(
        "update links set verdict = 'refused' from coded as c where c.verdict = 'refused' "
        "and links.verdict = 'joined' and links.left_key = c.left_key and links.right_key = c.right_key "
        "and links.strength = c.strength and links.kind = c.kind"
    )
