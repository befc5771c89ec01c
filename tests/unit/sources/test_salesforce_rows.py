"""Pages of bulk results as rows: whole, or an error that says why not."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipelines.sources.arrow import BadValues
from pipelines.sources.catalogs import table_of
from pipelines.sources.salesforce import rows

LEADS = table_of("salesforce", "lead")


def read(page: bytes) -> list[str]:
    return [
        each for some in rows.from_csv(LEADS, page, BadValues()) for each in some.column("Id").to_pylist()
    ]


def test_a_page_is_read_to_its_end_whatever_its_columns() -> None:
    assert read(b'"Id","Email"\n"1","a@x.example"\n"2",""\n') == ["1", "2"]


def test_a_page_that_is_not_whole_is_no_short_page() -> None:
    with pytest.raises(pa.ArrowInvalid, match="Expected 2 columns"):
        read(b'"Id","Email"\n"1","a@x.example"\n"2"\n')
