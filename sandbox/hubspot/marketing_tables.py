"""Where a portal keeps what is no CRM record: `shown` is the thing as the API shows it, the rest finds it."""

from __future__ import annotations

TABLES = """
create table if not exists lists (id integer primary key, shown blob);
create table if not exists list_members (
    list_id integer, record_id integer, at integer, primary key (list_id, record_id)) without rowid;
create table if not exists forms (id text primary key, archived integer, shown blob);
create table if not exists submissions (id text primary key, form_id text, at integer, shown blob);
create index if not exists submissions_of on submissions (form_id, at);
create table if not exists marketing_events (id integer primary key, shown blob);
create table if not exists participations (id integer primary key, event_id integer, shown blob);
create index if not exists participations_of on participations (event_id, id);
create table if not exists campaign_assets (
    campaign_id text, type text, id text, shown blob, primary key (campaign_id, type, id));
create table if not exists campaign_items (
    campaign_id text, kind text, id text, shown blob, primary key (campaign_id, kind, id));
create table if not exists campaign_reports (
    campaign_id text, report text, shown blob, primary key (campaign_id, report));
create table if not exists campaign_contacts (
    campaign_id text, type text, contact_id integer, at integer,
    primary key (campaign_id, type, contact_id)) without rowid;
create table if not exists email_campaigns (id integer primary key, updated integer, shown blob);
create table if not exists email_events (
    id text primary key, at integer, type text, recipient text, campaign_id integer, shown blob);
create index if not exists email_events_at on email_events (at, id);
create table if not exists subscription_types (id integer primary key, shown blob);
create table if not exists subscription_statuses (
    recipient text, type_id integer, shown blob, primary key (recipient, type_id));
create table if not exists subscription_changes (id integer primary key, at integer, shown blob);
create table if not exists behaviours (
    id text primary key, at integer, type text, object_type text, object_id integer, shown blob);
create index if not exists behaviours_at on behaviours (at, id);
create table if not exists meeting_links (id integer primary key, shown blob);
create table if not exists exchange_rates (id integer primary key, shown blob);
create table if not exists teams (id integer primary key, shown blob);
"""
