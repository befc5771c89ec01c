"""The part `channels` of `config/attribution.yml`: what channel, source and medium a touch has.

Belongs here: the form of that part and what holds where config leaves a kind out. A rule's `match` is
compared with the value of its kind, or with value and detail joined by a slash: OFFLINE/IMPORT, cpc/google.
"""

from __future__ import annotations

from pipelines.rules.loader import Strict


class ChannelRule(Strict):
    match: str
    channel: str
    source: str | None = None
    medium: str | None = None


Rules = tuple[ChannelRule, ...]


def _all(channel: str, medium: str, source: str | None = None) -> Rules:
    return (ChannelRule(match="*", channel=channel, source=source, medium=medium),)


class HubSpotChannels(Strict):
    analytics_source: Rules
    conversion: Rules
    event: Rules = _all("event", "event")
    email: Rules = _all("email", "email", "hubspot")
    visit: Rules = _all("website", "visit", "website")
    list: Rules = _all("import", "list", "hubspot")
    engagement: Rules = _all("sales", "sales", "hubspot")


class SalesforceChannels(Strict):
    campaign_type: Rules
    task: Rules
    lead_source: Rules = _all("unknown", "unknown")


class MarketingCloudChannels(Strict):
    email: Rules = _all("email", "email", "marketing_cloud")


class UtmChannels(Strict):
    medium: Rules = _all("campaign", "campaign")


class Channels(Strict):
    hubspot: HubSpotChannels
    salesforce: SalesforceChannels
    marketing_cloud: MarketingCloudChannels = MarketingCloudChannels()
    utm: UtmChannels = UtmChannels()

    def rows(self) -> list[tuple[str, str, ChannelRule]]:
        """(vendor, kind, rule), in the order of the file."""
        return [
            (vendor, kind, rule)
            for vendor in ("hubspot", "salesforce", "marketing_cloud", "utm")
            for kind in type(getattr(self, vendor)).model_fields
            for rule in getattr(getattr(self, vendor), kind)
        ]
