"""Records of a portal: reading, rendering, creating, changing, archiving, with history and the write log.

What a value may be is asked of the portal; which HTTP answer follows is the handlers' business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox import times
from sandbox.call import Call
from sandbox.hubspot import catalog, email_headers, first_values, numbers, requests, write_rules
from sandbox.hubspot.catalog import ObjectType
from sandbox.hubspot.further_objects import ENGAGEMENTS
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.visibility import Visibility
from sandbox.store import Store

COLUMNS = "id, created, modified, archived, archived_at, props"
Problem = dict[str, str]
SWITCHES = {"lifecycle_backwards": ("ignore", "refuse"), "merged_updates": ("follow", "drop")}
"""What no document settles, as it is by default and otherwise: a lifecycle stage written backwards is
answered as if done, or refused; a batch update of an id that was merged away changes the survivor, or is
left out of the results without a word."""


class Invalid(Exception):
    """Values that were refused, each with name, error and message."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems


class Conflict(Exception):
    """An e-mail address or unique value that another record has."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass
class Record:
    """A stored record. `props` holds only what has a value."""

    type: ObjectType
    id: int
    created: int
    modified: int
    archived: bool
    archived_at: int | None
    props: dict[str, str]


def load(kind: ObjectType, row: Sequence[Any]) -> Record:
    return Record(kind, row[0], row[1], row[2], bool(row[3]), row[4], orjson.loads(row[5]))


class Records:
    """All records of a portal."""

    def __init__(self, portal: Portal, seen: Visibility) -> None:
        self.portal, self.seen = portal, seen
        self.switches = {name: ways[0] for name, ways in SWITCHES.items()}

    def switch(self, wish: Mapping[str, Any]) -> None:
        """Take over what is said of `SWITCHES`. Raises ValueError."""
        for name, ways in SWITCHES.items():
            if wish.get(name, ways[0]) not in ways:
                raise ValueError(f"{name} must be one of {', '.join(ways)}")
        self.switches |= {name: str(wish[name]) for name in SWITCHES if name in wish}

    @property
    def store(self) -> Store:
        return self.portal.store

    def get(self, kind: ObjectType, record_id: str, id_property: str = "hs_object_id") -> Record | None:
        """By id (also the id of a record merged away) or by the value of a unique property."""
        key = self._id_of(kind, record_id, id_property)
        if key is None:
            return None
        record = self.stored(kind, key)
        if record is None or not self.seen.shows(kind.plural, record.id, record.archived_at):
            return None
        return record

    def many(
        self, kind: ObjectType, wanted: Sequence[str], id_property: str = "hs_object_id"
    ) -> Iterator[tuple[str, Record | None]]:
        """What `get` finds for each, by few queries."""
        keys = (
            {each: self._id_of(kind, each, id_property) for each in wanted}
            if (id_property != "hs_object_id")
            else self._ids_of(kind, wanted)
        )
        marks = ", ".join(str(key) for key in keys.values() if key is not None)
        rows = self.store.rows(f'select {COLUMNS} from "{kind.plural}" where id in ({marks})')
        found = {row[0]: load(kind, row) for row in rows}
        for each in wanted:
            record = found.get(keys[each] or 0)
            if record is not None and not self.seen.shows(kind.plural, record.id, record.archived_at):
                record = None
            yield each, record

    def stored(self, kind: ObjectType, record_id: int) -> Record | None:
        """By id, also what no reader sees."""
        row = self.store.row(f'select {COLUMNS} from "{kind.plural}" where id = ?', (record_id,))
        return None if row is None else load(kind, row)

    def _id_of(self, kind: ObjectType, value: str, id_property: str) -> int | None:
        if id_property == "hs_object_id":
            own = requests.whole_id(value)
            current = self.store.value(
                "select current from aliases where object = ? and id = ?", (kind.plural, own)
            )
            return own if current is None else int(current)
        if kind.plural == "contacts" and id_property == "email":
            found = self.store.value("select id from addresses where email = ?", (value.strip().lower(),))
        else:
            found = self.store.value(
                f'select id from "{kind.plural}" where archived = 0 and json_extract(props, ?) = ?',
                (f'$."{id_property}"', value),
            )
        return None if found is None else int(found)

    def _ids_of(self, kind: ObjectType, wanted: Sequence[str]) -> dict[str, int | None]:
        """The ids that are meant, those of records merged away resolved."""
        keys = {each: requests.whole_id(each) for each in wanted}
        marks = ", ".join(str(key) for key in keys.values() if key is not None)
        current = dict(
            self.store.rows(
                f"select id, current from aliases where object = ? and id in ({marks})", (kind.plural,)
            )
        )
        return {each: current.get(key, key) for each, key in keys.items()}

    def create(self, call: Call, kind: ObjectType, wanted: Mapping[str, Any]) -> Record:
        """Store a new record. Raises Invalid or Conflict."""
        _meet_fault(call, new=True)
        values = self._checked(kind, self._appended(kind, wanted, {}))
        missing = [name for name in kind.required if not values.get(name)]
        if kind.plural == "companies" and not values.get("name") and not values.get("domain"):
            missing.append("name")
        if missing:
            raise Invalid([_problem(n, "REQUIRED_FIELD", f'"{n}" is required') for n in missing])
        if not values and kind.plural in ("contacts", "companies"):
            raise Invalid([_problem("", "INVALID_INPUT", "At least one property is required")])
        props = {name: value for name, value in values.items() if value != ""}
        self._meet_rules(call, kind, values, props, new=True)
        self._check_unique(kind, None, props)
        record = Record(kind, self.next_id(kind), call.now, call.now, False, None, props)
        self._derive(record, {}, call.now)
        stamp = times.iso(call.now)
        props |= {"hs_object_id": str(record.id), kind.created: stamp, kind.modified: stamp}
        self.store.db.execute(
            f'insert into "{kind.plural}" ({COLUMNS}) values (?, ?, ?, 0, null, ?)',
            (record.id, call.now, call.now, orjson.dumps(props)),
        )
        self._index_emails(record, {})
        for name, value in props.items():
            call.change(kind.plural, str(record.id), "create", name, None, value)
        return record

    def next_id(self, kind: ObjectType) -> int:
        """The id that the next record of a type gets."""
        together = ENGAGEMENTS if kind.plural in ENGAGEMENTS else (kind.plural,)
        return numbers.following(self.store, *together, first=100_000)

    def update(self, call: Call, record: Record, wanted: Mapping[str, Any]) -> Record:
        """Change a record. A value that is there already changes nothing, not even the last-modified time."""
        _meet_fault(call, new=False)
        kind, before = record.type, dict(record.props)
        values = self._checked(kind, self._appended(kind, wanted, before))
        self._hold_lifecycle(record, values)
        self._meet_rules(call, kind, values, before | values, new=False)
        self._check_unique(kind, record.id, values)
        for name, value in values.items():
            if value == "":
                record.props.pop(name, None)
            else:
                record.props[name] = value
        self._derive(record, before, call.now)
        self._log(call, record, before, values)
        if record.props != before:
            record.modified = call.now
            record.props[kind.modified] = times.iso(call.now)
            self.save(record)
            self._index_emails(record, before)
        return record

    def note(self, call: Call, record: Record, values: Mapping[str, str]) -> None:
        """Set what HubSpot works out itself, told as any change is; an empty value takes it off."""
        before = dict(record.props)
        record.props = {name: value for name, value in {**before, **values}.items() if value != ""}
        if record.props != before:
            self._log(call, record, before, ())
            record.modified = call.now
            record.props[record.type.modified] = times.iso(call.now)
            self.save(record)

    def archive(self, call: Call, record: Record) -> None:
        """Into the recycle bin; the last-modified time stays, as at HubSpot."""
        if record.archived:
            return
        record.archived, record.archived_at = True, call.now
        self.save(record)
        if record.type.plural == "contacts":
            self.store.db.execute("delete from addresses where id = ?", (record.id,))
        call.change(record.type.plural, str(record.id), "archive", "archived", "false", "true")

    def restore(self, record: Record) -> None:
        """Out of the recycle bin, as it was."""
        record.archived, record.archived_at = False, None
        self.save(record)
        self._index_emails(record, {})

    def remove(self, record: Record) -> None:
        """For good, with all that hangs on it; an id merged into it leads nowhere then."""
        kind, db = record.type.plural, self.store.db
        db.execute(f'delete from "{kind}" where id = ?', (record.id,))
        numbers.removed(self.store, kind, record.id)
        db.execute("delete from history where object = ? and id = ?", (kind, record.id))
        db.execute("delete from aliases where object = ? and current = ?", (kind, record.id))
        for end in ("from", "to"):
            db.execute(f"delete from associations where {end}_type = ? and {end}_id = ?", (kind, record.id))
        db.execute("delete from timeline_events where object = ? and object_id = ?", (kind, record.id))
        if kind == "contacts":
            db.execute("delete from addresses where id = ?", (record.id,))

    def _appended(
        self, kind: ObjectType, wanted: Mapping[str, Any], props: Mapping[str, str]
    ) -> dict[str, Any]:
        """What is wanted, with options that begin with a semicolon put behind those that are there."""
        defined = self.portal.properties[kind.plural]
        found = dict(wanted)
        for name, value in wanted.items():
            is_set = name in defined and defined[name]["fieldType"] == "checkbox"
            if is_set and isinstance(value, str) and value.startswith(";"):
                there = [*props.get(name, "").split(";"), *value.split(";")]
                found[name] = ";".join(dict.fromkeys(each for each in there if each))
        return found

    def _checked(self, kind: ObjectType, wanted: Mapping[str, Any]) -> dict[str, str]:
        problems, values = [], {}
        for name, raw in wanted.items():
            value = "" if raw is None else _text(raw)
            found = self.portal.problem(kind.plural, name, value)
            if found:
                problems.append(_problem(name, *found))
            else:
                values[name] = self.portal.stored(kind.plural, name, value) if value else ""
        problems += self._stage_problems(kind, values)
        if problems:
            raise Invalid(problems)
        return values

    def _meet_rules(
        self, call: Call, kind: ObjectType, values: Mapping[str, str], props: Mapping[str, str], *, new: bool
    ) -> None:
        found = write_rules.problems(self.portal.write_rules, call, kind.plural, values, props, new=new)
        if found:
            raise Invalid([_problem(*each) for each in found])

    def _stage_problems(self, kind: ObjectType, values: Mapping[str, str]) -> list[Problem]:
        if kind.plural != "deals" or not values.get("dealstage"):
            return []
        stage, pipeline = values["dealstage"], values.get("pipeline")
        if any(s == stage and pipeline in (None, "", p) for p, s in self.portal.stages):
            return []
        return [_problem("dealstage", "INVALID_OPTION", f"{stage} was not one of the stages of the pipeline")]

    def _hold_lifecycle(self, record: Record, values: dict[str, str]) -> None:
        """A lifecycle stage moves forward only; a write backwards does nothing, or is refused."""
        order = catalog.LIFECYCLE
        new, old = values.get("lifecyclestage"), record.props.get("lifecyclestage")
        if new in order and old in order and order.index(new) < order.index(old):
            if self.switches["lifecycle_backwards"] == "refuse":
                message = f"lifecyclestage cannot move backwards from {old} to {new}"
                raise Invalid([_problem("lifecyclestage", "INVALID_LIFECYCLE_STAGE", message)])
            values["lifecyclestage"] = old

    def _check_unique(self, kind: ObjectType, own: int | None, values: Mapping[str, str]) -> None:
        if kind.plural == "contacts":
            self._check_further_emails(own, values)
        for name, value in values.items():
            if not value or not self.portal.properties[kind.plural][name]["hasUniqueValue"]:
                continue
            if name == "email" and self.store.value("select 1 from blocklist where email = ?", (value,)):
                message = f"{value} was deleted for privacy reasons and cannot be created again"
                raise Invalid([_problem("email", "BLOCKLISTED_EMAIL", message)])
            other = self._id_of(kind, value, name)
            if other is not None and other != own:
                if name == "email":
                    raise Conflict(f"Contact already exists. Existing ID: {other}")
                raise Conflict(f"Propery {name} must be unique: {value} is the value of {other}")

    def _check_further_emails(self, own: int | None, values: Mapping[str, str]) -> None:
        """Additional addresses are as unique as the first one is."""
        for email in values.get("hs_additional_emails", "").split(";"):
            other = self.store.value("select id from addresses where email = ?", (email.strip().lower(),))
            if email and other is not None and other != own:
                raise Conflict(f"Contact already exists. Existing ID: {other}")

    def _derive(self, record: Record, before: Mapping[str, str], at: int) -> None:
        """Values HubSpot calculates itself: stage entry dates, what a deal's stage means."""
        stage = record.props.get("lifecyclestage")
        entered = f"hs_v2_date_entered_{stage}"
        if stage != before.get("lifecyclestage") and entered in self.portal.properties[record.type.plural]:
            record.props.setdefault(entered, times.iso(at))
        if record.props.get("hs_email_headers") != before.get("hs_email_headers"):
            record.props |= email_headers.told(record.props)
        if record.type.plural == "deals" and record.props.get("dealstage") != before.get("dealstage"):
            pipeline = record.props.get("pipeline", "default")
            probability, closed = self.portal.stages.get(
                (pipeline, record.props.get("dealstage", "")), (0.0, False)
            )
            record.props |= {
                "hs_is_closed": _text(closed), "hs_is_closed_won": _text(closed and probability == 1.0),
                "hs_deal_stage_probability": _text(probability),
            }  # fmt: skip

    def _log(self, call: Call, record: Record, before: Mapping[str, str], asked: Iterable[str]) -> None:
        kind = record.type.plural
        names = dict.fromkeys([*asked, *before, *record.props])
        for name in names:
            old, new = before.get(name), record.props.get(name)
            if old == new and name not in asked:
                continue
            call.change(kind, str(record.id), "update", name, old, new)
            if old != new:
                self._remember(call, record, name, old, new)

    def _remember(self, call: Call, record: Record, name: str, old: str | None, new: str | None) -> None:
        """Add to a property's history; its first value joins it when it is overwritten."""
        key = (record.type.plural, record.id, name)
        insert = "insert into history values (?, ?, ?, ?, ?, ?, ?)"
        known = self.store.value("select 1 from history where object = ? and id = ? and property = ?", key)
        if not known and old is not None:
            by = first_values.sources(self.store, record.type.plural, [record.id])[record.id]
            self.store.db.execute(insert, (*key, record.created, old, *by))
        self.store.db.execute(insert, (*key, call.now, new or "", *call.by))

    def save(self, record: Record) -> None:
        self.store.db.execute(
            f'update "{record.type.plural}" set modified = ?, archived = ?, archived_at = ?, props = ? '
            "where id = ?",
            (record.modified, record.archived, record.archived_at, orjson.dumps(record.props), record.id),
        )

    def _index_emails(self, record: Record, before: Mapping[str, str]) -> None:
        if record.type.plural != "contacts":
            return
        old, new = emails(before), emails(record.props)
        for email in old:
            if email not in new:
                self.store.db.execute("delete from addresses where email = ? and id = ?", (email, record.id))
        for email in new:
            if email not in old:
                self.store.db.execute("insert or replace into addresses values (?, ?)", (email, record.id))


def is_hidden(call: Call) -> bool:
    """Whether a fault says that the record to be changed is not there."""
    return call.fault is not None and call.fault.code == "OBJECT_NOT_FOUND" and call.fault.refuses_row()


def _meet_fault(call: Call, *, new: bool) -> None:
    """Refuse the record when a fault says so."""
    fault = call.fault
    if fault is None or (fault.code == "OBJECT_NOT_FOUND" and not new) or not fault.refuses_row():
        return
    if fault.code == "CONFLICT":
        raise Conflict("Another record has this value. Injected fault")
    raise Invalid([_problem("", fault.code, "Injected fault")])


def emails(props: Mapping[str, str]) -> list[str]:
    """All addresses of a contact, the first one before the others."""
    listed = [props.get("email", ""), *props.get("hs_additional_emails", "").split(";")]
    return list(dict.fromkeys(each.strip().lower() for each in listed if each.strip()))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _problem(name: str, error: str, message: str) -> Problem:
    return {"name": name, "error": error, "message": message}
