"""The state tables as SQLAlchemy sees them, for building queries.

Belongs here: columns and the timestamp type. The tables themselves are made by `migrations/`; a test holds
the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, String, Table, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine


class Timestamp(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite has no such type, so there it is ISO text of fixed width."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a timestamp without a time zone cannot be stored")
        in_utc = value.astimezone(UTC)
        return in_utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else value
        return parsed.astimezone(UTC)


metadata = MetaData()


def _text(name: str, *, key: bool = False, nullable: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=nullable)


journal = Table(
    "journal",
    metadata,
    _text("change_id", key=True),
    *(
        _text(n)
        for n in ("run_id", "plan_id", "sync", "vendor", "object", "record_id", "record_key", "field")
    ),
    _text("before_value", nullable=True),
    _text("after_value", nullable=True),
    *(_text(n) for n in ("provider", "rule", "state", "code", "message", "request_id")),
    Column("intended_at", Timestamp, nullable=False),
    Column("settled_at", Timestamp),
    *(_text(n) for n in ("operation", "action_key", "needs", "person_id", "result_id", "reversibility")),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    _text("letter_id", key=True),
    *(_text(n) for n in ("sync", "vendor", "object", "record_id", "record_key", "field", "action_key")),
    _text("value", nullable=True),
    *(_text(n) for n in ("category", "code", "message", "remedy", "run_id")),
    Column("attempts", BigInteger, nullable=False),
    Column("failed_at", Timestamp, nullable=False),
    Column("released_at", Timestamp),
)

bulk_jobs = Table(
    "bulk_jobs",
    metadata,
    _text("job_id", key=True),
    *(_text(n) for n in ("vendor", "object")),
    Column("rows", BigInteger, nullable=False),
    _text("run_id"),
    Column("begun_at", Timestamp, nullable=False),
    _text("state"),
    Column("ended_at", Timestamp),
)

api_days = Table(
    "api_days",
    metadata,
    _text("vendor", key=True),
    Column("allowed", BigInteger, nullable=False),
    Column("remaining", BigInteger, nullable=False),
    Column("said_at", Timestamp, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    _text("incident_id", key=True),
    *(_text(n) for n in ("incident", "kind", "sentence", "run_id")),
    Column("opened_at", Timestamp, nullable=False),
    Column("last_seen_at", Timestamp, nullable=False),
    Column("seen", BigInteger, nullable=False),
    _text("told"),
    Column("closed_at", Timestamp),
)

agreed = Table(
    "agreed",
    metadata,
    _text("record_key", key=True),
    _text("field", key=True),
    _text("value", nullable=True),
    Column("agreed_at", Timestamp, nullable=False),
    _text("run_id"),
)

others_changes = Table(
    "others_changes", metadata, _text("record_key", key=True), Column("changed_at", Timestamp, nullable=False)
)

mirrored = Table("mirrored", metadata, _text("pair_key", key=True), _text("content"))

person_registry = Table(
    "person_registry",
    metadata,
    _text("record_key", key=True),
    _text("person_id"),
    Column("founded_at", Timestamp),
    Column("joined_at", Timestamp),
)

person_aliases = Table(
    "person_aliases",
    metadata,
    _text("alias", key=True),
    _text("person_id"),
    Column("since", Timestamp),
    _text("why", nullable=True),
    Column("retired_at", Timestamp),
)

identity_registry = Table(
    "identity_registry",
    metadata,
    _text("entity", key=True),
    _text("record_key", key=True),
    _text("id"),
    Column("founded_at", Timestamp),
    Column("joined_at", Timestamp),
)

identity_aliases = Table(
    "identity_aliases",
    metadata,
    _text("entity", key=True),
    _text("alias", key=True),
    _text("id"),
    Column("since", Timestamp),
    _text("why", nullable=True),
    Column("retired_at", Timestamp),
)

identity_decisions = Table(
    "identity_decisions",
    metadata,
    _text("left_key", key=True),
    _text("right_key", key=True),
    *(_text(n) for n in ("entity", "verdict")),
    Column("decided_at", Timestamp, nullable=False),
)

conflict_choices = Table(
    "conflict_choices",
    metadata,
    _text("conflict_id", key=True),
    *(_text(n) for n in ("left_key", "right_key", "field_left", "field_right", "choice")),
    *(Column(n, Text) for n in ("left_value", "right_value")),
    _text("chosen_by"),
    Column("chosen_at", Timestamp, nullable=False),
    *(Column(n, Text) for n in ("held_left", "held_right", "agreed_left", "agreed_right")),
)

identity_models = Table(
    "identity_models",
    metadata,
    _text("entity", key=True),
    _text("version", key=True),
    Column("trained_at", Timestamp, nullable=False),
    Column("records", BigInteger, nullable=False),
    *(_text(n) for n in ("reason", "body")),
)

decisions = Table(
    "decisions",
    metadata,
    _text("decision_id", key=True),
    Column("sequence", BigInteger, nullable=False),
    *(_text(n) for n in ("person_id", "kind", "team", "owner_email", "rule", "reason")),
    Column("decided_at", Timestamp, nullable=False),
    _text("run_id"),
    *(_text(n) for n in ("event_key", "caused_by", "state", "pool", "previous_owner")),
)

decision_rules = Table(
    "decision_rules",
    metadata,
    *(_text(n, key=True) for n in ("kind", "rule", "content_hash")),
    _text("content"),
    Column("first_seen_at", Timestamp, nullable=False),
    Column("active_from", Timestamp, nullable=False),
    Column("confirmed_at", Timestamp),
)

decision_states = Table(
    "decision_states",
    metadata,
    _text("kind", key=True),
    _text("content"),
    _text("run_id"),
    Column("decided_at", Timestamp, nullable=False),
)

decision_runs = Table(
    "decision_runs",
    metadata,
    _text("run_id", key=True),
    _text("kind", key=True),
    Column("decided_at", Timestamp, nullable=False),
    _text("rules"),
    _text("state_before"),
    Column("sequence", BigInteger, nullable=False),
)

handoffs = Table(
    "handoffs",
    metadata,
    _text("handoff_id", key=True),
    *(_text(n) for n in ("handoff", "person_id", "state", "owner_email", "reason")),
    Column("offered_at", Timestamp, nullable=False),
    Column("changed_at", Timestamp, nullable=False),
    Column("completed_at", Timestamp),
    _text("run_id"),
    Column("lead_score", BigInteger),
    _text("statuses"),
    _text("undone"),
    _text("stage"),
)

handoff_scores = Table(
    "handoff_scores",
    metadata,
    *(_text(n, key=True) for n in ("handoff", "person_id")),
    Column("is_armed", Boolean, nullable=False),
    Column("crossings", BigInteger, nullable=False),
)

automation_firings = Table(
    "automation_firings",
    metadata,
    _text("firing_id", key=True),
    *(_text(n) for n in ("automation", "opportunity_id", "event_key")),
    Column("fired_at", Timestamp, nullable=False),
    _text("run_id"),
)

decision_actions = Table(
    "decision_actions",
    metadata,
    _text("action_key", key=True),
    *(_text(n) for n in ("person_id", "content")),
    Column("made_at", Timestamp, nullable=False),
    _text("run_id"),
)

decision_inputs = Table(
    "decision_inputs",
    metadata,
    *(_text(n, key=True) for n in ("run_id", "kind", "person_id", "event_key")),
    _text("content"),
    _text("decided"),
)

met_records = Table(
    "met_records",
    metadata,
    _text("record_key", key=True),
    _text("person_id"),
    Column("sequence", BigInteger, nullable=False),
    Column("met_at", Timestamp, nullable=False),
)

waiting_entries = Table(
    "waiting_entries",
    metadata,
    *(_text(n, key=True) for n in ("event_key", "journey")),
    *(_text(n) for n in ("vendor", "object", "record_id", "event_kind")),
    Column("asked_at", Timestamp, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    _text("run_id", key=True),
    _text("kind", key=True),
    Column("started_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
    _text("status"),
)

probes = Table(
    "probes",
    metadata,
    _text("vendor", key=True),
    _text("run_id", key=True),
    Column("probed_at", Timestamp, primary_key=True),
    Column("ok", Boolean, nullable=False),
    Column("milliseconds", BigInteger),
    _text("message"),
    Column("org", Text),
    Column("day_limit", BigInteger),
    Column("day_left", BigInteger),
)

erasures = Table(
    "erasures",
    metadata,
    _text("erasure_id", key=True),
    _text("reason"),
    Column("people", BigInteger, nullable=False),
    Column("requested_at", Timestamp, nullable=False),
    Column("completed_at", Timestamp),
)

erased_rows = Table(
    "erased_rows",
    metadata,
    _text("erasure_id", key=True),
    _text("place", key=True),
    Column("rows", BigInteger, nullable=False),
)

suppressed = Table("suppressed", metadata, _text("hash", key=True), _text("kind"), _text("erasure_id"))

kept_days = Table("kept_days", metadata, _text("kind", key=True), _text("day", key=True), _text("content"))

held_rows = Table(
    "held_rows",
    metadata,
    _text("sync", key=True),
    _text("record_id", key=True),
    *(_text(n) for n in ("record_key", "reason", "plan_id")),
)
