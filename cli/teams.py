"""`crm teams import`: a first version of config/teams.yml from both CRMs.

Belongs here: arguments and printing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.errors import UsageError

teams_app = typer.Typer(help="Who takes leads: people, teams and queues.", no_args_is_help=True)


@teams_app.callback()
def teams() -> None:
    """Who takes leads: people, teams and queues."""


@teams_app.command("import")
def import_teams(
    to: Annotated[
        Path | None, typer.Option(help="Write it here, as config/teams.yml; a file that is there stays.")
    ] = None,
) -> None:
    """Write a first teams.yml from the owners, users, teams and queues of both CRMs, as last published."""
    from pipelines.decisions.teams_import import imported
    from pipelines.settings import load_settings
    from pipelines.warehouse import Warehouse

    if to is not None and to.exists():
        raise UsageError(
            f"{to.name} is there already, and somebody may have worked on it", where=str(to.name),
            remedy="give another name with --to, and compare the two",
        )  # fmt: skip
    with Warehouse(load_settings(vendors=False).paths).reading("warehouse") as connection:
        found = imported(connection)
    if to is None:
        typer.echo(found.text, nl=False)
    else:
        to.write_text(found.text, encoding="utf-8")
        typer.echo(f"{to.name}: {found.people} people, {found.teams} teams, {found.queues} queues")
    for note in found.notes:
        typer.echo(note, err=True)
