"""A sum of decimals that is rounded to cents is the same whether or not it fits into 64 bits."""

from __future__ import annotations

import duckdb

from tests.fixtures.dbt_sql import rendered

LARGE = "99999999999999.9950"
"""The sum of two of them has four places in 128 bits alone."""
SUMS = {
    "1.01": ["0.0050", "0.0049", "1.0000"],
    "-0.01": ["-0.0050"],
    "199999999999999.99": [LARGE, LARGE],
    "100000000000000.00": [LARGE, "0.0050"],
    "0.00": [None],
}


def test_a_sum_is_rounded_where_it_fits_and_where_it_does_not() -> None:
    rounded = rendered("{{ rounded('sum(weight)', 4) }}")
    with duckdb.connect() as connection:
        connection.execute("create table weighed (told varchar, weight decimal(18, 4))")
        connection.executemany(
            "insert into weighed values (?, ?)",
            [(told, each) for told, summed in SUMS.items() for each in summed],
        )
        found = connection.execute(f"select told, ({rounded})::varchar from weighed group by told").fetchall()
    assert dict(found) == {told: told for told in SUMS}
