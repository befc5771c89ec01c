"""HubSpot over HTTP: its paths, its batch answers, its errors."""
