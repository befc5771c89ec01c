"""Every file of `config/`, read and validated: what is asked before a run begins.

Belongs here: the list of files. What each may say is in its own module.
"""

from __future__ import annotations

from pathlib import Path

from pipelines.rules.activities import load_activities
from pipelines.rules.alerts import load_alerts
from pipelines.rules.attribution import load_attribution
from pipelines.rules.campaign_members import load_campaign_members
from pipelines.rules.consent import load_consent
from pipelines.rules.data_extensions import load_data_extensions
from pipelines.rules.engagement import load_engagement
from pipelines.rules.events import load_events
from pipelines.rules.extract import load_extract
from pipelines.rules.handoff import load_handoffs
from pipelines.rules.identity import load_identity
from pipelines.rules.journeys import load_journeys
from pipelines.rules.kpis import load_kpis
from pipelines.rules.lead_score import load_lead_score
from pipelines.rules.mappings import load_mappings
from pipelines.rules.notifications import load_notifications
from pipelines.rules.occasions import check_occasions
from pipelines.rules.routing import load_routing
from pipelines.rules.schema.load import load_model
from pipelines.rules.stage_automation import load_automations
from pipelines.rules.stages import load_stages
from pipelines.rules.syncs import load_syncs
from pipelines.rules.teams import load_teams
from pipelines.rules.templates import load_templates

LOADERS = (
    load_activities,
    load_alerts,
    load_attribution,
    load_campaign_members,
    load_consent,
    load_data_extensions,
    load_engagement,
    load_events,
    load_extract,
    load_handoffs,
    load_identity,
    load_journeys,
    load_kpis,
    load_lead_score,
    load_mappings,
    load_model,
    load_notifications,
    load_routing,
    load_automations,
    load_templates,
    load_stages,
    load_syncs,
    load_teams,
    check_occasions,
)


def validate(config_dir: Path) -> None:
    """Raises ConfigError with file, line and key of the first fault."""
    for load in LOADERS:
        load(config_dir)
