"""Standard fields of people, companies, deals, cases and events that the sandbox's worlds leave empty.

A client that describes an object or writes to it finds them as in any org. Lines are in the language of
`fields.parse`. What belongs to features an org has to switch on (several of Data.com's, communities,
recurring events, assets) is left out.
"""

from __future__ import annotations

from sandbox.salesforce.schema_system import SEEN

_PARTS = ("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude", "GeocodeAccuracy")
_KINDS = {
    "Street": "textarea 255", "City": "string 40", "State": "string 80", "PostalCode": "string 20",
    "Country": "string 80", "Latitude": "double/15", "Longitude": "double/15",
    "GeocodeAccuracy": "picklist 40 p",
}  # fmt: skip


def parts_of_address(parts: tuple[str, ...], prefix: str = "") -> str:
    """Lines of an address' parts."""
    return "\n".join(["", *(f"{prefix}{part} {_KINDS[part]}" for part in parts), ""])


def address(prefix: str, parts: tuple[str, ...] = _PARTS) -> str:
    """The parts of an address that are not there yet, and the whole, put together when it is read."""
    pairs = ", ".join(f"'{part[0].lower()}{part[1:]}', {{t}}.\"{prefix}{part}\"" for part in sorted(_PARTS))
    held = ", ".join(f'{{t}}."{prefix}{part}"' for part in _PARTS)
    whole = f"case when coalesce({held}) is not null then json_object({pairs}) end"
    return f"{parts_of_address(parts, prefix)}{prefix}Address address a := {whole}\n"


PLACE = _PARTS[5:]
"""Where an address is."""
WRITTEN = _PARTS[:5]
"""The parts of an address that people write."""
_RATE = 'coalesce((select y."ConversionRate" from "CurrencyType" y where y."IsoCode" = {iso}), 1.0)'


def worth(amount: str, own: str, wanted: str) -> str:
    """An amount of one currency in another, as SQL."""
    return f"{amount} / {_RATE.format(iso=own)} * {_RATE.format(iso=wanted)}"


_PHOTO = "\nPhotoUrl url a := '/services/images/photo/' || {t}.\"Id\"\n"
_HAS_ITEMS = """
HasOpportunityLineItem boolean an := case when exists (select 1 from "OpportunityLineItem" i where \
i."OpportunityId" = {t}."Id" and i."IsDeleted" = 'false') then 'true' else 'false' end
"""
FIELDS: dict[str, str] = {
    "Account": address("Billing", PLACE) + address("Shipping") + SEEN + _PHOTO + """
Fax phone
AccountNumber string 40
Sic string 20
SicDesc string 80
Ownership picklist 40
TickerSymbol string 20
Rating picklist 40
Site string 80
Jigsaw string 20
JigsawCompanyId string 20 a
""",
    "Contact": address("Mailing", PLACE) + address("Other") + SEEN + _PHOTO + """
Fax phone
HomePhone phone
OtherPhone phone
AssistantPhone phone
AssistantName string 40
Birthdate date
LastCURequestDate datetime a
LastCUUpdateDate datetime a
EmailBouncedReason string 255
EmailBouncedDate datetime
IsEmailBounced boolean an := case when {t}."EmailBouncedDate" is null then 'false' else 'true' end
Jigsaw string 20
JigsawContactId string 20 a
""",
    "Lead": address("", PLACE) + SEEN + _PHOTO + """
Fax phone
EmailBouncedReason string 255
EmailBouncedDate datetime
Jigsaw string 20
JigsawContactId string 20 a
""",
    "Opportunity": SEEN + _HAS_ITEMS + """
Pricebook2Id reference -> Pricebook2:Pricebook2
TotalOpportunityQuantity double
FiscalYear int a := cast(substr({t}."CloseDate", 1, 4) as integer)
FiscalQuarter int a := (cast(substr({t}."CloseDate", 6, 2) as integer) + 2) / 3
Fiscal string 6 a := substr({t}."CloseDate", 1, 4) || ' ' || \
((cast(substr({t}."CloseDate", 6, 2) as integer) + 2) / 3)
LastStageChangeDate datetime a := (select min(h."CreatedDate") from "OpportunityHistory" h where \
h."OpportunityId" = {t}."Id" and h."CreatedDate" > (select max(o."CreatedDate") from "OpportunityHistory" o \
where o."OpportunityId" = {t}."Id" and o."StageName" <> {t}."StageName"))
""",
    "Case": SEEN + """
SuppliedPhone string 40
SuppliedCompany string 80
ContactMobile phone a
ContactFax phone a
""",
    "Event": """
EndDate date a := substr({t}."EndDateTime", 1, 10)
IsGroupEvent boolean an := 'false'
GroupEventType picklist 40 ap := '0'
IsArchived boolean an := 'false'
IsRecurrence boolean an := 'false'
IsReminderSet boolean
ReminderDateTime datetime
""",
}  # fmt: skip
