"""HubSpot, one store behind v3, v4 and dated paths: one file per resource."""
