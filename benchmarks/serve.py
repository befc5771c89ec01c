"""The sandbox's own speed: HubSpot list, batch read and search, Salesforce query and bulk result pages.

`python -m benchmarks serve [--rows N] [--columns N]`, or `--size S|L [--home DIR]` for a seeded world, which
is made when the folder has none. A client that only takes bytes asks page after page; the floor is a static
file server that gives the same bytes. Belongs here: how fast answers are made, so that measurements of
readers can be told from measurements of the sandbox.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from benchmarks.processes import BIN, cpu_seconds, peak_mib
from benchmarks.sandboxes import API, CONTACTS, Sandbox, bulk, property_names, seeded
from sandbox.worlds import bulk as world

_PAGES = 200
_SEARCHES = 50
_COUNTED = 20_000_000
_HEAD = (
    "| what | rows | MB | s | rows/s | server's CPU s | ÷ static files |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)
Ask = tuple[str, str, str]
"""Method, path and body."""


@dataclass(frozen=True)
class Served:
    """Pages of one kind: how long they took, and how long the same bytes take from files."""

    what: str
    rows: int
    size: int
    seconds: float
    busy: float
    static: float

    def line(self) -> str:
        return (
            f"| {self.what} | {self.rows:,} | {self.size / 1e6:.1f} | {self.seconds:.2f} "
            f"| {self.rows / self.seconds:,.0f} | {self.busy:.2f} | {self.seconds / self.static:.1f} |"
        )


class Client:
    """One kept connection that reads answers and looks at nothing."""

    def __init__(self, url: str, token: str = "") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def take(self, ask: Ask) -> tuple[bytes, dict[str, str]]:
        method, path, body = ask
        self._connection.request(method, path, body or None, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path[:80]} was answered {answer.status}: {content[:200]!r}")
        return content, dict(answer.getheaders())


def table(rows: int, columns: int) -> str:
    lines = [_HEAD]
    with bulk(rows, columns, rows) as served:
        for what, vendor, per_page, asks in _kinds(served, rows, columns):
            lines.append(_measured(served, what, vendor, per_page, asks).line())
    return "\n".join(lines)


def _kinds(served: Sandbox, rows: int, columns: int) -> Iterator[tuple[str, str, int, list[Ask]]]:
    names = property_names(columns)
    query = quote(",".join(names))
    ids = range(world.FIRST_ID, world.FIRST_ID + rows)
    lists = [
        ("GET", f"{CONTACTS}?limit=100&properties={query}&after={first}", "") for first in ids[::100][:_PAGES]
    ]
    yield "HubSpot list, 100 a page", "hubspot", min(100, rows), lists
    reads = [
        (
            "POST", f"{CONTACTS}/batch/read",
            json.dumps({"properties": names, "inputs": [{"id": str(i)} for i in ids[at : at + 100]]}),
        )
        for at in range(0, rows, 100)[:_PAGES]
    ]  # fmt: skip
    yield "HubSpot batch read, 100 a call", "hubspot", min(100, rows), reads
    searches = [
        ("POST", f"{CONTACTS}/search", json.dumps(_search(names, first, first + 199)))
        for first in ids[::200][:_SEARCHES]
    ]
    yield "HubSpot search by id, 200 a page", "hubspot", min(200, rows), searches
    fields = ", ".join(served.salesforce_fields())
    soql = quote(f"SELECT {fields} FROM Contact LIMIT 2000")
    yield (
        "Salesforce query, 2,000 a page",
        "salesforce",
        min(2_000, rows),
        [("GET", f"{API}/query?q={soql}", "")] * 5,
    )
    yield (
        "Salesforce bulk results, all at once",
        "salesforce",
        rows,
        [("GET", _bulk_results(served, fields, rows), "")],
    )


def world_table(size: str, home: Path) -> str:
    """The same of a seeded world, how long it took to make and to start, and its servers' memory at most."""
    lines = [_HEAD]
    made = None if (home / "world.json").exists() else _seconds(lambda: _started(size, home))
    began = time.perf_counter()
    with seeded(size, home) as served:
        started = time.perf_counter() - began
        for what, vendor, per_page, asks in _of_world(served):
            lines.append(_measured(served, what, vendor, per_page, asks).line())
        peaks = [f"{vendor} {peak_mib(served.pid(vendor)):,.0f} MiB" for vendor in ("hubspot", "salesforce")]
    times = (
        f"{f'Made in {made:,.0f} s, started' if made else 'Started'} again in {started:.1f} s, where Python "
    )
    times += f"counts to {_COUNTED:,} in {_seconds(_count):.1f} s."
    return "\n".join(lines) + f"\n\n{times} Peak memory: {', '.join(peaks)}."


def _started(size: str, home: Path) -> None:
    with seeded(size, home):
        pass


def _count() -> None:
    """What tells one machine's seconds from another's."""
    counted = 0
    while counted < _COUNTED:
        counted += 1


def _of_world(served: Sandbox) -> Iterator[tuple[str, str, int, list[Ask]]]:
    """Pages from the whole of a world, whose ids are told by the pages before."""
    names = ["email", "firstname", "lastname", "company", "jobtitle", "phone", "lifecyclestage", "createdate",
             "lastmodifieddate", "hubspot_owner_id", "hs_lead_status", "city", "country"]  # fmt: skip
    query, ids, lists, after = quote(",".join(names)), [], [], "0"
    for _ in range(_PAGES):
        path = f"{CONTACTS}?limit=100&properties={query}&after={after}"
        page = served.ask("hubspot", "GET", path)
        ids += [each["id"] for each in page["results"]]
        if len(page["results"]) == 100:
            lists.append(("GET", path, ""))
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    yield "HubSpot list, 100 a page", "hubspot", 100, lists
    reads = [
        ("POST", f"{CONTACTS}/batch/read",
         json.dumps({"properties": names, "inputs": [{"id": i} for i in ids[at : at + 100]]}))
        for at in range(0, len(ids) - 99, 100)
    ]  # fmt: skip
    yield "HubSpot batch read, 100 a call", "hubspot", 100, reads
    searches = [
        ("POST", f"{CONTACTS}/search", json.dumps(_search(names, int(low), int(high))))
        for low, high in zip(ids[::200], ids[199::200], strict=False)
    ]
    yield "HubSpot search by id, 200 a page", "hubspot", 200, searches[:_SEARCHES]
    fields = ", ".join(served.salesforce_fields())
    soql = quote(f"SELECT {fields} FROM Contact LIMIT 2000")
    first = served.ask("salesforce", "GET", f"{API}/query?q={soql}")
    yield (
        "Salesforce query, 2,000 a page", "salesforce", len(first["records"]),
        [("GET", f"{API}/query?q={soql}", "")] * 5,
    )  # fmt: skip
    rows = int(
        served.ask("salesforce", "GET", f"{API}/query?q={quote('SELECT COUNT() FROM Contact')}")["totalSize"]
    )
    page = min(50_000, rows)
    results = _bulk_results(served, fields, page)
    asks = [("GET", results + "&locator=" + _locator(start), "") for start in range(0, rows - page + 1, page)]
    yield f"Salesforce bulk results, {page:,} a page", "salesforce", page, asks


def _locator(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _search(names: list[str], first: int, last: int) -> dict[str, object]:
    return {
        "limit": 200, "properties": names, "sorts": [{"propertyName": "hs_object_id"}],
        "filters": [
            {"propertyName": "hs_object_id", "operator": "BETWEEN", "value": first, "highValue": last}
        ],
    }  # fmt: skip


def _bulk_results(served: Sandbox, fields: str, rows: int) -> str:
    """The path of all results of a job that is complete."""
    wish = {"operation": "query", "query": f"SELECT {fields} FROM Contact"}
    job = served.ask("salesforce", "POST", f"{API}/jobs/query", wish)["id"]
    while served.ask("salesforce", "GET", f"{API}/jobs/query/{job}")["state"] != "JobComplete":
        time.sleep(0.05)
    return f"{API}/jobs/query/{job}/results?maxRecords={rows}"


def _measured(served: Sandbox, what: str, vendor: str, per_page: int, asks: list[Ask]) -> Served:
    client = Client(served.url(vendor), served.token(vendor))
    pages = [client.take(ask)[0] for ask in asks]
    before = cpu_seconds(served.pid(vendor))
    seconds = _seconds(lambda: [client.take(ask) for ask in asks])
    busy = cpu_seconds(served.pid(vendor)) - before
    return Served(what, per_page * len(asks), sum(map(len, pages)), seconds, busy, _static(pages))


def _static(pages: list[bytes]) -> float:
    """How long the same answers take from files."""
    with _files(pages) as (url, names):
        client = Client(url)
        for name in names:
            client.take(("GET", name, ""))
        return _seconds(lambda: [client.take(("GET", name, "")) for name in names])


@contextmanager
def _files(pages: list[bytes]) -> Iterator[tuple[str, list[str]]]:
    """A static file server over the pages: its URL and their paths."""
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        for number, page in enumerate(pages):
            (Path(folder) / f"{number}.json").write_bytes(page)
        server = subprocess.Popen(
            [f"{BIN}/python", "-m", "benchmarks.static_files", folder], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            yield f"http://127.0.0.1:{port}", [f"/{number}.json" for number in range(len(pages))]
        finally:
            server.terminate()
            server.wait(10)
            if server.stdout is not None:
                server.stdout.close()


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks serve", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=25)
    parser.add_argument("--size", choices=("XS", "S", "M", "L"), help="a seeded world instead of plain rows")
    parser.add_argument("--home", type=Path, help="where it is, or is to be made")
    found = parser.parse_args(arguments)
    if found.size:
        with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
            shown = world_table(found.size, found.home or Path(folder) / "sandbox")
        print(f"### The sandbox, world {found.size}\n\n{shown}\n")
        return 0
    print(f"### The sandbox, {found.rows:,} rows, {found.columns} properties\n")
    print(f"{table(found.rows, found.columns)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
