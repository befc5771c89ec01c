"""The lines that objects of every kind share, in the language of `fields.parse`: who made a row and when, who
owns it, its currency, who looked at it."""

from __future__ import annotations

OWN = """
CreatedDate datetime an
CreatedById reference an -> User:CreatedBy
LastModifiedDate datetime an
LastModifiedById reference an -> User:LastModifiedBy
SystemModstamp datetime an
"""
NO_BIN = "\nId id an\n" + OWN
SYSTEM = "\nId id an\nIsDeleted boolean an\n" + OWN
USER_OWNER = "\nOwnerId reference n -> User:Owner\n"
CURRENCY = "\nCurrencyIsoCode picklist 3 p\n"
SEEN = """
LastViewedDate datetime a
LastReferencedDate datetime a
"""
