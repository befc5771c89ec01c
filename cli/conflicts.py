"""`crm conflicts`: what a mapping with `conflict: manual` leaves to people, and what they choose.

Belongs here: arguments and printing. It reads the published file; a choice is kept in the state.
"""

from __future__ import annotations

import os
import pwd
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pipelines.errors import UsageError

if TYPE_CHECKING:
    from pipelines.settings import Settings

conflicts_app = typer.Typer(
    help="Conflicts that a mapping leaves to people: list them, and choose who wins.",
    invoke_without_command=True,
)
_SHOWN = 100
_LISTS = "crm conflicts lists those of the last refresh; one whose side has changed since has another id"


@conflicts_app.callback()
def listed(context: typer.Context) -> None:
    """List the conflicts that are open, with what both CRMs hold. `choose` settles one."""
    if context.invoked_subcommand is None:
        from pipelines.settings import load_settings

        _show(load_settings(vendors=False))


@conflicts_app.command()
def choose(
    conflict_id: Annotated[str, typer.Argument(metavar="ID", help="As crm conflicts lists it.")],
    winner: Annotated[str, typer.Argument(metavar="WINNER", help="hubspot, salesforce or value.")],
    values: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT...]", help="With value: the text; two where the CRMs' words differ, "
                       "HubSpot's first."),
    ] = None,
    by: Annotated[str, typer.Option("--by", help="Who chooses; default: the user of this machine.")] = "",
) -> None:  # fmt: skip
    """Say who wins. The next refresh obeys while both sides hold what they do now; its plan names you."""
    from pipelines.reverse_sync.mirror import choices
    from pipelines.settings import load_settings
    from pipelines.state import State, conflict_choices
    from pipelines.warehouse import Warehouse

    if winner not in choices.CHOICES or len(values or ()) > 2:
        raise UsageError(
            f"who wins is one of {', '.join(choices.CHOICES)}", where="crm conflicts choose",
            remedy="say which, and with value one text or two",
        )  # fmt: skip
    settings = load_settings(vendors=False)
    with Warehouse(settings.paths).reading() as connection:
        found = choices.open_ones(connection, conflict_id)
    if not conflict_id or not found:
        raise UsageError(f"no open conflict has the id {conflict_id}", where="crm conflicts", remedy=_LISTS)
    who, said = by.strip() or _me(), cast("conflict_choices.Side", winner)
    made = choices.chosen(found[0], said, tuple(values or ()), who, datetime.now(UTC))
    with State.open(settings) as state, state.writing() as writing:
        conflict_choices.save(writing, made)
    typer.echo(
        f"Kept: {winner} wins in {made.field_left} and {made.field_right}, chosen by {made.chosen_by}. "
        "The next refresh obeys unless a side changes before; read its plan."
    )


def _show(settings: Settings) -> None:
    from rich.console import Console

    from cli.screen import table
    from pipelines.reverse_sync.mirror import choices
    from pipelines.state import State, conflict_choices
    from pipelines.warehouse import Warehouse

    console = Console(highlight=False)
    with Warehouse(settings.paths).reading() as connection:
        found = choices.open_ones(connection)
    if not found:
        console.print("No conflict is left to people.")
        return
    with State.open(settings) as state, state.reading() as reading:
        said = conflict_choices.load(reading).to_pylist()
    rows = [
        (
            str(each["conflict_id"]), _id(each["left_key"]), str(each["field_left"]), _value(each, "left"),
            _id(each["right_key"]), str(each["field_right"]), _value(each, "right"), _standing(each, said),
        )
        for each in found[:_SHOWN]
    ]  # fmt: skip
    heads = ("id", "HubSpot", "field", "holds", "Salesforce", "field", "holds", "")
    console.print(table(f"Conflicts, {len(rows):,}", heads, rows, wrapping=(3, 6, 7)))
    if len(found) > _SHOWN:
        console.print(f"These are the first {_SHOWN}; all are in reverse_sync.conflicts_open.")
    console.print("crm conflicts choose ID hubspot, salesforce, or value TEXT; the next refresh obeys.")


def _id(record_key: object) -> str:
    return " ".join(str(record_key).split(":")[2:])


def _value(conflict: dict[str, object], side: str) -> str:
    at = conflict[f"{side}_changed_at"]
    since = f" since {at:%Y-%m-%d %H:%M}" if isinstance(at, datetime) else ""
    return f"{conflict[f'{side}_value'] or 'nothing'}{since}"


def _standing(conflict: dict[str, object], said: list[dict[str, Any]]) -> str:
    """What was chosen about this very conflict, or about these fields before a side changed."""
    about = ("left_key", "right_key", "field_left", "field_right")
    mine = [one for one in said if all(one[name] == conflict[name] for name in about)]
    this = [one for one in mine if one["conflict_id"] == conflict["conflict_id"]]
    for one in this or sorted(mine, key=lambda one: one["chosen_at"], reverse=True):
        who = f"{one['choice']}, by {one['chosen_by']} on {one['chosen_at']:%Y-%m-%d %H:%M}"
        if not this:
            return f"a side has changed since {who}"
        if conflict["problem"]:
            return f"chosen: {who}; {conflict['problem']}: choose again"
        return f"chosen: {who}; " + ("the plan has it" if conflict["chosen_by"] else "the next refresh obeys")
    return "no value of one CRM says the other's" if conflict["outcome"] == "no counterpart" else ""


def _me() -> str:
    """The user of this machine, whatever its environment calls them."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
