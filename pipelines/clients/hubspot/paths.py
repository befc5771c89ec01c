"""Where HubSpot keeps things: one table for dated versions (`2026-03`), one for the old numbered API (`v3`).

Belongs here: paths only. The version comes from the connection.
"""

from __future__ import annotations

_DATED = {
    "token": "/oauth/{version}/token",
    "account": "/account-info/{version}/details",
    "objects": "/crm/objects/{version}/{object}",
    "properties": "/crm/properties/{version}/{object}",
    "pipelines": "/crm/pipelines/{version}/{object}",
    "owners": "/crm/owners/{version}",
    "associations": "/crm/associations/{version}/{object}/{to}/batch/read",
    "associate": "/crm/associations/{version}/{object}/{to}/batch/associate/default",
    "associate_as": "/crm/associations/{version}/{object}/{to}/batch/create",
    "dissociate": "/crm/associations/{version}/{object}/{to}/batch/archive",
    "campaigns": "/marketing/campaigns/{version}",
    "marketing_events": "/marketing/marketing-events/{version}",
    "lists": "/crm/lists/{version}",
    "sequences": "/automation/sequences/{version}",
    "preferences": "/communication-preferences/{version}",
    "exchange_rates": "/settings/currencies/{version}/exchange-rates",
    "teams": "/settings/users/{version}/teams",
    "meeting_links": "/scheduler/{version}/meetings/meeting-links",
    "schemas": "/crm-object-schemas/{version}/schemas",
    "labels": "/crm/associations/{version}/{object}/{to}/labels",
    "association_limits": "/crm/associations/{version}/definitions/configurations",
    "validations": "/crm/property-validations/{version}/{object}",
    "limits": "/crm/limits/{version}",
    "flows": "/automation/v4/flows",
}
_NUMBERED = {
    "token": "/oauth/v3/token",
    "account": "/account-info/v3/details",
    "objects": "/crm/v3/objects/{object}",
    "properties": "/crm/v3/properties/{object}",
    "pipelines": "/crm/v3/pipelines/{object}",
    "owners": "/crm/v3/owners",
    "associations": "/crm/v4/associations/{object}/{to}/batch/read",
    "associate": "/crm/v4/associations/{object}/{to}/batch/associate/default",
    "associate_as": "/crm/v4/associations/{object}/{to}/batch/create",
    "dissociate": "/crm/v4/associations/{object}/{to}/batch/archive",
    "campaigns": "/marketing/v3/campaigns",
    "marketing_events": "/marketing/v3/marketing-events",
    "lists": "/crm/v3/lists",
    "sequences": "/automation/v4/sequences",
    "preferences": "/communication-preferences/v4",
    "exchange_rates": "/settings/v3/currencies/exchange-rates",
    "teams": "/settings/v3/users/teams",
    "meeting_links": "/scheduler/v3/meetings/meeting-links",
    "schemas": "/crm-object-schemas/v3/schemas",
    "labels": "/crm/v4/associations/{object}/{to}/labels",
    "association_limits": "/crm/v4/associations/definitions/configurations",
    "validations": "/crm/v3/property-validations/{object}",
    "limits": "/crm/v3/limits",
    "flows": "/automation/v4/flows",
}


class Paths:
    """The paths of one API version."""

    def __init__(self, version: str) -> None:
        self.version = version
        self._table = _NUMBERED if version.startswith("v") else _DATED

    def __call__(self, name: str, object_type: str = "", to: str = "") -> str:
        return self._table[name].format(version=self.version, object=object_type, to=to)
