"""Extraction: rows a second, peak memory and calls of `crm extract`, beside its peers and a plain floor.

`python -m benchmarks extract [--rows N,M] [--columns 25,200] [--salesforce N] [--no-peers]`. All read
the same sandbox over loopback, each in a process of its own, one after the other. Belongs here: what is
measured and how it is shown; the other readers are in `readers` and `peers`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_plus

from benchmarks import peers
from benchmarks.processes import BIN, Measured, cpu_seconds, measure
from benchmarks.sandboxes import Sandbox, bulk, property_names
from pipelines.settings import PROJECT_ROOT

ROWS, COLUMNS, SALESFORCE = "100000,1000000", "25,200", "1000000"
PEER_CELLS = 2_500_000
"""What the slow readers read at most: 100,000 rows of 25 columns, 12,500 of 200."""
CHANGED = (0.001, 0.01)
OUR_CALLS_PER_ASSOCIATION = 1_000
SALESFORCE_PAGE = 50_000
_ONLY_CONTACTS = "hubspot: {objects: [contacts], custom_objects: none, history: {contacts: none}}\n"
"""Of a record with its history HubSpot lists 50 a page; the others read none."""
_OF_CONTACTS = re.compile(r"from contact\b", re.IGNORECASE)
FLOOR = "requests, pyarrow, Parquet, DuckDB (the floor)"
_HEAD = (
    "| reader | rows | s | rows/s | ÷ floor | CPU s | peak MiB | calls | ÷ least | sandbox's CPU |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
)


@dataclass(frozen=True)
class Result:
    """One reader's run. `calls`: those about contacts; `least`: what the same content takes at least.

    `busy`: seconds of CPU that the sandbox used.
    """

    reader: str
    rows: int
    run: Measured
    calls: int
    least: int
    busy: float

    @property
    def rate(self) -> float:
        return self.rows / self.run.wall

    def line(self, floor: float | None) -> str:
        ratio = f"{self.rate / floor:.2f}" if floor else ""
        return (
            f"| {self.reader} | {self.rows:,} | {self.run.wall:.1f} | {self.rate:,.0f} | {ratio} "
            f"| {self.run.cpu:.1f} | {self.run.peak_mib:,.0f} | {self.calls:,} "
            f"| {self.calls / self.least:.3f} | {self.busy / self.run.wall:.0%} |"
        )


@dataclass(frozen=True)
class Wishes:
    """What to measure. `peer_cells` bounds the slow readers, 0 leaves them out; `taps`: those of PyPI too.

    `slow`: milliseconds that HubSpot waits before each page; over loopback answers come at once, as none do.
    """

    rows: Sequence[int]
    columns: Sequence[int]
    salesforce: Sequence[int]
    peer_cells: int = PEER_CELLS
    taps: bool = True
    changes: int = 100_000
    slow: int = 0


def tables(wishes: Wishes) -> Iterator[tuple[str, str]]:
    """(title, Markdown table) of each measurement."""
    for columns in wishes.columns:
        for rows in wishes.rows:
            title = f"{rows:,} HubSpot contacts, {columns} properties"
            title += f", each page after {wishes.slow} ms" if wishes.slow else ""
            yield title, _table(hubspot(rows, columns, wishes, with_peers=rows == min(wishes.rows)))
    for rows in wishes.salesforce:
        yield f"{rows:,} Salesforce contacts", _table(salesforce(rows, wishes))
    if wishes.changes:
        size = f"{wishes.changes:,}"
        title = f"Later runs, all objects of both CRMs, {size} HubSpot and {size} Salesforce contacts"
        yield title, changes(wishes.changes)


def _table(groups: Iterator[list[Result]]) -> str:
    """A line for each reader; a floor is that of the lines below it."""
    lines, floor = [_HEAD], None
    for each in (result for group in groups for result in group):
        is_floor = each.reader == FLOOR
        lines.append(each.line(None if is_floor else floor))
        floor = each.rate if is_floor else floor
    return "\n".join(lines)


# -- first loads -----------------------------------------------------------------------------------------


def hubspot(rows: int, columns: int, wishes: Wishes, *, with_peers: bool) -> Iterator[list[Result]]:
    """Floor and ours on all rows; then floor and peers, on as many rows as they can be asked to read."""
    names = property_names(columns)
    with bulk(rows, columns) as served:
        served.slow_down(wishes.slow)
        yield [_floor(served, "hubspot", rows, names), _ours(served, "hubspot", rows)]
    few = min(rows, wishes.peer_cells // columns)
    if with_peers and few:
        with bulk(few, columns) as served:
            served.slow_down(wishes.slow)
            found = [] if few == rows else [_floor(served, "hubspot", few, names)]
            yield [*found, *_peers(served, "hubspot", few, names, wishes)]


def salesforce(rows: int, wishes: Wishes) -> Iterator[list[Result]]:
    """The same of Salesforce. The peers ask by REST, ours and the floor by Bulk 2.0."""
    with bulk(0, 25, rows) as served:
        names = served.salesforce_fields()
        yield [_floor(served, "salesforce", rows, names), _ours(served, "salesforce", rows)]
    few = min(rows, wishes.peer_cells // 25)
    if few:
        with bulk(0, 25, few) as served:
            found = [_floor(served, "salesforce", few, names)]
            yield [*found, *_peers(served, "salesforce", few, names, wishes)]


def _floor(served: Sandbox, vendor: str, rows: int, names: list[str]) -> Result:
    return _reader(served, vendor, rows, names, "floor", FLOOR)


def _peers(served: Sandbox, vendor: str, rows: int, names: list[str], wishes: Wishes) -> Iterator[Result]:
    yield _reader(served, vendor, rows, names, "dlt-parquet", "dlt rest_api, appended, Parquet (its best)")
    yield _reader(served, vendor, rows, names, "dlt-append", "dlt rest_api, appended")
    yield _reader(served, vendor, rows, names, "dlt", "dlt rest_api, as `dlt init` sets it up")
    if wishes.taps:
        yield _tap(served, vendor, rows, names)


def _reader(served: Sandbox, vendor: str, rows: int, names: list[str], way: str, name: str) -> Result:
    with _folder() as home:
        target = {
            "url": served.url(vendor),
            "token": served.token(vendor),
            "columns": names,
            "home": str(home),
        }
        command = [f"{BIN}/python", "-m", "benchmarks.readers", way, vendor]
        bulk_job = vendor == "salesforce" and way == "floor"
        return _measured(served, vendor, rows, name, command, {}, json.dumps(target), bulk_job=bulk_job)


def _tap(served: Sandbox, vendor: str, rows: int, names: list[str]) -> Result:
    """A tap writes to standard output and loads nothing: that is what its figure is of."""
    program = peers.install(vendor)
    with _folder() as home:
        ready = served.ready[vendor]
        command = (
            peers.hubspot(program, ready, names, home)
            if vendor == "hubspot"
            else peers.salesforce(program, ready, home)
        )
        env = peers.environment(program, ready["url"])
        result = _measured(served, vendor, rows, f"{program.name}, to a file, nothing loaded", command, env)
    if result.run.records != rows:
        raise RuntimeError(
            f"{program.name} wrote {result.run.records} of {rows} records:\n{result.run.output[-2000:]}"
        )
    return result


def _ours(served: Sandbox, vendor: str, rows: int) -> Result:
    with _folder() as home:
        env = our_environment(served, home, (vendor,), only_contacts=True)
        result = _measured(
            served, vendor, rows, "crm extract", [f"{BIN}/crm", "extract"], env, with_links=True,
            bulk_job=True, may_be_partial=True,
        )  # fmt: skip
        loaded = our_rows(home, vendor, env)
        if loaded != rows:
            raise RuntimeError(f"crm extract loaded {loaded} of {rows} rows:\n{result.run.output[-2000:]}")
        return result


def _measured(
    served: Sandbox, vendor: str, rows: int, name: str, command: Sequence[str], env: dict[str, str],
    given: str = "", *, with_links: bool = False, bulk_job: bool = False, may_be_partial: bool = False,
) -> Result:  # fmt: skip
    before, seen = cpu_seconds(served.pid(vendor)), served.seen(vendor)
    run = measure(command, env, given=given, fine=(0, 4) if may_be_partial else (0,))
    busy = cpu_seconds(served.pid(vendor)) - before
    calls = sum(_is_about_contacts(path, query) for path, query in served.calls(vendor, seen))
    if vendor == "hubspot":
        least = -(-rows // 100) + (1 - (-rows // OUR_CALLS_PER_ASSOCIATION) if with_links else 0)
    else:
        least = 2 - (-rows // SALESFORCE_PAGE) if bulk_job else -(-rows // 2_000)
    return Result(name, rows, run, calls, max(1, least), busy)


def _is_about_contacts(path: str, query: str) -> bool:
    """HubSpot says it in the path, Salesforce in the query; only contacts are enough for jobs and pages."""
    if path.startswith("/services/"):
        return (
            "/jobs/query" in path or "/query/" in path or _OF_CONTACTS.search(unquote_plus(query)) is not None
        )
    return "contact" in path.lower()


# -- later runs ------------------------------------------------------------------------------------------


def changes(rows: int) -> str:
    """`crm extract` of all objects of both CRMs: first, then with nothing and with a share changed."""
    lines = [
        "| run | s | CPU s | rows changed | rows loaded | calls | peak MiB |",
        "| --- " + "| ---: " * 6 + "|",
    ]
    with bulk(rows, 25, rows) as served, _folder() as home:
        env = our_environment(served, home, ("hubspot", "salesforce"), only_contacts=False)
        for name, share in (("first", None), ("unchanged", 0.0), *((f"{c:.1%} changed", c) for c in CHANGED)):
            edited = served.edit(share) if share else 0
            served.pass_time(120)
            seen = {vendor: served.seen(vendor) for vendor in ("hubspot", "salesforce")}
            run = measure([f"{BIN}/crm", "extract"], env, fine=(0, 4))
            calls = sum(len(served.calls(vendor, at)) for vendor, at in seen.items())
            told = measure([f"{BIN}/python", "-m", "benchmarks.settle"], env).output
            loaded = json.loads(told.splitlines()[-1])["loaded"]
            lines.append(
                f"| {name} | {run.wall:.1f} | {run.cpu:.1f} | {edited:,} | {loaded:,} | {calls:,} "
                f"| {run.peak_mib:,.0f} |"
            )
    return "\n".join(lines)


def our_environment(
    served: Sandbox, home: Path, vendors: Sequence[str], *, only_contacts: bool
) -> dict[str, str]:
    """What points `crm` at the sandbox; `only_contacts` narrows HubSpot to what the others read."""
    config = home / "config"
    shutil.copytree(PROJECT_ROOT / "config", config)
    if only_contacts:
        (config / "extract.yml").write_text(_ONLY_CONTACTS)
    env = {"CRM_HOME": str(home / "var"), "CRM_CONFIG": str(config)}
    ready = served.ready
    if "hubspot" in vendors:
        env |= {"HUBSPOT_URL": ready["hubspot"]["url"], "HUBSPOT_TOKEN": ready["hubspot"]["token"]}
    if "salesforce" in vendors:
        env |= {
            "SALESFORCE_URL": ready["salesforce"]["url"],
            "SALESFORCE_CLIENT_ID": ready["salesforce"]["client_id"],
            "SALESFORCE_CLIENT_SECRET": ready["salesforce"]["client_secret"],
        }
    return env


def our_rows(home: Path, vendor: str, env: dict[str, str]) -> int:
    """How many contacts the work file of an extract holds."""
    table = {"hubspot": "raw_hubspot.contacts", "salesforce": "raw_salesforce.contact"}[vendor]
    query = f"select count(*) from {table}"
    code = f"import duckdb; print(duckdb.connect(r'{home}/var/work.duckdb').execute('{query}').fetchone()[0])"
    return int(measure([f"{BIN}/python", "-c", code], env).output.split()[-1])


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as name:
        yield Path(name)


def wishes_from(arguments: Sequence[str]) -> Wishes:
    parser = argparse.ArgumentParser(prog="python -m benchmarks extract", description=__doc__)
    parser.add_argument("--rows", default=ROWS, help="HubSpot contacts, one or more numbers; '' for none")
    parser.add_argument("--columns", default=COLUMNS, help="properties of a contact")
    parser.add_argument("--salesforce", default=SALESFORCE, help="Salesforce contacts; '' for none")
    parser.add_argument(
        "--changes", type=int, default=100_000, help="contacts for the later runs; 0 for none"
    )
    parser.add_argument(
        "--peer-cells", type=int, default=PEER_CELLS, help="rows times columns that the slow readers read"
    )
    parser.add_argument("--slow", type=int, default=0, help="milliseconds before each page of HubSpot's list")
    parser.add_argument("--no-peers", action="store_true", help="only the floor and crm extract")
    parser.add_argument("--no-taps", action="store_true", help="no packages from PyPI")
    found = parser.parse_args(arguments)
    rows, columns, salesforce_rows = (
        [int(each) for each in text.split(",") if each]
        for text in (found.rows, found.columns, found.salesforce)
    )
    return Wishes(
        rows,
        columns,
        salesforce_rows,
        0 if found.no_peers else found.peer_cells,
        not found.no_taps,
        found.changes,
        found.slow,
    )


def main(arguments: Sequence[str]) -> int:
    for title, table in tables(wishes_from(arguments)):
        print(f"### {title}\n\n{table}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
