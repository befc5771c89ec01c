"""Measurements of whole commands, each beside its floor in the same run. `make bench` prints the tables.

Belongs here: measuring. What is measured runs as people run it, in a process of its own.
"""
