"""Salesforce, every API version from one store: one file per resource."""
