"""How much the CRMs take, by edition, and which names they keep for themselves.

Belongs here: numbers and names as the vendors publish them. Comparing with them is `checks` and, against what
a CRM holds already, `pipelines.schema`.
"""

from __future__ import annotations

SALESFORCE_OBJECTS = {"professional": 50, "enterprise": 200, "unlimited": 2_000, "developer": 400}
SALESFORCE_FIELDS = {"professional": 100, "enterprise": 500, "unlimited": 800, "developer": 500}
EXTERNAL_IDS, MASTERS, LOOKUPS, RULES, ROLLUPS, DEEP = 25, 2, 40, 100, 25, 3
HUBSPOT_OBJECTS = {"starter": 0, "professional": 0, "enterprise": 10}
HUBSPOT_FIELDS, HUBSPOT_UNIQUE, HUBSPOT_LABELS, HUBSPOT_STAGES = 1_000, 10, 10, 100
LONGEST_API_NAME, LONGEST_DEVELOPER_NAME, LONGEST_PROPERTY = 40, 80, 100
LONGEST_RULE_NAME = 40
HUBSPOT_RESERVED_PREFIXES = ("hs_", "hubspot_")
HUBSPOT_RESERVED = frozenset({"id", "createdate", "lastmodifieddate", "archived", "properties"})
SALESFORCE_RESERVED = frozenset(
    {"id", "name", "ownerid", "isdeleted", "createddate", "createdbyid", "lastmodifieddate",
     "lastmodifiedbyid", "systemmodstamp", "recordtypeid", "currencyisocode"}
)  # fmt: skip
"""Fields every object has: a custom field of such a name would be taken for it by people and by formulas."""
STANDARD_NAMES = frozenset(
    {"Id", "Name", "OwnerId", "Owner", "CreatedDate", "CreatedById", "CreatedBy", "LastModifiedDate",
     "LastModifiedById", "LastModifiedBy", "LastViewedDate", "LastReferencedDate", "LastActivityDate",
     "SystemModstamp", "IsDeleted", "RecordTypeId", "RecordType", "CurrencyIsoCode", "TRUE", "FALSE", "NULL"}
)  # fmt: skip
"""What a formula of a custom object may name besides its own fields."""
SHOWN_NAMES = frozenset(
    {"CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate", "LastActivityDate",
     "RecordTypeId", "CurrencyIsoCode"}
)  # fmt: skip
"""Standard fields that a page of a custom object may show; name and owner have words of their own."""
PROCESSED = ("Lead", "Opportunity", "Case")
"""Objects whose record types each need a business process."""
