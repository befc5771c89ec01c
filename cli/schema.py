"""`crm schema`: objects as code, planned into both CRMs, applied, compared, imported.

Belongs here: arguments and printing.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.errors import CrmError, Exit, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.rules.schema.load import Model
    from pipelines.schema.plan import Action, Plan
    from pipelines.schema.run import Session

schema_app = typer.Typer(
    help="Objects and fields as code: plan, apply, compare and import what both CRMs are made of.",
    no_args_is_help=True,
)
FieldOption = Annotated[
    list[str] | None,
    typer.Option("--field", help="Only this field, as Lead.Lead_Score__c; may be given several times."),
]
ObjectOption = Annotated[
    list[str] | None,
    typer.Option("--object", help="Only this object, by its name at the CRM; may be given several times."),
]
_SIGNS = {"create": "+", "change": "~", "destroy": "-"}


@schema_app.command()
def plan(
    field: FieldOption = None,
    sobject: ObjectOption = None,
    held: Annotated[bool, typer.Option("--held", help="Also how each CRM holds each thing.")] = False,
) -> None:
    """What would be made, changed and destroyed, what cannot be, and what would lose data. Writes nothing."""
    from rich.console import Console

    from pipelines.schema import run
    from pipelines.settings import load_settings

    settings = load_settings()
    model = run.load(settings.config_dir)
    with run.opened(settings) as session:
        found = run.plan(session, model, only=[*(field or []), *(sobject or [])])
    console = Console(highlight=False)
    show(console, found)
    if held:
        show_held(console, found)


@schema_app.command()
def apply(
    field: FieldOption = None,
    sobject: ObjectOption = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", help="Do this although it loses data; the name as the plan shows it."),
    ] = None,
    plan_id: Annotated[
        str,
        typer.Option("--plan", help="Only if the plan is still this one; its id as crm schema plan says."),
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Let Salesforce check the deploy, tests included; change nothing.")
    ] = False,
) -> None:
    """Make both CRMs what the model says. Run it again after a failure: it goes on with the rest."""
    raise typer.Exit(_apply([*(field or []), *(sobject or [])], allow or [], plan_id, check_only=check))


def _apply(only: list[str], allow: list[str], plan_id: str, *, check_only: bool) -> Exit:
    from rich.console import Console

    from pipelines.schema import run
    from pipelines.settings import load_settings

    settings, console = load_settings(), Console(highlight=False)
    model = run.load(settings.config_dir)
    with run.opened(settings) as session:
        if run.settle(session):
            console.print("A deploy that an earlier run began has ended; its outcome is in the plan.")
        found = run.plan(session, model, only=only)
        if plan_id and plan_id != found.id:
            raise CrmError(
                f"the plan is {found.id} by now, not {plan_id}", where="crm schema apply",
                remedy="read crm schema plan again",
            )  # fmt: skip
        unknown = [each for each in allow if each.lower() not in {a.name.lower() for a in found.actions}]
        if unknown:
            raise UsageError(
                f"nothing of that name is planned: {', '.join(unknown)}", where="--allow",
                remedy="take the names of crm schema plan",
            )  # fmt: skip
        show(console, found)
        if check_only:
            _check(console, session, model, found, allow)
            return Exit.OK
        applied = run.apply(session, model, found, allowed=allow)
        calls = session.calls
    for name, percent in sorted(applied.coverage.items()):
        console.print(f"{name}: tests cover {percent} %")
    done = {(action.operation, action.item.key) for action in applied.done}
    left = sum((action.operation, action.item.key) not in done for action in found.actions)
    console.print(
        f"{len(applied.done)} things done, {found.unchanged} were as they should be, {calls} calls."
    )
    if left:
        console.print(f"{left} left out: impossible, or losing data without --allow.")
    return Exit.PARTIAL if left else Exit.OK


def _check(console: Console, session: Session, model: Model, found: Plan, allow: list[str]) -> None:
    from pipelines.schema import run

    coverage = run.check(session, model, found, allow)
    if coverage is None:
        console.print("Nothing is to be deployed to Salesforce.")
        return
    console.print("Salesforce would take the deploy.")
    for name, percent in sorted(coverage.items()):
        console.print(f"{name}: tests cover {percent} %")


def show(console: Console, found: Plan) -> None:
    """A plan as people read it: the counts, then each thing."""
    from rich.markup import escape

    for vendor in ("hubspot", "salesforce"):
        for action in found.of(vendor, "create", "change", "destroy"):
            console.print(f"{_SIGNS[action.operation]} {escape(_line(action))}")
            if action.operation == "change":
                _inside(console, action.changes)
            if action.note:
                _indented(console, action.note)
            if action.impossible:
                console.print(f"    [bold]impossible:[/] {escape(action.impossible)}")
            if action.loses:
                console.print(
                    f"    [bold]loses data:[/] {escape(action.loses)}; "
                    f"do it with --allow {escape(repr(action.name) if ' ' in action.name else action.name)}"
                )
    for item in found.extras:
        console.print(f"  {escape(item.shown)} is not in the model; crm schema import takes it in")
    for problem in found.problems:
        console.print(f"[bold]stopped:[/] {escape(problem)}")
    held: Counter[str] = Counter(each.held for each in found.holdings)
    if held:
        said = ", ".join(f"{held[how]} {how}" for how in ("native", "nearest", "not available"))
        console.print(f"How the CRMs hold the model: {said}; --held shows each.")
    counts = {o: sum(a.operation == o for a in found.actions) for o in _SIGNS}
    said = ", ".join(f"{counts[o]} to {o}" for o in _SIGNS)
    console.print(f"Plan {found.id}: {said}, {found.unchanged} as they should be; {found.calls} calls.")


def _line(action: Action) -> str:
    where = f"  ({action.item.where})" if action.item.where else ""
    return f"{action.item.shown}{where}"


def _inside(console: Console, changes: Mapping[str, tuple[object, object]]) -> None:
    """What changed of one thing, a line each."""
    from pipelines.schema.wording import told

    for name, (before, after) in changes.items():
        for line in told(name, before, after):
            _indented(console, line)


def _indented(console: Console, line: str) -> None:
    """Below the thing it is about, and so are its further lines where the screen is narrow."""
    from rich.text import Text

    narrow = textwrap.wrap(
        line, max(console.width, 40), initial_indent=" " * 4, subsequent_indent=" " * 8,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    for each in narrow:
        console.print(Text(each), soft_wrap=True)


def show_held(console: Console, found: Plan) -> None:
    """The table of how each CRM holds each thing of the model."""
    from cli.screen import table

    rows = [(each.model, each.vendor, each.held, each.how) for each in found.holdings]
    console.print(table("How it is held", ("model", "CRM", "", "how"), rows, wrapping=(0, 3)))


@schema_app.command()
def diff() -> None:
    """What people have changed by hand at the CRMs since the last apply. Exit 3 when they have."""
    from rich.console import Console
    from rich.markup import escape

    from pipelines.schema import run
    from pipelines.settings import load_settings

    settings, console = load_settings(), Console(highlight=False)
    model = run.load(settings.config_dir)
    with run.opened(settings) as session:
        drift = run.diff(session, model)
    for each in drift.found:
        console.print(escape(each.sentence))
        _inside(console, each.changes)
    console.print(f"{drift.compared} things compared, {len(drift.found)} are not as they were applied.")
    raise typer.Exit(Exit.GATE if drift.found else Exit.OK)


@schema_app.command()
def backfill(
    check: Annotated[
        bool,
        typer.Option("--check", help="Copy nothing; ask the CRMs what is copied. Exit 3 when not all is."),
    ] = False,
) -> None:
    """Copy what the last refresh found missing: records that are to move, what was renamed."""
    raise typer.Exit(_backfill(check_only=check))


def _backfill(*, check_only: bool) -> Exit:
    """By the plan, the journal and undo of reverse sync, for these actions alone; then asked of the CRMs."""
    from rich.console import Console

    from cli.connect import live_loop
    from pipelines.schema import run

    console = Console(highlight=False)
    done = Exit.OK
    with live_loop() as loop:
        if not check_only:
            loop.recover()
            made = loop.plan()
            mine = [name for name in made.actions if name.startswith(("records ", "backfill ", "rename "))]
            todo = {name: sum(made.actions[name].kinds.values()) for name in mine}
            for name in mine:
                held = made.actions[name].held
                console.print(f"{name}: {todo[name]:,} to do" + (f", {held:,} held" if held else ""))
            if any(todo.values()):
                # The number is on the screen and the command means these alone: the guard is for accidents.
                applied = loop.apply(made.path, force=True, only=mine)
                loop.record()
                done = Exit.PARTIAL if applied.is_partial else Exit.OK
            else:
                console.print("Nothing is to be copied; what changed since is seen by the next crm extract.")
        model = run.load(loop.settings.config_dir)
        with run.opened(loop.settings) as session:
            verified = run.verify(session, model, loop.reporter.progress)
    for each in verified:
        console.print(each.sentence + ".")
    if check_only and not verified:
        console.print("Nothing of the files says renamed_from, so there is nothing to check.")
    return Exit.GATE if any(each.differing for each in verified) else done


@schema_app.command("import")
def import_(
    crm: Annotated[str, typer.Argument(help="salesforce or hubspot.")],
    objects: Annotated[list[str], typer.Argument(help="Objects by their name there.")],
) -> None:
    """Write what exists into config/custom_objects.yml, so that nobody starts from an empty page."""
    from pipelines.schema import importing, run
    from pipelines.settings import load_settings

    if crm not in ("hubspot", "salesforce"):
        raise typer.BadParameter("the CRM is salesforce or hubspot")
    settings = load_settings()
    model = run.load(settings.config_dir)
    with run.opened(settings) as session:
        done = importing.import_objects(session, model, crm, objects)  # type: ignore[arg-type]
    for sentence in done.sentences:
        typer.echo(sentence)
