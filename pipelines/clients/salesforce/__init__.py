"""Salesforce over HTTP: its logins, queries, bulk jobs, collections, its errors."""
