"""A master follows its details: a write of a row moves the roll-up summaries of the record it belongs to.

The sums themselves are worked out when they are read (`worked_out`); what is kept here is what a master was
last told, so that it is stamped, and its change logged, just when a sum is another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import times
from sandbox.call import Call
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.values import log_text

if TYPE_CHECKING:
    from sandbox.salesforce.records import Rows

Row = dict[str, Any]


def follow(rows: Rows, call: Call, sobject: SObject, row: Row, before: Row | None) -> None:
    """Tell the masters of a row, the one it had and the one it has."""
    for summary in rows.org.summaries.get(sobject.name, ()):
        known = {(each or {}).get(summary.reference) for each in (row, before)}
        for master in sorted(each for each in known if each):
            _tell(rows, call, summary.master, summary.field, master)


def _tell(rows: Rows, call: Call, name: str, field: str, record_id: str) -> None:
    store, master = rows.org.store, rows.org.whole[name]
    formula = master.fields[field].formula.format(t="t")
    found = store.row(f'select t."{field}", {formula} from "{name}" t where t.Id = ?', (record_id,))
    if found is None or found[0] == found[1]:
        return
    moment = times.iso_seconds(call.now)
    stamps = {"LastModifiedDate": moment, "LastModifiedById": rows.org.user_id, "SystemModstamp": moment}
    kept = {field: found[1], **{key: value for key, value in stamps.items() if key in master.fields}}
    sets = ", ".join(f'"{key}" = ?' for key in kept)
    store.db.execute(f'update "{name}" set {sets} where Id = ?', (*kept.values(), record_id))
    call.change(name, record_id, "update", field, log_text(found[0]), log_text(found[1]))
