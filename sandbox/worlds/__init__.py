"""Worlds: what the two CRMs hold on their first day, generated from a seed or loaded from files."""
