"""`crm log`, `crm undo` and `crm retry`: what was written, taking it back, trying again what was refused."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from pipelines.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from pipelines.state import State

_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Put the commands on the command line."""
    app.command()(log)
    app.command()(undo)
    app.command()(retry)


def log(
    what: Annotated[
        str, typer.Argument(help="A record key (vendor:org:object:id), an id, or an action's key.")
    ],
) -> None:
    """A record's life: each field we wrote and each action on it, with its reason and how it ended."""
    from pipelines.settings import load_settings
    from pipelines.state import State, journal

    with State.open(load_settings(vendors=False)) as state:
        with state.reading() as connection:
            rows = journal.life_of(connection, what)
    if not rows:
        raise UsageError(
            f"the journal knows nothing about {what}",
            where="crm log",
            remedy="give a record key, like hubspot:48290173:contacts:100001",
        )
    console = Console(highlight=False, soft_wrap=True)
    for run, written in groupby(rows, key=lambda row: row["run_id"]):
        console.print(f"run {run}")
        for row in written:
            why = " ".join(filter(None, [row["code"], row["message"]])) or row["rule"]
            console.print(
                f"  {row['intended_at']:%Y-%m-%d %H:%M:%S}  {row['object']}  {_what(row)}: {_change(row)}  "
                f"{row['state']}  [dim]{escape(why or '')}[/]"
            )


def undo(
    run: Annotated[str, typer.Argument(help="A run or plan, as crm log and crm status name it; or last.")],
) -> None:
    """Plan the way back of what a run wrote. Writes nothing to a CRM: crm apply does, once it is read."""
    from cli.connect import live_loop
    from pipelines.reverse_sync.undo import latest_run

    console = Console(highlight=False)
    with live_loop() as loop:
        loop.recover()
        made = loop.undo(latest_run(loop.state) if run == "last" else run)
    for name, number in (made.fields + made.actions).items():
        console.print(f"{number:>8,}  {escape(name)}")
    reasons = Counter(held.reason.split(": ", 1)[1] for held in made.held)
    for reason, number in reasons.items():
        console.print(f"left alone: {number:,} because {escape(reason)}")
    for sentence in made.final[:_SHOWN]:
        console.print(f"final: {escape(sentence)}")
    if len(made.final) > _SHOWN:
        console.print(f"final: {len(made.final) - _SHOWN:,} more, all in {made.path.name}")
    if made.is_empty:
        console.print("\nNothing can be taken back.")
    else:
        console.print(f"\nRead it whole in {made.path.name}; write it with: crm apply {made.path}")


def retry(
    sync: Annotated[str, typer.Option(help="Only of this sync.")] = "",
    code: Annotated[str, typer.Option(help="Only what was refused with this code.")] = "",
    record: Annotated[str, typer.Option(help="Only of this record key.")] = "",
    show: Annotated[bool, typer.Option("--list", help="Show them and leave them.")] = False,
    done: Annotated[str, typer.Option(help="Key of an unknown action: it was done.")] = "",
    not_done: Annotated[str, typer.Option(help="Key of an unknown action: it was not, do it again.")] = "",
) -> None:
    """Let the next plan try again what a CRM refused; say of an unknown action whether it was done."""
    from pipelines.settings import load_settings
    from pipelines.state import State, dead_letters

    console = Console(highlight=False)
    with State.open(load_settings(vendors=False)) as state:
        if done or not_done:
            _decide(state, done or not_done, was_done=bool(done))
            console.print("kept; crm plan goes on from there")
            return
        with state.reading() as connection:
            letters = dead_letters.unreleased(connection, sync=sync, code=code, record_key=record)
        _show(console, letters)
        if letters and not show:
            with state.writing() as connection:
                count = dead_letters.release(
                    connection, datetime.now(UTC), sync=sync, code=code, record_key=record
                )
            console.print(f"{count:,} released: the next crm plan has them again")


def _show(console: Console, letters: list[RowMapping]) -> None:
    if not letters:
        console.print("There are no such dead letters.")
        return
    console.print("[bold]Dead letters[/]")
    for each in letters[:_SHOWN]:
        record, what = each["record_key"] or each["action_key"], each["field"] or "action"
        console.print(
            f"{each['sync']}  {record}  {what}  {each['code']} ({each['category']})", soft_wrap=True
        )
        console.print(escape(f"    {each['message']}; {each['remedy']}"), soft_wrap=True)
    if len(letters) > _SHOWN:
        console.print(f"{len(letters) - _SHOWN:,} more in ops.dead_letters")


def _decide(state: State, key: str, *, was_done: bool) -> None:
    from pipelines.state import actions

    with state.writing() as connection:
        if not actions.decide(connection, key, was_done=was_done, at=datetime.now(UTC)):
            raise UsageError(
                f"no action {key} is unknown",
                where="crm retry",
                remedy="crm plan lists those that are, as held",
            )


def _what(row: RowMapping) -> str:
    return str(row["field"]) if row["operation"] == "update" else str(row["operation"])


def _change(row: RowMapping) -> str:
    if row["operation"] == "update":
        return escape(f"{row['before_value'] or 'empty'} → {row['after_value'] or 'empty'}")
    return escape(row["result_id"] and f"made {row['result_id']}")
