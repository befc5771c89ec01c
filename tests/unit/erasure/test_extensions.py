"""Rows of our data extensions that hold an erased person: gone where the file says so, else said."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.clients.marketing_cloud.client import MarketingCloudClient
from pipelines.clients.marketing_cloud.rows import upsert_some
from pipelines.erasure.extensions import taken_out
from pipelines.erasure.subject import Subject
from pipelines.settings import PROJECT_ROOT
from sandbox.clock import Clock
from sandbox.marketing_cloud import account, extensions
from sandbox.store import Store
from tests.fixtures import marketing_cloud as mcs

ANN = Subject(("salesforce:o:Contact:003ANN", "hubspot:1:contacts:7"), ("p-ann",), ("ann@example.org",))
FILE = """
extensions:
  - {data_extension: vips, of: people, on_leave: delete, key: {column: PersonId, from: person_id},
     columns: [{from: full_name, to: Name}]}
  - {data_extension: sites, of: accounts, on_leave: delete, key: {column: SiteId, from: account_id},
     columns: [{from: name, to: Name}]}
"""


@pytest.fixture
def client(tmp_path: Path) -> Iterator[MarketingCloudClient]:
    """An account whose extensions each hold Ann and Bob."""
    store = Store(tmp_path / "marketing_cloud.sqlite")
    account.prepare(store, 1)
    for name, key in ((mcs.PEOPLE, "ContactKey"), ("vips", "PersonId"), ("sites", "SiteId")):
        extensions.create(store, name, name, [{"name": key, "key": True}, {"name": "Name"}], 0)
    store.close()
    Clock.create(tmp_path / "clock", 1_780_000_000_000).close()
    with mcs.account(tmp_path) as mc, mcs.client(mc) as found:
        upsert_some(found, mcs.PEOPLE, ("ContactKey",), [{"ContactKey": "003ANN"}, {"ContactKey": "003BOB"}])
        upsert_some(found, "vips", ("PersonId",), [{"PersonId": "p-ann"}, {"PersonId": "p-bob"}])
        upsert_some(found, "sites", ("SiteId",), [{"SiteId": "p-ann"}])
        yield found


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    shutil.copy(PROJECT_ROOT / "config" / "syncs.yml", folder)
    (folder / "data_extensions.yml").write_text(FILE)
    return folder


def left(client: Any, extension: str) -> list[str]:
    return [next(iter(row.values())) for page in client.extension_rows(extension) for row in page]


def test_their_rows_go_where_rows_go_and_are_said_where_they_stay_and_nobody_else_s_do(client, config):
    said = list(taken_out(client, config, ANN, dry_run=False))
    assert said == [
        "the data extension crm_people holds 1 rows of them, and on_leave: keep leaves them there",
        "the data extension vips holds 1 rows of them, of which 1 were removed",
    ]
    assert left(client, "vips") == ["p-bob"]
    assert left(client, mcs.PEOPLE) == ["003ANN", "003BOB"]
    assert left(client, "sites") == ["p-ann"]  # an account's, whatever it is called
    assert list(taken_out(client, config, ANN, dry_run=False)) == said[:1]


def test_nothing_goes_when_it_is_only_asked_what_would(client, config):
    *_, said = taken_out(client, config, ANN, dry_run=True)
    assert said == "the data extension vips holds 1 rows of them, which would be removed"
    assert left(client, "vips") == ["p-ann", "p-bob"]


def test_an_extension_that_cannot_be_asked_is_said_and_the_others_are_done(client, config):
    (config / "data_extensions.yml").write_text(FILE.replace("vips", "nobody", 1))
    assert [sentence.split(":")[0] for sentence in taken_out(client, config, ANN, dry_run=False)] == [
        "the data extension crm_people holds 1 rows of them, and on_leave",
        "the data extension nobody could not be asked",
    ]
