"""Suites by what they look at. A suite says what is expected; whether it stops a run is in the registry."""
