"""Components where links could chain, or would weld what must stay apart: which of their links to refuse.

Belongs here: settling one component at a time, strongest link first. What a link is, and everything that is
plain, is in `links`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from pipelines.identity import scoring
from pipelines.identity.model import Model
from pipelines.identity.spec import Spec

LARGEST_TANGLE = 150
_CLAMP = 12.0


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


def untangle(
    connection: duckdb.DuckDBPyConnection,
    kinds: tuple[str, ...],
    outright: tuple[str, ...],
    spec: Spec | None,
    model: Model | None,
) -> list[tuple[int, int, int]]:
    """Links to refuse, as (left code, right code, strength).

    Reads temp tables `links`, `coded`, `nodes`, `members` (by all links) and `tied` (by all
    but scored pairs). `kinds` are ordered by strength; those `outright` stand whatever else holds.
    """
    connection.execute("drop table if exists tangle_weights")
    _tangled(connection)
    _loosen_the_largest(connection)
    refused = []
    if spec is not None and model is not None:
        _score_the_rest(connection, spec, model)
    for links, weights, apart, codes in _tangles(connection):
        refused += _settle(codes, links, weights, apart, kinds, outright)
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
        update coded set verdict = 'review' where kind = 'similarity' and verdict = 'joined' and
        left_code in (
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
    """Temp table `tangle_weights`: the weight of every pair of records of a tangle, compared before or
    not."""
    connection.execute(
        f"""
        create or replace temp table tangle_pairs as
        select a.record_key as left_key, b.record_key as right_key, a.code as left_code, b.code as right_code
        from members as a
        inner join tangled as t on a.component = t.component and t.records <= {LARGEST_TANGLE}
        inner join members as b on a.component = b.component and a.code < b.code"""
    )
    connection.execute(
        "create or replace temp view tangled_features as select * from features where record_key in "
        "(select left_key from tangle_pairs union select right_key from tangle_pairs)"
    )
    scoring.rate(connection, spec, model, "tangled_features", "tangle_rated")
    connection.execute(
        "create or replace temp table tangle_weights as select p.left_code, p.right_code, s.match_weight "
        f"from ({scoring.scored(spec, model, 'tangle_pairs', 'tangle_rated')}) as s "
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
    for left, right, strength, weight in (
        connection.execute(
            """
            select c.left_code, c.right_code, c.strength, max(coalesce(c.match_weight, 0)) from coded as c
            inner join members as m on c.left_code = m.code
            semi join tangled as t on m.component = t.component
            where c.verdict = 'joined' group by all order by all"""
        ).fetchall()
        if codes
        else []
    ):
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
        f"select count(*) from duckdb_tables() where table_name = '{table}' and temporary"
    ).fetchone()
    return bool(row and row[0])


def _settle(
    codes: list[int],
    links: _Links,
    weights: _Weights,
    apart: set[tuple[int, int]],
    kinds: tuple[str, ...],
    outright: tuple[str, ...],
) -> list[tuple[int, int, int]]:
    """Take the links strongest first; those that would weld what must stay apart, or chain, are refused."""
    tangle = _Tangle({code: code for code in codes}, apart, weights)
    certain = tuple(kinds.index(kind) for kind in outright)
    fuzzy = kinds.index("similarity")
    refused = []
    for left, right, strength, _ in sorted(links, key=lambda link: (link[2], -link[3], link[0], link[1])):
        if tangle.group[left] == tangle.group[right]:
            continue
        stands = strength in certain or (
            not tangle.is_kept_apart(left, right) and (strength != fuzzy or tangle.coheres(left, right))
        )
        if stands:
            tangle.join(left, right)
        else:
            refused.append((left, right, strength))
    # A link refused once may lie inside a group by the end, which then does not depend on it.
    return [(a, b, s) for a, b, s in refused if tangle.group[a] != tangle.group[b]]
