"""What is extracted from HubSpot and how."""
