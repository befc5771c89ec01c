"""`crm build`: the whole loop against the sandbox, and `crm sandbox`: the sandbox alone.

Whatever the environment or `.env` says, the only connections here are the sandbox's own, on loopback.
"""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time

from cli import held
from cli import world as worlds
from cli.sandbox_process import connected, environment_lines, proxy_lines, running
from cli.screen import Screen
from pipelines.errors import CrmError, Exit
from pipelines.settings import load_settings


def build(given_world: str | None, size: str, *, limits: bool = True) -> int:
    """Extract to record, then a second plan. Returns the exit code. Without `limits` no call is refused."""
    from cli.connect import loop_for
    from cli.summary import Story, show
    from pipelines.rules import everything
    from pipelines.warehouse import Warehouse

    started = time.monotonic()
    world = worlds.World.named(given_world)
    settings = load_settings(vendors=False)
    everything.validate(settings.config_dir)
    screen = Screen()
    with held.entered(settings.home, world, "crm build") as switched:
        with Warehouse(settings.paths).locked("crm build, starting"):
            pass  # another build of this world is said before a sandbox is started
        if switched:
            screen.console.print(
                f"Switched to the world {world.name}; the one before is kept in var/worlds/."
            )
        extra = () if limits else ("--no-limits",)
        with running(settings.paths.sandbox, world.source, size=size, extra=extra) as ready:
            ready_after = time.monotonic() - started
            with loop_for(connected(settings, ready), screen) as loop, screen:
                loop.refresh()
                loop.recover()
                plan = loop.plan()
                applied = None if plan.is_empty else loop.apply(plan.path)
                loop.record()
                again = plan if applied is None else loop.plan()
            story = Story(
                world=world, sandbox_seconds=ready_after, total_seconds=time.monotonic() - started,
                plan=plan, applied=applied, again=again,
            )  # fmt: skip
            show(screen.console, loop, story)
    if any(result.status == "partial" for result in loop.results):
        return Exit.PARTIAL
    if not again.is_empty:
        raise CrmError(
            f"a second plan still has {again.records} records to change", where=again.path.name,
            remedy="read it with crm plan; what was rejected stands in ops.journal",
        )  # fmt: skip
    return 0


def serve_sandbox(
    given_world: str | None, size: str, hubspot_port: int, salesforce_port: int, marketing_port: int = 0
) -> int:  # fmt: skip
    """Serve until Ctrl-C or SIGTERM, printing what a client needs to know."""
    world = worlds.World.named(given_world)
    settings = load_settings(vendors=False)
    ports = (
        "--hubspot-port", str(hubspot_port), "--salesforce-port", str(salesforce_port),
        "--marketing-cloud-port", str(marketing_port),
    )  # fmt: skip
    with (
        held.entered(settings.home, world, "crm sandbox"),
        running(settings.paths.sandbox, world.source, size=size, extra=ports) as ready,
    ):
        print("The sandbox is up. For a client, or for crm in another terminal:\n")
        for line in environment_lines(ready):
            print(line)
        print("\nFor a client that knows no host but the vendors' own, these lines are all it needs:\n")
        for line in proxy_lines(ready):
            print(line)
        print(
            f"\nSlack messages, mails and webhooks (POST to {ready['webhooks']['hook_url']}...) are shown at"
        )
        print(f"{ready['webhooks']['url']}")
        print(f"What is in there, faults and a button for days to pass: {ready['front']['url']}\n")
        print(f"World: {json.dumps(ready['world'])}. Ctrl-C stops it.", flush=True)
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        with contextlib.suppress(KeyboardInterrupt):
            stop.wait()
    return 0
