"""`crm plan` and `crm apply`: showing a plan, writing one, showing what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from cli.screen import table
from pipelines.errors import Exit

if TYPE_CHECKING:
    from pipelines.reverse_sync.plan import Plan
    from pipelines.steps import Loop


def show_plan(loop: Loop, html: Path | None = None) -> None:
    """Make a plan and print it: counts by sync and field, samples, what is held, what it costs."""
    loop.recover()
    plan = loop.plan()
    print_plan(Console(highlight=False), plan)
    if html is not None:
        from pipelines.reverse_sync import page

        page.write(plan.path, html)


def print_plan(console: Console, plan: Plan) -> None:
    """The readable summary of a plan file."""
    rows = [
        (name, f"{s.records:,}", ", ".join(f"{field} {n:,}" for field, n in s.fields.items()), f"{s.held:,}",
         f"{s.calls.total:,}")
        for name, s in plan.syncs.items()
    ]  # fmt: skip
    console.print(
        table("Plan", ("sync", "records", "fields", "held", "calls"), rows, numbers=(1, 3, 4), wrapping=(2,))
    )
    for name, a in plan.actions.items():
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in a.kinds.items()) or "nothing"
        ways = ", ".join(f"{n:,} {way}" for way, n in a.reversibility.items())
        rest = [f"{n:,} {what}" for n, what in ((a.held, "held"), (a.waiting, "not due yet")) if n]
        console.print(f"{name}: {kinds}  [dim]{escape('; '.join(filter(None, [ways, *rest])))}[/]")
    for sample in plan.samples:
        console.print(
            f"\n{escape(sample.label or sample.record_id)}  [dim]{sample.sync} {sample.record_id}[/]"
        )
        for field, change in sample.fields.items():
            values = escape(f"{change.before or 'empty'} → {change.after}")
            console.print(f"  {field}: {values}  [dim]{escape(change.rule)}[/]")
    for held in plan.held[:5]:
        console.print(f"held: {held.record_key}  [dim]{escape(held.reason)}[/]")
    for sentence in plan.stopped:
        console.print(f"[bold]stopped:[/] {escape(sentence)}")
    for finding in plan.findings:
        console.print(f"finding: {finding['records']:,} × {escape(str(finding['finding']))}")
    if plan.is_empty:
        console.print("\nNothing to change.")
    else:
        console.print(f"\nRead it whole in {plan.path.name}; write it with: crm apply {plan.path}")


def name_targets(console: Console, loop: Loop) -> None:
    """Say which portal or org is about to be written to, unless it is a sandbox; apply makes sure of it."""
    with loop.warehouse.reading() as connection:
        orgs = {
            vendor: (org_id, name)
            for vendor, org_id, name in connection.execute(
                "select vendor, org_id, org_name from ops.connections"
            ).fetchall()
        }
    for one in loop.settings.connections:
        if one.environment != "sandbox":
            org_id, name = orgs.get(one.vendor, ("unknown", ""))
            console.print(f"Writing to {one.vendor} {org_id} ({escape(name)}), {one.environment}, {one.url}")


def apply_plan(loop: Loop, plan_file: Path, *, limit: int | None, force: bool) -> Exit:
    """Apply a plan file and record what came of it. PARTIAL when some rows were not confirmed."""
    name_targets(Console(highlight=False), loop)
    loop.recover()
    applied = loop.apply(plan_file, limit=limit, force=force)
    loop.record()
    if applied.rejected:
        Console().print(
            f"{applied.rejected:,} refused: crm retry --list says why, and what to do about each."
        )
    return Exit.PARTIAL if applied.is_partial else Exit.OK
