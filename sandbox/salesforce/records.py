"""Rows of an org: created, changed, deleted, with the values Salesforce sets itself and the write log.

What a value may be is in `values.py`; the consequences of a change on other fields in `rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox import times
from sandbox.call import Call
from sandbox.salesforce import (
    cascade,
    ids,
    recent,
    record_types,
    references,
    rollups,
    rules,
    validation,
    values,
)
from sandbox.salesforce.errors import RowError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.org import Org

Row = dict[str, Any]


class Rows:
    """All rows of an org."""

    def __init__(self, org: Org) -> None:
        self.org = org

    def get(self, sobject: SObject, record_id: str) -> Row | None:
        """A row by id, also one in the recycle bin."""
        listed = ", ".join(_read(f) for f in sobject.fields.values())
        row = self.org.store.row(f'select {listed} from "{sobject.name}" t where t."Id" = ?', (record_id,))
        return None if row is None else dict(zip(sobject.fields, row, strict=True))

    def deleted(self, sobject: SObject, record_id: str) -> bool | None:
        """Whether a row is in the recycle bin; None where there is no such row. Nothing is worked out for it,
        which of a campaign costs more the more members it has."""
        bin_ = '"IsDeleted"' if "IsDeleted" in sobject.fields else "'false'"
        row = self.org.store.row(f'select {bin_} from "{sobject.name}" where "Id" = ?', (record_id,))
        return None if row is None else row[0] == "true"

    def ids_by_key(self, sobject: SObject, field: Field, value: Any) -> list[str]:
        """The ids of the live rows with this value of an external id. A number goes as text: the column knows
        what it is, and the database has none above 64 bits."""
        rows = self.org.store.rows(
            f'select t."Id" from "{sobject.name}" t where t."{field.name}" = ? collate nocase'
            + (" and IsDeleted = 'false'" if sobject.deletable else ""),
            (str(value) if isinstance(value, int) else value,),
        )
        return [str(row[0]) for row in rows]

    def create(self, call: Call, sobject: SObject, wanted: Mapping[str, Any]) -> str:
        """Store a new row; its id. Raises RowError."""
        _meet_fault(call)
        if not sobject.createable:
            raise RowError(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {sobject.label}"
            )
        given = self._checked(sobject, wanted, None)
        lacking = [f.name for f in sobject.fields.values() if f.required and given.get(f.name) is None]
        if lacking:
            message = f"Required fields are missing: [{', '.join(lacking)}]"
            raise RowError("REQUIRED_FIELD_MISSING", message, tuple(lacking))
        self._check_duplicates(call, sobject, given)
        row: Row = {
            name: "false" if f.type == "boolean" and not f.formula else None
            for name, f in sobject.fields.items()
        }
        row |= rules.defaults(self.org, sobject) | given
        self._count(sobject, row)
        row["Id"] = self.org.new_id(sobject)
        self._stamp(row, call.now, created=True)
        rules.derive(self, call, sobject, row, None)
        record_types.check(self.org.record_types.get(sobject.name, []), sobject, given, row)
        validation.check(self, sobject, row, None, call.now)
        self.insert(sobject, row)
        for name, value in row.items():
            if value is not None and name not in rules.STAMPS:
                call.change(sobject.name, row["Id"], "create", name, None, values.log_text(value))
        rules.after(self, call, sobject, row, None)
        return str(row["Id"])

    def update(self, call: Call, sobject: SObject, record_id: str, wanted: Mapping[str, Any]) -> None:
        """Change a row; its stamps move even when the values stay. Raises RowError."""
        _meet_fault(call)
        before = self._live(sobject, record_id)
        if sobject.read_only:
            raise RowError(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be updated: {sobject.label}"
            )
        rules.may_change(sobject, before)
        given = self._checked(sobject, wanted, before)
        row = before | given
        rules.derive(self, call, sobject, row, before)
        record_types.check(self.org.record_types.get(sobject.name, []), sobject, given, row)
        validation.check(self, sobject, row, before, call.now)
        self._stamp(row, call.now, created=False)
        self._save(sobject, row)
        for name, value in row.items():
            if name not in rules.STAMPS and (name in given or value != before[name]):
                old, new = values.log_text(before[name]), values.log_text(value)
                call.change(sobject.name, record_id, "update", name, old, new)
        rules.after(self, call, sobject, row, before)

    def upsert(self, call: Call, sobject: SObject, key: str, wanted: Mapping[str, Any]) -> tuple[str, bool]:
        """Change the row with this external id, or make one; its id, and if it is new. Raises RowError."""
        field = sobject.field(key)
        if field is None or not (field.external_id or field.name == "Id"):
            message = f"Field name provided, {key} does not match an External ID for {sobject.name}"
            raise RowError("INVALID_FIELD", message)
        given = {name: value for name, value in wanted.items() if name.lower() not in ("attributes", "id")}
        own = next((value for name, value in wanted.items() if name.lower() == field.name.lower()), None)
        if field.name == "Id":
            if not own:
                return self.create(call, sobject, given), True
            _, record_id = id_for(self.org, sobject, own)
            self.update(call, sobject, record_id, given)
            return record_id, False
        if not isinstance(own, str | int) or own == "":
            raise RowError("MISSING_ARGUMENT", f"{field.name} not specified", (field.name,))
        found = self.ids_by_key(sobject, field, own)
        if len(found) > 1:
            message = f"{field.name}: more than one record found for external id field"
            raise RowError("DUPLICATE_EXTERNAL_ID", message)
        if not found:
            return self.create(call, sobject, given), True
        rest = {name: value for name, value in given.items() if name.lower() != field.name.lower()}
        self.update(call, sobject, found[0], rest)
        return found[0], False

    def delete(self, call: Call, sobject: SObject, record_id: str, *, alone: bool = False) -> None:
        """Into the recycle bin, with what hangs on the record unless it goes `alone`. Raises RowError."""
        _meet_fault(call)
        row = self._live(sobject, record_id)
        if not sobject.deletable:
            raise RowError(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be deleted: {sobject.label}"
            )
        row["IsDeleted"] = "true"
        self._stamp(row, call.now, created=False)
        self._save(sobject, row)
        recent.forget(self.org.store, record_id)
        call.change(sobject.name, record_id, "delete", "IsDeleted", "false", "true")
        if not alone:
            cascade.take_along(self, call, sobject, record_id)
        rollups.follow(self, call, sobject, row, None)

    def _live(self, sobject: SObject, record_id: str) -> Row:
        row = self.get(sobject, record_id)
        if row is None:
            raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if row.get("IsDeleted") == "true":
            raise RowError("ENTITY_IS_DELETED", "entity is deleted")
        return row

    def _checked(self, sobject: SObject, wanted: Mapping[str, Any], before: Row | None) -> Row:
        """Every given value as it will be stored."""
        given: Row = {}
        for name, value in references.nested(self, sobject, wanted).items():
            if name == "attributes":
                continue
            field = sobject.field(name)
            if field is None:
                message = f"No such column '{name}' on sobject of type {sobject.name}"
                raise RowError("INVALID_FIELD", message, (name,))
            if field.server_made or (field.insert_only and before is not None):
                message = (
                    f"Unable to create/update fields: {field.name}. Please check the security settings of "
                    "this field and verify that it is read/write for your profile or permission set."
                )
                raise RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, (field.name,))
            given[field.name] = values.stored(field, value)
            self._check_reference(field, given[field.name])
            self._check_unique(sobject, field, given[field.name], before)
        return given

    def _check_reference(self, field: Field, value: Any) -> None:
        if field.type != "reference" or value is None or not field.targets:
            return
        target = self.org.object_of(value)
        if target is None or target.name not in field.targets:
            raise RowError(
                "FIELD_INTEGRITY_EXCEPTION",
                f"{field.label}: id value of incorrect type: {value}",
                (field.name,),
            )
        gone = self.deleted(target, value)
        if gone is None:
            raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))
        if gone:
            raise RowError("ENTITY_IS_DELETED", "entity is deleted", (field.name,))

    def _check_duplicates(self, call: Call, sobject: SObject, given: Row) -> None:
        """What a duplicate rule finds, unless the client says that duplicates may be saved."""
        said = call.headers.get("sforce-duplicate-rule-header", "").replace(" ", "").lower()
        if "allowsave=true" in said:
            return
        for name in self.org.duplicate_rules.get(sobject.name, ()):
            field, value = sobject.field(name), given.get(name)
            there = self.ids_by_key(sobject, field, value) if field and value is not None else []
            if there:
                message = (
                    "You're creating a duplicate record. We recommend you use an existing record instead."
                )
                named = tuple((sobject.name, each) for each in there)
                raise RowError("DUPLICATES_DETECTED", message, matches=named)

    def _check_unique(self, sobject: SObject, field: Field, value: Any, before: Row | None) -> None:
        if not field.unique or value is None:
            return
        for other in self.ids_by_key(sobject, field, value):
            if before is None or other != before["Id"]:
                where = f"{field.name} duplicates value on record with id: {other[:15]}"
                message = f"duplicate value found: {where}"
                raise RowError("DUPLICATE_VALUE", message, (field.name,))

    def _count(self, sobject: SObject, row: Row) -> None:
        """Give the numbers that Salesforce counts itself."""
        for field in sobject.fields.values():
            if field.auto:
                number = int(self.org.store.value(f'select count(*) from "{sobject.name}"')) + 1
                row[field.name] = _numbered(field.auto, number)

    def _stamp(self, row: Row, now: int, *, created: bool) -> None:
        moment = times.iso_seconds(now)
        stamps = {"LastModifiedDate": moment, "LastModifiedById": self.org.user_id, "SystemModstamp": moment}
        if created:
            stamps |= {"CreatedDate": moment, "CreatedById": self.org.user_id}
        row.update({name: value for name, value in stamps.items() if name in row})

    def insert(self, sobject: SObject, row: Row) -> None:
        # By name: a field that the user may not see is a column all the same.
        names = ", ".join(f'"{name}"' for name in sobject.fields)
        marks = ", ".join("?" * len(sobject.fields))
        self.org.store.db.execute(
            f'insert into "{sobject.name}" ({names}) values ({marks})',
            [None if f.formula else row[f.name] for f in sobject.fields.values()],
        )

    def _save(self, sobject: SObject, row: Row) -> None:
        names = [f.name for f in sobject.fields.values() if f.name != "Id" and not f.formula]
        sets = ", ".join(f'"{name}" = ?' for name in names)
        self.org.store.db.execute(
            f'update "{sobject.name}" set {sets} where Id = ?', [*(row[name] for name in names), row["Id"]]
        )


_WORDS = {
    "UNABLE_TO_LOCK_ROW": ("unable to obtain exclusive access to this record or 1 records: ",),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": ("Injected validation error",),
    "DUPLICATES_DETECTED": ("Use one of these records?",),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": ("trigger caused an unexpected exception",),
    "REQUEST_LIMIT_EXCEEDED": ("TotalRequests Limit exceeded.",),
    "REQUIRED_FIELD_MISSING": ("Required fields are missing: [LastName]", "LastName"),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": ("bad value for restricted picklist field: injected",),
    "STRING_TOO_LONG": ("data value too large: injected (max length=1)",),
    "DUPLICATE_VALUE": ("duplicate value found: <unknown> duplicates value on record with id: <unknown>",),
    "INVALID_CROSS_REFERENCE_KEY": ("invalid cross reference id",),
    "ENTITY_IS_DELETED": ("entity is deleted",),
    "MALFORMED_ID": ("malformed id injected", "Id"),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        "Unable to create/update fields: injected. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.",
    ),
}
"""Of each kind of row error its words, and the fields it names."""


def _meet_fault(call: Call) -> None:
    """Refuse the row when a fault says so."""
    if call.fault is not None and call.fault.refuses_row():
        words, *fields = _WORDS.get(call.fault.code, ("Injected fault",))
        raise RowError(call.fault.code, words, tuple(fields))


def _read(field: Field) -> str:
    return field.formula.format(t="t") if field.formula else f't."{field.name}"'


def _numbered(pattern: str, number: int) -> str:
    """`INS-{0000}` and 12 make `INS-0012`."""
    return re.sub(r"\{(0+)\}", lambda found: str(number).zfill(len(found[1])), pattern)


def id_for(org: Org, sobject: SObject | None, text: Any) -> tuple[SObject, str]:
    """The object and full id meant by a client. Raises RowError for what cannot be an id of the object."""
    normal = ids.normal(text) if isinstance(text, str) else None
    found = org.object_of(normal) if normal else None
    if normal is None or found is None:
        raise RowError("MALFORMED_ID", f"malformed id {text}", ("Id",))
    if sobject is not None and found.name != sobject.name:
        raise RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ("Id",))
    return found, normal
