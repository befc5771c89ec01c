"""The command `crm`. Each command reads its arguments, calls one step and prints what came of it.

Nothing heavy is imported at the top: `crm --help` answers at once. Belongs here: arguments, exit codes.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import collector, journal, lean, sandbox_commands
from cli.conflicts import conflicts_app
from cli.rules import rules_app
from cli.schema import schema_app
from cli.teams import teams_app
from pipelines.errors import CrmError, Exit

if TYPE_CHECKING:
    from pipelines.steps import Loop

app = typer.Typer(
    name="crm",
    help="The open loop between CRMs and the warehouse: extract, unify, decide, plan, write back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

WorldOption = Annotated[
    str | None,
    typer.Option("--world", help="Folder of data files to fill the sandbox with; default: the seeded world."),
]
SizeOption = Annotated[
    str,
    typer.Option(
        "--size", help="People in the seeded world: XS (300), S (5,000), M (100,000), L (1,000,000)."
    ),
]
LimitsOption = Annotated[
    bool, typer.Option("--limits/--no-limits", help="Whether the sandbox refuses calls as the vendors do.")
]


@app.command()
def build(world: WorldOption = None, size: SizeOption = "S", limits: LimitsOption = True) -> None:
    """Run the whole loop against the sandbox, and plan again to show that nothing is left to change."""
    from cli.build import build as run_build

    raise typer.Exit(run_build(world, size, limits=limits))


@app.command()
def extract(
    sweep: Annotated[
        bool, typer.Option(help="Also compare all ids with the CRMs' and mend what differs.")
    ] = False,
) -> None:
    """Copy what is new in the CRMs into the refresh in the works."""
    lean.without_numbers()
    _step("extract", reads_first=True, sweep=sweep)


@app.command()
def transform() -> None:
    """Build staging, identity and marts."""
    _step("transform")


@app.command()
def check(
    scope: Annotated[str, typer.Argument(help="raw, marts or desired; without it, raw and marts.")] = "",
) -> None:
    """Ask the quality gates of the refresh in the works."""
    if scope not in ("", "raw", "marts", "desired"):
        raise typer.BadParameter("the scope is raw, marts or desired")
    for one in (scope,) if scope else ("raw", "marts"):
        _step("check", one)


@app.command()
def decide(
    replay: Annotated[str, typer.Option(help="A run's id: decide it again, compare row by row.")] = "",
    what_if: Annotated[str, typer.Option(help="Another routing file: who would have got what.")] = "",
    since: Annotated[str, typer.Option(help="How far back --what-if looks: 90d, 4w.")] = "90d",
) -> None:
    """Decide who gets which lead, then work out what each CRM record should look like."""
    from cli import rules

    if replay:
        raise typer.Exit(rules.replay(replay))
    if what_if:
        rules.what_if(what_if, since)
        return
    _step("decide")
    _step("desired")


@app.command()
def publish() -> None:
    """Swap in the refresh as the warehouse and the analysts' file."""
    _step("publish")


@app.command()
def plan(
    html: Annotated[Path | None, typer.Option(help="Also write it as a page, for a pull request.")] = None,
) -> None:
    """Write down exactly what would change in the CRMs, and why. Writes nothing to them."""
    from cli.activate import show_plan

    with _loop() as loop:
        show_plan(loop, html)


@app.command()
def apply(
    plan_file: Annotated[Path, typer.Argument(help="A plan made by crm plan.", exists=True, dir_okay=False)],
    limit: Annotated[
        int | None, typer.Option(help="Write only this many records of each sync, to begin with.")
    ] = None,
    force: Annotated[
        bool, typer.Option(help="Apply although a guard stopped the plan; this is recorded.")
    ] = False,
) -> None:
    """Write a plan to the CRMs through the journal, then record what came of it."""
    from cli.activate import apply_plan

    with _loop() as loop:
        raise typer.Exit(apply_plan(loop, plan_file, limit=limit, force=force))


@app.command()
def record() -> None:
    """Load the journal into ops and rebuild the activity marts."""
    _step("record")


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8765,
) -> None:
    """Serve a page over what is published, until Ctrl-C: pipeline, funnel, attribution, syncs, KPIs."""
    from cli.pages import serve_dashboard

    serve_dashboard(port)


@app.command()
def report(
    file: Annotated[Path | None, typer.Option("--file", help="Default: report.html in var/.")] = None,
    owner: Annotated[str, typer.Option(help="Only this owner's deals and leads.")] = "",
    day: Annotated[str, typer.Option(help="The day whose pipeline is shown, as 2026-06-30.")] = "",
) -> None:
    """Write that page as one HTML file that needs nothing else."""
    from cli.pages import write_report

    write_report(file, {"owner": owner, "day": day})


@app.command()
def status(
    tables: Annotated[bool, typer.Option("--tables", help="Each table that was read.")] = False,
) -> None:
    """What is published, how fresh it is, and what the last runs did."""
    from cli.status import show_status
    from pipelines.settings import load_settings

    show_status(load_settings(vendors=False), each_table=tables)


@app.command()
def duplicates(
    top: Annotated[int, typer.Option(min=1, help="How many to print.")] = 20,
    source_object: Annotated[
        str, typer.Option("--object", help="Only contacts, Lead, Contact, companies or Account.")
    ] = "",
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all of them to this file.")] = None,
) -> None:
    """Show likely duplicates inside each CRM, the worst first, with the record to merge each into."""
    from cli.duplicates import show_duplicates
    from pipelines.settings import load_settings

    show_duplicates(load_settings(vendors=False), top=top, source_object=source_object, file=csv)


@app.command()
def erase(
    who: Annotated[str, typer.Argument(help="An e-mail address, a record key, or a file with one a line.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    request: Annotated[
        str, typer.Option(help="The number of the request, for the receipt; never a name.")
    ] = "",
) -> None:
    """Erase a person for privacy from every table, file and plan, and keep them out from now on."""
    from cli.erase import erase as run_erase

    raise typer.Exit(run_erase(who, dry_run=dry_run, request=request))


@app.command()
def run(job: Annotated[str, typer.Argument(help="refresh or activation.")]) -> None:
    """Run a Dagster job in this process: the same graph as in the UI."""
    from cli.dagster_commands import run_job

    raise typer.Exit(run_job(job))


@app.command()
def dev(port: Annotated[int, typer.Option(help="Port of the UI on 127.0.0.1.")] = 3000) -> None:
    """Open the Dagster UI, with the sandbox beside it unless .env names your CRMs."""
    from cli.dagster_commands import dev as start_dev

    raise typer.Exit(start_dev(port))


app.add_typer(schema_app, name="schema")
app.add_typer(sandbox_commands.app, name="sandbox")


@app.command()
def docs(
    output: Annotated[Path | None, typer.Option("--output", help="Default: docs in var/.")] = None,
) -> None:
    """Write a page for each object, and dbt's documentation of the warehouse, as files."""
    from cli.docs import write_docs
    from pipelines.settings import load_settings

    settings = load_settings(vendors=False)
    target = output or settings.home / "docs"
    written = write_docs(settings, target)
    typer.echo(f"{len(written)} pages in {target}; begin with index.md, and dbt.html for the warehouse.")


mappings = typer.Typer(help="The field mappings between the CRMs.", no_args_is_help=True)
app.add_typer(mappings, name="mappings")


@mappings.command("check")
def mappings_check(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Hold config/field_mappings/ against both CRMs' live metadata. Exit 3 when a line cannot hold."""
    from cli.mappings import check_mappings

    raise typer.Exit(check_mappings(as_json=as_json))


@mappings.command("docs")
def mappings_docs(
    output: Annotated[Path | None, typer.Option("--output", help="Write the page to this file.")] = None,
) -> None:
    """The page of the mappings, in Markdown."""
    from cli.mappings import write_page

    write_page(output)


@app.command()
def doctor() -> None:
    """Is each connection well: sign-in, scopes, latency, limits left, how far behind; exit 1 if not."""
    from cli.doctor import doctor as ask

    raise typer.Exit(ask())


@app.command()
def why(
    what: Annotated[
        str, typer.Argument(help="An id, an e-mail address or a record key (vendor:org:object:id).")
    ],
) -> None:
    """Why are these records one person, company or deal: the records, the links, the score of each."""
    from cli.identity import why as explain

    typer.echo(explain(what))


identity_app = typer.Typer(
    help="Decide about pairs of records; train the matching anew.", no_args_is_help=True
)
app.add_typer(identity_app, name="identity")


@identity_app.command("decide")
def decide_pair(left: str, right: str, verdict: str) -> None:
    """Say that two records are the same or different, for good."""
    from cli.identity import decide as keep

    if verdict not in ("same", "different"):
        raise typer.BadParameter("the verdict is same or different")
    typer.echo(keep(left, right, verdict))


@identity_app.command()
def train() -> None:
    """Train the matching models anew in the next transform."""
    from cli.identity import train as forget

    typer.echo(forget())


journal.add_to(app)
app.add_typer(conflicts_app, name="conflicts")
app.add_typer(rules_app, name="rules")
app.add_typer(teams_app, name="teams")


@app.command()
def listen(
    port: Annotated[
        int, typer.Option(help="Take HubSpot's webhooks on this port of 127.0.0.1; 0: poll alone.")
    ] = 0,
    public_url: Annotated[str, typer.Option(help="The address HubSpot delivers to, which it signs.")] = "",
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
) -> None:
    """Act on the CRMs' events as they come and ask for what has none, until Ctrl-C or SIGTERM.

    A round that is under way is finished first; a second signal ends it at once.
    """
    from cli.listen import listen as run_listening

    run_listening(port, public_url, once=once)


def _step(name: str, *arguments: str, reads_first: bool = False, **options: bool) -> None:
    """One step of the loop, by itself, on the connections of the environment."""
    with _loop(reads_first=reads_first) as loop:
        getattr(loop, name)(*arguments, **options)
        if any(result.status == "partial" for result in loop.results):
            raise typer.Exit(Exit.PARTIAL)


@contextmanager
def _loop(*, reads_first: bool = False) -> Iterator[Loop]:
    """A Loop on the connections of the environment, with a live screen."""
    from cli.connect import live_loop

    with live_loop(reads_first=reads_first) as loop:
        yield loop


def main() -> None:
    """Entry point: a CrmError is one sentence on stderr and its own exit code."""
    collector.give_back()
    try:
        with collector.seldom():
            app(standalone_mode=True)
    except CrmError as error:
        print(f"crm: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except Exception as error:
        from pipelines.logs import clean

        logging.getLogger("crm").exception("not foreseen")
        first = clean(str(error).strip() or type(error).__name__).splitlines()[0]
        print(
            f"crm: {type(error).__name__}: {first}; the run's log in var/logs has the rest.", file=sys.stderr
        )
        sys.exit(Exit.FAILED)


if __name__ == "__main__":
    main()
