"""The outside world, indoors: HubSpot and Salesforce over HTTP. Imports nothing of ours."""
