"""Pages of bulk results as rows: whole, or an error that says why not; and which fields are asked for."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipelines.rules.extract import Choice
from pipelines.sources.arrow import BadValues
from pipelines.sources.catalogs import table_of
from pipelines.sources.salesforce import rows
from pipelines.sources.salesforce.shape import shape_of

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


def test_what_other_records_make_is_read_where_config_names_it_and_as_calculated_fields_are() -> None:
    table = table_of("salesforce", "campaign_member")
    described = {"fields": [{"name": n, "type": "string"} for n in ("Id", "Status", "Title", "Shirt__c")]}
    assert shape_of(table, described, Choice()).fields == ("Id", "Status", "Shirt__c")
    named = shape_of(table, described, Choice(only=("title",)))
    assert (named.fields, named.calculated) == (("Id", "Status", "Title"), ("Title",))
