"""Which records are one: exact keys, scored pairs and what people decided, clustered so that nothing chains.

Belongs here: the clustering. Links of the same strength are taken strongest first. What a CRM says itself (a
merge, a conversion, a connector's id) and what a person decided ties records outright; a shared key ties them
unless too many records or too many names share it; a scored pair ties two groups only if the two groups, taken
record by record, are on average more likely one than not. Nothing here depends on the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.identity import scoring
from pipelines.identity.model import Model
from pipelines.identity.spec import Spec

Codes = npt.NDArray[np.int64]
STRENGTH = ("decision", "merge", "conversion", "connector", "email", "domain", "name", "composite", "similarity")
OUTRIGHT = ("decision", "merge")
LARGEST_TANGLE = 150
_CLAMP = 12.0


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


@dataclass
class _Tangle:
    """The records of one component, their groups so far, and what keeps two of them apart."""

    group: dict[int, int]
    apart: set[tuple[int, int]] = field(default_factory=set)
    weights: dict[tuple[int, int], float] = field(default_factory=dict)

    def members(self, code: int) -> list[int]:
        root = self.group[code]
        return [c for c, r in self.group.items() if r == root]

    def join(self, left: int, right: int) -> None:
        low, high = sorted((self.group[left], self.group[right]))
        for code, root in self.group.items():
            if root == high:
                self.group[code] = low

    def is_kept_apart(self, left: int, right: int) -> bool:
        return any(_ordered(a, b) in self.apart for a in self.members(left) for b in self.members(right))

    def coheres(self, left: int, right: int) -> bool:
        """Whether the two groups are on average more likely one than not."""
        found = [
            self.weights[_ordered(a, b)]
            for a in self.members(left)
            for b in self.members(right)
            if _ordered(a, b) in self.weights
        ]
        return bool(found) and sum(found) / len(found) >= 0


def _ordered(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def cluster(
    connection: duckdb.DuckDBPyConnection, policy: Policy, spec: Spec | None = None, model: Model | None = None
) -> None:
    """Make temp tables `links`, `members` and `shared_keys`.

    Reads tables or views `records` (record_key, created_at), `keys` (record_key, kind, value: a shared text, or
    the key of another record), `decided` (left_key, right_key, verdict: `same` or `different`), and with a spec
    `features` and `scored`.
    links: left_key, right_key, kind, value, match_weight, match_probability, verdict (joined, refused, review,
    apart, contradiction). members: record_key, component, also for keys that are no records.
    """
    _shared(connection, policy, has_features=spec is not None)
    _edges(connection, policy, has_pairs=spec is not None)
    _nodes(connection)
    component = _components(connection, "verdict = 'joined'")
    _keep(connection, component)
    refused = _untangle(connection, spec, model)
    if refused:
        _refuse(connection, refused)
        _keep(connection, _components(connection, "verdict = 'joined'"))


def _shared(connection: duckdb.DuckDBPyConnection, policy: Policy, *, has_features: bool) -> None:
    """Values that too many records or names share identify nobody: a switchboard, a shared mailbox."""
    sketch = policy.name_sketch if has_features else "null"
    join = "left join features as f on k.record_key = f.record_key" if has_features else ""
    connection.execute(
        f"""
        create or replace temp table shared_keys as
        select k.kind, k.value, count(distinct k.record_key) as records, count(distinct {sketch}) as names
        from keys as k {join}
        where k.kind in ('email', 'domain', 'name')
        group by k.kind, k.value
        having records > {policy.most_records} or names > {policy.most_names}"""
    )


def _edges(connection: duckdb.DuckDBPyConnection, policy: Policy, *, has_pairs: bool) -> None:
    """Temp table `links`: every candidate link with its kind and strength; keys as a star from the oldest."""
    ranks = ", ".join(f"'{kind}': {n}" for n, kind in enumerate(STRENGTH))
    pairs = ""
    if has_pairs:
        pairs = f"""
            union all
            select left_key, right_key, 'similarity', null, match_weight, match_probability,
                case when match_probability >= {policy.join_from} then 'joined' else 'review' end
            from scored where match_probability >= {policy.review_from}"""
    connection.execute(
        f"""
        create or replace temp table links as
        with open_keys as (
            select k.* from keys as k anti join shared_keys as s on k.kind = s.kind and k.value = s.value
        ),
        named as (  -- the value is a record, or the key of one that was merged away
            select record_key as left_key, value as right_key, kind, value from open_keys
            where kind in ('merge', 'conversion', 'connector')
        ),
        ranked as (
            select k.record_key, k.kind, k.value,
                first_value(k.record_key) over (
                    partition by k.kind, k.value order by r.created_at asc nulls last, k.record_key
                ) as hub
            from open_keys as k inner join records as r on k.record_key = r.record_key
            where k.kind not in ('merge', 'conversion', 'connector')
        ),
        verdicts as (
            select least(left_key, right_key) as left_key, greatest(left_key, right_key) as right_key,
                bool_or(verdict = 'same') as is_same, bool_or(verdict = 'different') as is_different
            from decided where left_key != right_key group by all
        ),
        gathered as (
            select least(left_key, right_key) as left_key, greatest(left_key, right_key) as right_key, kind, value,
                cast(null as double) as match_weight, 1.0::double as match_probability, 'joined' as verdict
            from named where left_key != right_key
            union all
            select least(hub, record_key), greatest(hub, record_key), kind, value, null, 1.0, 'joined'
            from ranked where hub != record_key
            union all
            select left_key, right_key, 'decision', null, null, 1.0,
                case when is_same and is_different then 'contradiction' when is_same then 'joined' else 'apart' end
            from verdicts
            {pairs}
        )
        select distinct g.left_key, g.right_key, g.kind, g.value, g.match_weight, g.match_probability,
            case
                when g.kind not in ('decision', 'merge') and v.is_different and not v.is_same then 'refused'
                when g.kind = 'similarity' and v.is_same and not v.is_different then 'joined'
                else g.verdict
            end as verdict,
            map {{{ranks}}}[g.kind] as strength
        from gathered as g
        left join verdicts as v on g.left_key = v.left_key and g.right_key = v.right_key"""
    )


def _nodes(connection: duckdb.DuckDBPyConnection) -> None:
    """Temp table `nodes` (record_key, code): records, and keys that links name; codes in order of the keys."""
    connection.execute(
        """
        create or replace temp table nodes as
        select record_key, row_number() over (order by record_key) - 1 as code from (
            select record_key from records
            union select left_key from links where verdict = 'joined'
            union select right_key from links where verdict = 'joined'
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
        "select n.record_key, n.code, c.component from nodes as n inner join component_of as c on n.code = c.code"
    )
    connection.unregister("component_of")


def _untangle(
    connection: duckdb.DuckDBPyConnection, spec: Spec | None, model: Model | None
) -> list[tuple[int, int, int]]:
    """Links to refuse, as (left code, right code, strength), from the components where links could chain."""
    _keep(connection, _components(connection, "verdict = 'joined' and kind != 'similarity'"), "tied")
    _tangled(connection)
    _loosen_the_largest(connection)
    if spec is not None and model is not None:
        _score_the_rest(connection, spec, model)
    refused: list[tuple[int, int, int]] = []
    for links, weights, apart, codes in _tangles(connection):
        refused += _settle(codes, links, weights, apart)
    return refused


def _tangled(connection: duckdb.DuckDBPyConnection) -> None:
    """Temp table `tangled` (component): where somebody is kept apart, or a scored pair joins groups of which
    not every pair of records was found alike.
    """
    connection.execute(
        """
        create or replace temp table tangled as
        with sizes as (
            select m.component, t.component as tied, count(*) as n
            from members as m inner join tied as t on m.code = t.code
            group by all
        ),
        crossing as (
            select component, (sum(n) * sum(n) - sum(n * n)) / 2 as pairs, sum(n) as records from sizes
            group by component having count(*) > 1
        ),
        alike as (
            select m.component, count(distinct (c.left_code, c.right_code)) as pairs
            from coded as c
            inner join members as m on c.left_code = m.code
            inner join tied as a on c.left_code = a.code
            inner join tied as b on c.right_code = b.code
            where c.kind = 'similarity' and c.verdict = 'joined' and a.component != b.component
            group by m.component
        )
        select c.component, c.records from crossing as c inner join alike as a on c.component = a.component
        where a.pairs < c.pairs
        union
        select m.component, count(*) as records from members as m
        where m.component in (
            select a.component from links as l
            inner join members as a on l.left_key = a.record_key
            inner join members as b on l.right_key = b.record_key
            where l.verdict = 'apart' and a.component = b.component
        )
        group by m.component"""
    )


def _loosen_the_largest(connection: duckdb.DuckDBPyConnection) -> None:
    """A tangle of very many records is no person: its scored pairs go to review, its keys stand."""
    connection.execute(
        f"""
        update coded set verdict = 'review' where kind = 'similarity' and verdict = 'joined' and left_code in (
            select m.code from members as m inner join tangled as t on m.component = t.component
            where t.records > {LARGEST_TANGLE}
        )"""
    )
    connection.execute(
        """
        update links set verdict = 'review' from coded
        where links.kind = 'similarity' and coded.kind = 'similarity' and coded.verdict = 'review'
            and links.verdict = 'joined'
            and links.left_key = coded.left_key and links.right_key = coded.right_key"""
    )


def _score_the_rest(connection: duckdb.DuckDBPyConnection, spec: Spec, model: Model) -> None:
    """Temp table `tangle_weights`: the weight of every pair of records of a tangle, compared before or not."""
    connection.execute(
        f"""
        create or replace temp table tangle_pairs as
        select a.record_key as left_key, b.record_key as right_key, a.code as left_code, b.code as right_code
        from members as a
        inner join tangled as t on a.component = t.component and t.records <= {LARGEST_TANGLE}
        inner join members as b on a.component = b.component and a.code < b.code"""
    )
    scoring.lend_frequencies(connection, model)
    connection.execute(
        "create or replace temp table tangle_weights as select p.left_code, p.right_code, s.match_weight "
        f"from ({scoring.scored(spec, model, 'tangle_pairs', 'features')}) as s "
        "inner join tangle_pairs as p on s.left_key = p.left_key and s.right_key = p.right_key"
    )


_Links = list[tuple[int, int, int, float]]
_Weights = dict[tuple[int, int], float]


def _tangles(
    connection: duckdb.DuckDBPyConnection,
) -> list[tuple[_Links, _Weights, set[tuple[int, int]], list[int]]]:
    """Each tangle: its links (left, right, strength, weight), weights of pairs, pairs apart, records."""
    codes: dict[int, list[int]] = {}
    of: dict[int, int] = {}
    for component, code in connection.execute(
        "select m.component, m.code from members as m semi join tangled as t on m.component = t.component "
        "order by m.component, m.code"
    ).fetchall():
        codes.setdefault(component, []).append(code)
        of[code] = component
    links: dict[int, _Links] = {}
    for left, right, strength, weight in connection.execute(
        "select left_code, right_code, strength, max(coalesce(match_weight, 0)) from coded "
        "where verdict = 'joined' group by all order by all"
    ).fetchall() if codes else []:
        if left in of:
            links.setdefault(of[left], []).append((left, right, strength, weight))
    weights: dict[int, _Weights] = {}
    if codes and _exists(connection, "tangle_weights"):
        for left, right, weight in connection.execute("select * from tangle_weights").fetchall():
            weights.setdefault(of[left], {})[left, right] = max(-_CLAMP, min(_CLAMP, weight))
    apart: dict[int, set[tuple[int, int]]] = {}
    for left, right in connection.execute(
        "select a.code, b.code from links as l inner join nodes as a on l.left_key = a.record_key "
        "inner join nodes as b on l.right_key = b.record_key where l.verdict = 'apart'"
    ).fetchall():
        if left in of:
            apart.setdefault(of[left], set()).add(_ordered(left, right))
    return [(links.get(c, []), weights.get(c, {}), apart.get(c, set()), codes[c]) for c in sorted(codes)]


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    row = connection.execute(
        "select count(*) from duckdb_tables() where table_name = ? and temporary", [table]
    ).fetchone()
    return bool(row and row[0])


def _settle(
    codes: list[int], links: _Links, weights: _Weights, apart: set[tuple[int, int]]
) -> list[tuple[int, int, int]]:
    """Take the links strongest first; those that would weld what must stay apart, or chain, are refused."""
    tangle = _Tangle({code: code for code in codes}, apart, weights)
    outright = tuple(STRENGTH.index(kind) for kind in OUTRIGHT)
    fuzzy = STRENGTH.index("similarity")
    refused = []
    for left, right, strength, _ in sorted(links, key=lambda link: (link[2], -link[3], link[0], link[1])):
        if tangle.group[left] == tangle.group[right]:
            continue
        stands = strength in outright or (
            not tangle.is_kept_apart(left, right) and (strength != fuzzy or tangle.coheres(left, right))
        )
        if stands:
            tangle.join(left, right)
        else:
            refused.append((left, right, strength))
    # A link refused once may lie inside a group by the end, which then does not depend on it.
    return [(a, b, s) for a, b, s in refused if tangle.group[a] != tangle.group[b]]


def _refuse(connection: duckdb.DuckDBPyConnection, refused: list[tuple[int, int, int]]) -> None:
    left, right, strength = zip(*refused, strict=True)
    connection.register(
        "refused", pa.table({"left_code": left, "right_code": right, "strength": strength})
    )
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
