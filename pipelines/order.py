"""What must have gone before a step, and the sentence when it has not.

Belongs here: refusals of steps out of order. The order itself is in `pipelines.steps`.
"""

from __future__ import annotations

from pipelines import standing
from pipelines.errors import CrmError, GateFailed
from pipelines.warehouse import Warehouse


def must_be_extracted(warehouse: Warehouse) -> None:
    """Some refresh has brought rows, now or before."""
    if not warehouse.has_work() and not warehouse.paths.warehouse.exists():
        raise CrmError("nothing has been extracted yet", where="raw tables", remedy="run crm extract first")


def must_be_in_the_works(warehouse: Warehouse) -> None:
    """A refresh has begun: a step never begins one by opening the file."""
    if not warehouse.has_work():
        raise CrmError(
            "no refresh is in the works", where=warehouse.paths.work.name,
            remedy="run crm extract and crm transform first",
        )  # fmt: skip


def must_be_published(warehouse: Warehouse) -> None:
    """There is a published refresh, and none that somebody makes step by step: it would be discarded."""
    if warehouse.is_made_by_hand():
        raise CrmError(
            "a refresh is being made step by step and would be lost", where=warehouse.paths.work.name,
            remedy="end it with crm check, crm decide and crm publish, or give it up by removing that file",
        )  # fmt: skip
    must_have_published(warehouse)


def is_fit_to_record(warehouse: Warehouse, code: str) -> bool:
    """There is a published refresh, and this code made it: what its models read is there as they know it."""
    must_be_published(warehouse)
    with warehouse.reading("warehouse") as connection:
        return standing.made_by(connection) == code


def must_have_published(warehouse: Warehouse) -> None:
    """There is a published refresh, whatever else is in the works."""
    if not warehouse.paths.warehouse.exists():
        raise CrmError(
            "nothing has been published yet", where=warehouse.paths.warehouse.name,
            remedy="run crm extract, transform, check, decide and publish first, or make build",
        )  # fmt: skip


def must_be_fit_to_plan(warehouse: Warehouse) -> None:
    """The gate on the desired state let it pass, or was not asked. Raises GateFailed."""
    with warehouse.reading() as connection:
        asked = standing.gate(connection, "desired")
    if asked is not None and not asked[0]:
        raise GateFailed(f"nothing is planned: {asked[1].rstrip('.')}")
