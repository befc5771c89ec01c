"""The outside world, indoors: HubSpot, Salesforce and Marketing Cloud over HTTP. Imports nothing of ours."""
