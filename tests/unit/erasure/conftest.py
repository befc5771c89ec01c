"""A home with a handful of people who share a mailbox, a number and a company."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.erasure.erase import Place
from pipelines.settings import Settings
from pipelines.state import State
from pipelines.warehouse import Warehouse

SWITCHBOARD, DIRECT = "+49 30 5550100", "+49 30 5550177"
CONTACTS = f"""
create schema raw_hubspot; create schema ops; create schema marts;
create table ops.connections (vendor varchar, org_id varchar);
insert into ops.connections values ('hubspot', '77');
create table raw_hubspot.contacts (id varchar, email varchar, hs_additional_emails varchar[],
    firstname varchar, lastname varchar, phone varchar, company varchar);
insert into raw_hubspot.contacts values
    ('1', 'ann@example.org', ['office@example.org'], 'Ann', 'Arbor', '{SWITCHBOARD}', 'Arbor Trees'),
    ('2', 'bob@example.org', ['office@example.org'], 'Bob', 'Barker', '{SWITCHBOARD}', 'Arbor Trees'),
    ('3', 'cas@example.org', [], 'Ann Arbor', 'Senior', '{DIRECT}', 'Arbor Trees'),
    ('4', 'dee@example.org', [], 'Dee', 'Dunmore', '+49 30 5550199', 'Arbor Trees');
create table raw_hubspot.companies (id varchar, name varchar, phone varchar);
insert into raw_hubspot.companies values ('9', 'Arbor Trees', '{DIRECT}');
create table raw_hubspot.notes (id varchar, hs_note_body varchar);
insert into raw_hubspot.notes values ('1', 'Dee Dunmore, +49 30 5550199, called Ann Arbor Senior');
create schema intermediate;
create table raw_hubspot.leads (id varchar, hs_lead_name varchar, hs_primary_contact_id varchar,
    hs_lastmodifieddate timestamptz);
insert into raw_hubspot.leads values ('51', 'Wants a demo', '4', null), ('52', 'Wants more', '2', null);
create table raw_hubspot.leads_property_history (id varchar, property varchar, value varchar);
insert into raw_hubspot.leads_property_history values ('51', 'hs_lead_name', 'Wants'), ('52', 'x', 'More');
create table intermediate.int_hubspot_records (object varchar, record_id varchar);
insert into intermediate.int_hubspot_records values ('contacts', '4'), ('deals', '4'), ('contacts', '2');
create table intermediate.int_touches (touchpoint_id varchar, person_id varchar, record_key varchar);
insert into intermediate.int_touches values ('00112233445566aa', 'p4', 'hubspot:77:contacts:4');
create table intermediate.int_credit_journeys (
    opportunity_id varchar, touchpoint_ids varchar[], person_ids varchar[]
);
insert into intermediate.int_credit_journeys values
    ('o1', ['00112233445566cc', '00112233445566aa'], ['p2', 'hubspot:77:contacts:4']);
create table intermediate.mirror_base (pair_key varchar, content varchar);
insert into intermediate.mirror_base values ('hubspot:77:contacts:4|salesforce:1:Lead:00Q', 'Buyer'),
    ('hubspot:77:contacts:2|salesforce:1:Lead:00R', 'Seller');
create table marts.attribution_coverage (opportunity_id varchar, covered_by varchar);
insert into marts.attribution_coverage values ('d1', '00112233445566aa'), ('d2', '00112233445566bb');
create table marts.unified_leads (person_id varchar, full_name varchar, email varchar);
insert into marts.unified_leads values ('p2', 'Bob Barker', 'bob@example.org');
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    settings = Settings(home=tmp_path / "var", config_dir=tmp_path)
    warehouse = Warehouse(settings.paths)
    with warehouse.locked("a test"):
        warehouse.start_work()
        with warehouse.writing() as connection:
            connection.execute(CONTACTS)
        warehouse.publish("first")
    with State.open(settings) as state:
        yield Place(settings, warehouse, state)


def rows(place: Place, query: str) -> list[tuple[object, ...]]:
    with place.warehouse.reading("warehouse") as connection:
        return connection.execute(query).fetchall()
