"""One account's store: its tables, its ids, its clock. What a resource does with them is in its own file."""

from __future__ import annotations

import hashlib
import uuid

from sandbox import times
from sandbox.marketing_cloud import documents
from sandbox.store import Store

CENTRAL = -6 * times.HOUR
"""Marketing Cloud's servers tell the time of US Central, without daylight saving and without saying so."""
NEVER = "0001-01-01T00:00:00"
TABLES = """
create table tokens (token text primary key, ends integer not null);
create table data_extensions (
    id text primary key, key text not null unique collate nocase, name text not null,
    description text not null,
    category integer not null, sendable integer not null, send_field text, created integer not null,
    modified integer not null, synchronized integer not null);
create table fields (
    id text primary key, extension text not null, ordinal integer not null, name text not null collate nocase,
    type text not null, length integer, scale integer, required integer not null, is_key integer not null,
    standard text);
create index fields_by_extension on fields (extension, ordinal);
create table extension_rows (
    seq integer primary key, extension text not null, pk text, body blob not null, unique (extension, pk));
create table async_requests (
    id text primary key, at integer not null, ready integer not null, results blob not null);
create table row_tokens (token text primary key, extension text not null, filter text, page_size integer);
create table subscribers (
    id integer primary key, key text not null unique, email text not null, status text not null,
    created integer not null, unsubscribed integer, bounced integer);
create index subscribers_by_email on subscribers (email);
create table contacts (
    id integer primary key, key text not null unique, active integer not null, created integer not null,
    attributes blob not null);
create table lists (
    id integer primary key, object_id text not null, key text not null, name text not null,
    category integer not null, created integer not null, description text not null);
create table list_subscribers (
    seq integer primary key, list integer not null, subscriber text not null, status text not null,
    created integer not null, modified integer not null, unique (list, subscriber));
create table sends (
    id integer primary key, name text not null, subject text not null, sent integer not null,
    triggered text, campaign integer);
create table tracking (
    seq integer primary key, kind text not null, at integer not null, subscriber integer not null,
    subscriber_key text not null, send integer not null, batch integer not null, list integer,
    triggered text, url text, category text, detail text);
create index tracking_by_time on tracking (kind, at, seq);
create index tracking_by_subscriber on tracking (subscriber_key, kind);
create table campaigns (
    id integer primary key, name text not null, description text not null, code text not null,
    color text not null, favorite integer not null, created integer not null, modified integer not null);
create table event_definitions (
    id text primary key, key text not null unique collate nocase, type text not null, name text not null,
    extension text, created integer not null, modified integer not null, body blob not null);
create table interactions (
    id text primary key, key text not null collate nocase, version integer not null, name text not null,
    status text not null, entry_mode text not null, event_key text, created integer not null,
    modified integer not null, published integer, body blob not null, unique (key, version));
create table publications (id text primary key, at integer not null, body blob not null);
create table audits (
    seq integer primary key, interaction text not null, version integer not null, action text not null,
    at integer not null);
create table entries (
    id text primary key, contact text not null, event_key text not null, interaction text,
    journey_key text, version integer, at integer not null, state text not null, ended integer);
create index entries_by_contact on entries (contact, journey_key);
create table queries (
    id text primary key, key text not null unique, name text not null, statement text not null,
    target text not null, ran integer);
create table soap_requests (
    id text primary key, object text not null, clause text not null, parameters blob not null,
    properties blob not null, after blob not null);
create view _Subscribers as select id as SubscriberID, key as SubscriberKey, email as EmailAddress,
    status as Status, created as DateJoined, unsubscribed as DateUnsubscribed from subscribers;
create view _Job as select id as JobID, name as EmailName, subject as EmailSubject, sent as DeliveredTime
    from sends;
create view _Sent as select send as JobID, list as ListID, batch as BatchID, subscriber as SubscriberID,
    subscriber_key as SubscriberKey, at as EventDate, triggered as TriggererSendDefinitionObjectID
    from tracking where kind = 'SentEvent';
create view _Complaint as select send as JobID, list as ListID, batch as BatchID,
    subscriber as SubscriberID, subscriber_key as SubscriberKey, at as EventDate
    from tracking where kind = 'Complaint';
create view _Journey as select id as VersionID, key as JourneyID, name as JourneyName,
    version as VersionNumber, created as CreatedDate, published as LastPublishedDate,
    status as JourneyStatus from interactions;
create view _JourneyActivity as select interactions.id as VersionID,
    json_extract(activity.value, '$.id') as ActivityID,
    json_extract(activity.value, '$.name') as ActivityName,
    json_extract(activity.value, '$.type') as ActivityType,
    json_extract(activity.value, '$.configurationArguments.triggeredSendId') as JourneyActivityObjectID
    from interactions, json_each(interactions.body, '$.activities') as activity
"""
INSIDE = ("tokens", "row_tokens", "async_requests", "soap_requests", "publications", "audits")
"""Tables that hold nothing of the account's own."""
MEMBER_ID = 510_004_711
ENTERPRISE_ID = 510_004_700


def prepare(store: Store, seed: int) -> None:
    """An empty account: its tables and how to sign in."""
    store.script(TABLES)
    store.script(documents.TABLE)
    digest = hashlib.sha256(f"marketing cloud {seed}".encode()).hexdigest()
    store.set_meta("client_id", f"mc{digest[:22]}")
    store.set_meta("client_secret", digest[22:46])
    store.set_meta("member_id", str(MEMBER_ID))
    store.set_meta("enterprise_id", str(ENTERPRISE_ID))
    store.set_meta("subdomain", f"mc{digest[:26]}")


def guid(*parts: object) -> str:
    """An id made of what it stands for, so that the same world has the same ids."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "|".join(str(part) for part in parts)))


def whole(told: object) -> int | None:
    """The number that a client writes; None for what is none, or larger than a store holds."""
    text = str(told)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def shown(ms: int | None) -> str:
    """A moment as Marketing Cloud writes it: Central time, no zone, no needless zeros."""
    if ms is None:
        return NEVER
    text = times.iso(ms + CENTRAL)[:-1]
    return text.rstrip("0").rstrip(".") if "." in text else text


def told(text: str) -> int:
    """A moment a client gives: Central time unless it names a zone. Raises ValueError."""
    aware = text.strip().endswith("Z") or text.strip()[-6:-5] in ("+", "-")
    return times.parse(text) - (0 if aware else CENTRAL)
