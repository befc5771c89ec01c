"""A disk without room is a sentence; what counted counts still, and the next run goes on with it."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from functools import partial

import duckdb
import pyarrow as pa
import pytest

from pipelines.errors import DiskFull
from pipelines.settings import Paths
from pipelines.sources.spool import Spool
from pipelines.warehouse import Warehouse

NOW = datetime(2026, 6, 30, tzinfo=UTC)
ROWS = pa.table({"id": ["1", "2"]})


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("in_commit", [False, True])
def test_a_first_load_that_found_no_room_goes_on_where_its_manifest_says(tmp_path, monkeypatch, in_commit):
    spool = Spool.begin(tmp_path / "first", ["an org"], NOW, keep=True)
    spool.write("contacts", "replace", ROWS)
    spool.commit("here")
    if in_commit:
        spool.write("contacts", "replace", ROWS)
    ask = partial(spool.commit, "there") if in_commit else partial(spool.write, "contacts", "replace", ROWS)
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", no_room)
        with pytest.raises(DiskFull, match=r"the disk is full .*make room"):
            ask()
    again = Spool.begin(tmp_path / "first", ["an org"], NOW, keep=True)
    assert (again.position, sum(part.rows for part in again.parts("contacts"))) == ("here", 2)
    assert list((tmp_path / "first").glob("contacts*.tmp")) == []
    again.write("contacts", "replace", ROWS)
    again.commit("there", complete=True)
    assert sum(part.rows for part in again.parts("contacts")) == 4


def test_a_warehouse_that_finds_no_room_says_so_and_other_trouble_is_as_it_was(tmp_path):
    warehouse = Warehouse(Paths(tmp_path))
    with warehouse.locked("a test"):
        warehouse.start_work()
        with pytest.raises(DiskFull, match="make room"), warehouse.writing():
            raise duckdb.IOException('Could not write file "work.duckdb": No space left on device')
        with pytest.raises(duckdb.IOException, match="else"), warehouse.writing():
            raise duckdb.IOException("something else")
