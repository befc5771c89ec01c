"""`crm sandbox`: serve it, let days pass in it, switch faults. The sandbox itself is another process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.errors import UsageError

READY = "ready.json"
_ALWAYS = 1_000_000_000
"""So often is without end."""
VENDORS = ("hubspot", "salesforce", "marketing_cloud", "catchers")

app = typer.Typer(invoke_without_command=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def sandbox(
    context: typer.Context,
    world: Annotated[
        str | None,
        typer.Option("--world", help="Folder of data files to fill it with; default: the seeded world."),
    ] = None,
    size: Annotated[
        str, typer.Option("--size", help="People in the seeded world: XS (300), S (5,000), M, L (1,000,000).")
    ] = "S",
    hubspot_port: Annotated[int, typer.Option(help="Port for HubSpot; 0 takes a free one.")] = 0,
    salesforce_port: Annotated[int, typer.Option(help="Port for Salesforce; 0 takes a free one.")] = 0,
    marketing_cloud_port: Annotated[int, typer.Option(help="Port for Marketing Cloud; 0: a free one.")] = 0,
) -> None:
    """Serve the sandbox CRMs until Ctrl-C; tick and faults work on the one that is served."""
    if context.invoked_subcommand is not None:
        return
    from cli.build import serve_sandbox

    raise typer.Exit(serve_sandbox(world, size, hubspot_port, salesforce_port, marketing_cloud_port))


@app.command()
def tick(days: Annotated[int, typer.Option(help="How many days pass.")] = 1) -> None:
    """Let days pass: new leads, replies, deals that move, are won or lost, edits in both CRMs."""
    command = [sys.executable, "-m", "sandbox", "tick", "--home", str(_home()), "--days", str(days)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise UsageError(
            lines[-1].removeprefix("sandbox: ").rstrip(".") if lines else "the days did not pass"
        )
    told = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{told['days']} days later it is {told['now']}:")
    for what, count in sorted(told["happened"].items()):
        print(f"  {count:6,} {what}")


@app.command()
def faults(
    vendor: Annotated[str, typer.Argument(help=f"One of {', '.join(VENDORS)}.")],
    kind: Annotated[str, typer.Argument(help="What goes wrong; 'off' ends all; nothing lists them.")] = "",
    match: Annotated[str, typer.Option(help="Requests it meets: a pattern on 'METHOD path'.")] = "",
    times: Annotated[
        int | None, typer.Option(help="How often; without it once, an outage or a schedule until it ends.")
    ] = None,
    start: Annotated[str, typer.Option("--from", help="From this instant of the world's time.")] = "",
    until: Annotated[str, typer.Option(help="Until this instant of the world's time.")] = "",
    every: Annotated[int | None, typer.Option(help="Each so-many-th request only.")] = None,
    after: Annotated[int | None, typer.Option(help="Leave so many requests alone first.")] = None,
    slow: Annotated[int | None, typer.Option(help="Milliseconds the answer waits.")] = None,
    retry_after: Annotated[str, typer.Option(help="What the Retry-After header says.")] = "",
    code: Annotated[str, typer.Option(help="Of a row error: its code.")] = "",
    row_every: Annotated[int | None, typer.Option(help="Of a row error: each so-many-th row only.")] = None,
    late: Annotated[int | None, typer.Option(help="Of late rows: seconds until they are seen.")] = None,
) -> None:
    """Switch a fault of a vendor on, all of them off, or list what is on and what there is."""
    if vendor not in VENDORS:
        raise UsageError(f"there is no vendor {vendor}", remedy=f"say one of {', '.join(VENDORS)}")
    url = f"{_ready()[vendor]['url']}/_sandbox/faults"
    spec: dict[str, Any] = {"kind": kind, "times": times, "every": every, "after": after, "slow": slow,
                            "row_every": row_every, "late": late}  # fmt: skip
    spec |= {"match": match or None, "from": start or None, "until": until or None, "code": code or None,
             "retry_after": retry_after or None}  # fmt: skip
    told = _asked(url, kind, {name: value for name, value in spec.items() if value is not None})
    for each in told["faults"]:
        print(_line(each))
    if not told["faults"]:
        print("No fault is on.")
    if not kind:
        print("Kinds: " + ", ".join(told["kinds"]))


def _line(fault: dict[str, Any]) -> str:
    """A fault that is on, as people read it."""
    what = str(fault["status"]) if fault["status"] is not None else "slow"
    more = [f"{fault['slow']} ms late"] if fault["slow"] else []
    more += [f"{fault['code']} in each {fault['row_every']}. row"] if "code" in fault else []
    more += [f"each {fault['every']}. request"] if fault["every"] > 1 else []
    more += [f"{name} {fault[name]}" for name in ("from", "until") if name in fault]
    often = (
        f"{fault['met']} of {fault['times']} times" if fault["times"] < _ALWAYS else f"{fault['met']} times"
    )
    where = "all requests" if fault["match"] == "." else fault["match"]
    return f"{', '.join([what, *more])}, for {where}: met {often}"


def _asked(url: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    import httpx

    try:
        if kind == "off":
            answer = httpx.delete(url)
        else:
            answer = httpx.post(url, json=spec) if kind else httpx.get(url)
    except httpx.TransportError as problem:
        raise UsageError(f"the sandbox does not answer ({problem})") from None
    told: dict[str, Any] = answer.json()
    if answer.status_code >= 400:
        raise UsageError(str(told["error"]))
    return told


def _home() -> Path:
    from pipelines.settings import load_settings

    return load_settings(vendors=False).paths.sandbox


def _ready() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((_home() / READY).read_text())
    except FileNotFoundError:
        raise UsageError(
            "no sandbox is served here", remedy="start one with crm sandbox in another terminal"
        ) from None
    return found
