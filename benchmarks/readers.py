"""What extraction is compared with, each a process of its own: a plain floor, and dlt's rest_api source.

`python -m benchmarks.readers floor|dlt|dlt-append|dlt-parquet hubspot|salesforce` reads its target as JSON
from standard input and ends when all rows are in a DuckDB file. Belongs here: the shortest way to do it by
these means.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONTACTS = "/crm/objects/2026-03/contacts"
API = "/services/data/v67.0"
PAGE, GROUP = 100, 5_000
Target = dict[str, Any]
"""`url`, `token`, `columns` (names), `home` (an empty folder)."""


def hubspot_pages(target: Target) -> Iterator[list[dict[str, Any]]]:
    """The list of contacts, page by page, as anyone would read it with requests."""
    import requests

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {target['token']}"
    params = {"limit": str(PAGE), "properties": ",".join(target["columns"])}
    while True:
        answer = session.get(target["url"] + CONTACTS, params=params, timeout=60)
        answer.raise_for_status()
        page = answer.json()
        yield page["results"]
        if "paging" not in page:
            return
        params["after"] = page["paging"]["next"]["after"]


def salesforce_pages(target: Target) -> Iterator[bytes]:
    """The result pages of one Bulk 2.0 query, as CSV."""
    import requests

    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {target['token']}"
    base = f"{target['url']}{API}/jobs/query"
    body = {"operation": "query", "query": f"SELECT {', '.join(target['columns'])} FROM Contact"}
    made = session.post(base, json=body, timeout=60)
    made.raise_for_status()
    job = f"{base}/{made.json()['id']}"
    while (state := session.get(job, timeout=60).json()["state"]) != "JobComplete":
        if state in ("Failed", "Aborted"):
            raise RuntimeError(f"the job is {state}")
        time.sleep(0.2)
    locator = ""
    while locator != "null":
        params = {"locator": locator} if locator else {}
        answer = session.get(f"{job}/results", params=params, timeout=600)
        answer.raise_for_status()
        yield answer.content
        locator = answer.headers["Sforce-Locator"]


def floor_hubspot(target: Target) -> None:
    """requests, pyarrow, one Parquet file, DuckDB. Everything is text: nobody said what the values are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("id", pa.string()), *((name, pa.string()) for name in target["columns"])])
    path = Path(target["home"]) / "contacts.parquet"
    with pq.ParquetWriter(path, schema) as writer:
        waiting: list[dict[str, Any]] = []
        for page in hubspot_pages(target):
            waiting += [{"id": each["id"], **each["properties"]} for each in page]
            if len(waiting) >= GROUP:
                writer.write_table(pa.Table.from_pylist(waiting, schema))
                waiting = []
        writer.write_table(pa.Table.from_pylist(waiting, schema))
    _into_duckdb(target, path)


def floor_salesforce(target: Target) -> None:
    """The same of a bulk job's CSV."""
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in target["columns"]])
    options = pc.ConvertOptions(column_types=schema, strings_can_be_null=True)
    path = Path(target["home"]) / "contacts.parquet"
    with pq.ParquetWriter(path, schema) as writer:
        for page in salesforce_pages(target):
            writer.write_table(pc.read_csv(pa.BufferReader(page), convert_options=options))
    _into_duckdb(target, path)


def _into_duckdb(target: Target, path: Path) -> None:
    import duckdb

    with duckdb.connect(str(Path(target["home"]) / "floor.duckdb")) as db:  # noqa: TID251 - not the warehouse
        db.execute(f"create table contacts as select * from read_parquet('{path}')")


def with_dlt(target: Target, vendor: str, way: str) -> None:
    """dlt's rest_api source into DuckDB. `dlt`: as the pipeline of `dlt init rest_api duckdb` has it, whose
    resources have a primary key and are merged; `dlt-append`: without either; `dlt-parquet`: that by Parquet,
    its files cut so that both processors normalize, the quickest that its settings give here.
    """
    if way == "dlt-parquet":
        os.environ |= {  # noqa: TID251 - its settings, not ours
            "NORMALIZE__WORKERS": "2", "DATA_WRITER__FILE_MAX_ITEMS": "20000",
            "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "20000",
        }  # fmt: skip
    import dlt
    from dlt.sources.rest_api import rest_api_source

    home = Path(target["home"])
    auth = {"type": "bearer", "token": target["token"]}
    if vendor == "hubspot":
        client = {
            "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_param": "after"}
        }
        params = {"limit": PAGE, "properties": ",".join(target["columns"])}
        endpoint = {"path": CONTACTS.lstrip("/"), "params": params, "data_selector": "results"}
    else:
        client = {"paginator": {"type": "json_link", "next_url_path": "nextRecordsUrl"}}
        params = {"q": f"SELECT {', '.join(target['columns'])} FROM Contact"}
        endpoint = {"path": f"{API}/query".lstrip("/"), "params": params, "data_selector": "records"}
    config: Any = {
        "client": {"base_url": target["url"], "auth": auth, **client},
        "resources": [{"name": "contacts", "endpoint": endpoint}],
    }
    if way == "dlt":
        key = "id" if vendor == "hubspot" else "Id"
        config["resource_defaults"] = {"primary_key": key, "write_disposition": "merge"}
    pipeline = dlt.pipeline(
        "measured", pipelines_dir=str(home / "dlt"), dataset_name="raw",
        destination=dlt.destinations.duckdb(str(home / "dlt.duckdb")),
    )  # fmt: skip
    formats: dict[str, Any] = {"loader_file_format": "parquet"} if way == "dlt-parquet" else {}
    pipeline.run(rest_api_source(config), **formats)


def main() -> int:
    way, vendor = sys.argv[1:]
    target: Target = json.load(sys.stdin)
    if way == "floor":
        (floor_hubspot if vendor == "hubspot" else floor_salesforce)(target)
    else:
        with_dlt(target, vendor, way)
    return 0


if __name__ == "__main__":
    sys.exit(main())
