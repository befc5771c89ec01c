"""Table -> suite -> gate or warn. The one place that says what stops a run.

Belongs here: the list. A gate is for accidents (data lost, people counted twice, rows a vendor would refuse);
rows that somebody should mend at the vendor are warnings.
"""

from __future__ import annotations

from expectations.results import Scope, Severity
from expectations.suite import Suite
from expectations.suites import desired, marts, raw, volume
from pipelines.sources.hubspot.catalog import TABLES as HUBSPOT_TABLES
from pipelines.sources.salesforce.catalog import TABLES as SALESFORCE_TABLES

REMEMBERED = {
    "raw_hubspot.contacts": ("email", "lifecyclestage", "createdate"),
    "raw_hubspot.companies": ("name", "domain"),
    "raw_hubspot.deals": ("pipeline", "dealstage", "amount"),
    "raw_salesforce.lead": ("Email", "Status", "LastName"),
    "raw_salesforce.contact": ("Email", "LastName"),
    "raw_salesforce.account": ("Name",),
    "raw_salesforce.opportunity": ("StageName", "Amount", "CloseDate"),
    "raw_salesforce.campaign_member": ("CampaignId", "Status"),
    "raw_salesforce.task": ("WhoId", "Status"),
    "marts.unified_leads": ("email", "lifecycle_stage", "lead_score"),
    "marts.opportunities": ("amount", "canonical_stage", "account_id"),
    "marts.attribution_touchpoints": ("person_id", "channel"),
}
ENTITIES = (
    "unified_leads", "lead_identities", "unified_accounts", "opportunities", "stage_history",
    "attribution_touchpoints",
)  # fmt: skip
# A change of config/attribution.yml may halve these with good reason, so they only warn.
DERIVED = ("attribution_credits", "campaign_performance", "channel_contribution")
SYNCS = ("sync_hubspot__contacts", "sync_salesforce__leads", "sync_salesforce__contacts")


def _volume(scope: Scope, table: str, severity: Severity = "gate") -> Suite:
    remembered = REMEMBERED.get(table, ())
    return Suite(
        scope=scope, table=table, name="volume", severity=severity, build=volume.expectations,
        columns={column: column for column in remembered}, remembered=remembered,
    )  # fmt: skip


RAW_VOLUME = tuple(
    _volume("raw", f"raw_{vendor}.{table.name}")
    for vendor, tables in (("hubspot", HUBSPOT_TABLES), ("salesforce", SALESFORCE_TABLES))
    for table in tables
)
RAW = (
    Suite(
        scope="raw", table="ops.loads", name="first_loads", severity="gate", build=raw.first_loads,
        query=raw.FIRST_LOADS, key="object",
    ),
    Suite(
        scope="raw", table="ops.loads", name="freshness", severity="warn", build=raw.loads,
        query=raw.LOADS, key="object",
    ),
    Suite(
        scope="raw", table="raw_hubspot.contacts", name="plausible", severity="warn", build=raw.people,
        columns=raw.PEOPLE_HUBSPOT, key="id",
    ),
    Suite(
        scope="raw", table="raw_hubspot.companies", name="plausible", severity="warn", build=raw.companies,
        columns=raw.COMPANIES_HUBSPOT, key="id",
    ),
    Suite(
        scope="raw", table="raw_hubspot.deals", name="plausible", severity="warn", build=raw.deals,
        columns=raw.DEALS_HUBSPOT, key="id",
    ),
    Suite(
        scope="raw", table="raw_salesforce.lead", name="plausible", severity="warn", build=raw.people,
        columns=raw.PEOPLE_SALESFORCE, key="Id",
    ),
    Suite(
        scope="raw", table="raw_salesforce.contact", name="plausible", severity="warn", build=raw.people,
        columns=raw.PEOPLE_SALESFORCE, key="Id",
    ),
    Suite(
        scope="raw", table="raw_salesforce.account", name="plausible", severity="warn", build=raw.companies,
        columns=raw.COMPANIES_SALESFORCE, key="Id",
    ),
    Suite(
        scope="raw", table="raw_salesforce.opportunity", name="plausible", severity="warn",
        build=raw.accounts_of_deals, columns={**raw.DEALS_SALESFORCE, "account": "AccountId"}, key="Id",
    ),
    Suite(
        scope="raw", table="raw_salesforce.campaign_member", name="plausible", severity="warn",
        build=raw.members, columns=raw.MEMBERS, key="Id",
    ),
)  # fmt: skip
MARTS_VOLUME = (
    *(_volume("marts", f"marts.{mart}") for mart in ENTITIES),
    *(_volume("marts", f"marts.{mart}", "warn") for mart in DERIVED),
)
MARTS_SUITES = (
    Suite(
        scope="marts", table="marts.lead_identities", name="agreement", severity="gate",
        build=marts.every_record_placed, query=marts.PLACED,
        needs=("raw_hubspot.contacts", "raw_salesforce.lead", "raw_salesforce.contact"),
    ),
    Suite(
        scope="marts", table="marts.opportunities", name="agreement", severity="gate",
        build=marts.deals_counted_once, query=marts.DEAL_TOTALS,
        needs=("raw_hubspot.deals", "raw_salesforce.opportunity"),
    ),
    Suite(
        scope="marts", table="marts.opportunities", name="crms_agree", severity="warn",
        build=marts.linked_deals_agree, query=marts.LINKED_DEALS, key="id",
        needs=("raw_hubspot.deals", "raw_salesforce.opportunity"),
    ),
    Suite(
        scope="marts", table="marts.unified_leads", name="crms_agree", severity="warn",
        build=marts.linked_people_agree, query=marts.LINKED_PEOPLE, key="id",
        needs=("raw_hubspot.contacts", "raw_salesforce.contact"),
    ),
    Suite(
        scope="marts", table="marts.unified_leads", name="distribution", severity="warn",
        build=marts.leads_distribution, columns=marts.LEADS, key="person_id",
    ),
    Suite(
        scope="marts", table="marts.opportunities", name="distribution", severity="warn",
        build=marts.deals_distribution, columns=marts.DEALS, key="opportunity_id",
    ),
    Suite(
        scope="marts", table="marts.attribution_touchpoints", name="distribution", severity="warn",
        build=marts.touches_distribution, columns=marts.TOUCHES, key="touchpoint_id",
    ),
)  # fmt: skip
DESIRED_VOLUME = tuple(_volume("desired", f"reverse_sync.{sync}") for sync in SYNCS)
DESIRED = (
    Suite(
        scope="desired", table="reverse_sync.sync_hubspot__contacts", name="ready", severity="gate",
        build=desired.ready_for_hubspot, query=desired.HUBSPOT_CONTACTS_QUERY, key="record_id",
        needs=("raw_hubspot.contacts", "raw_hubspot.owners"),
    ),
    Suite(
        scope="desired", table="reverse_sync.sync_salesforce__leads", name="ready", severity="gate",
        build=desired.ready_for_salesforce, key="record_id",
        query=desired.salesforce_query("sync_salesforce__leads", "lead", "not r.IsConverted"),
        needs=("raw_salesforce.lead", "raw_salesforce.user"),
    ),
    Suite(
        scope="desired", table="reverse_sync.sync_salesforce__contacts", name="ready", severity="gate",
        build=desired.ready_for_salesforce, key="record_id",
        query=desired.salesforce_query("sync_salesforce__contacts", "contact", "r.Id is not null"),
        needs=("raw_salesforce.contact", "raw_salesforce.user"),
    ),
)  # fmt: skip

SUITES: tuple[Suite, ...] = (
    *RAW_VOLUME, *RAW, *MARTS_VOLUME, *MARTS_SUITES, *DESIRED_VOLUME, *DESIRED,
)  # fmt: skip


def suites_of(scope: Scope) -> tuple[Suite, ...]:
    return tuple(suite for suite in SUITES if suite.scope == scope)
