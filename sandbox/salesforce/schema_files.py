"""Files and notes beside records, as plain data: attachments, documents, content with its versions and links.

Lines are in the language of `fields.parse`. A field of type base64 is told as an address: its bytes are in a
table of their own (`files`), so that reading a row does not read a file.
"""

from __future__ import annotations

from sandbox.salesforce.schema_system import NO_BIN, SEEN, SYSTEM

_PEOPLE = "Account|Campaign|Case|Contact|Lead|Opportunity"
PARENTS = f"{_PEOPLE}|EmailMessage|Event|Product2|Task"
"""What an attachment hangs on; an org's custom objects are added when it is read."""
LINKED = f"{PARENTS}|Organization|User"


def _bytes(sobject: str, field: str) -> str:
    return f"""'/sobjects/{sobject}/' || {{t}}."Id" || '/{field}'"""


def _latest(field: str) -> str:
    """What a document says of its latest version."""
    return f'(select v."{field}" from "ContentVersion" v where v."Id" = {{t}}."LatestPublishedVersionId")'


_SHARED = """
SharingOption picklist 40 n
SharingPrivacy picklist 40 n
PublishStatus picklist 40 an := 'P'
"""
OBJECTS: dict[str, tuple[str, str, str, str]] = {
    "Attachment": ("Attachment", "Attachments", "00P", SYSTEM + f"""
ParentId reference ri -> {PARENTS}:Parent
Name string 255 r
IsPrivate boolean
ContentType string 120
BodyLength int a
Body base64 rf := {_bytes("Attachment", "Body")}
OwnerId reference n -> Group|User:Owner
Description string 500
"""),
    "Note": ("Note", "Notes", "002", SYSTEM + """
ParentId reference ri -> Account|Contact|Lead|Opportunity|Product2:Parent
Title string 80 r
IsPrivate boolean
Body textarea 32000
OwnerId reference n -> User:Owner
"""),
    "Folder": ("Folder", "Folders", "00l", NO_BIN + """
ParentId reference -> Folder:Parent
Name string 40 r
DeveloperName string 80 ru
AccessType picklist 40 r
IsReadonly boolean
Type picklist 40 r
NamespacePrefix string 15 a
"""),
    "Document": ("Document", "Documents", "015", SYSTEM + f"""
FolderId reference r -> Folder|User:Folder
Name string 255 r
DeveloperName string 80
NamespacePrefix string 15 a
ContentType string 120
Type string 40
IsPublic boolean
BodyLength int a
Body base64 f := {_bytes("Document", "Body")}
Url string 1000
Description textarea 255
Keywords string 255
IsInternalUseOnly boolean
AuthorId reference -> User:Author
IsBodySearchable boolean a
{SEEN}"""),
    "ContentDocument": ("Content Document", "Content Documents", "069", SYSTEM + f"""
IsArchived boolean an
ArchivedById reference a -> User:ArchivedBy
ArchivedDate date a
OwnerId reference n -> User:Owner
Title string 255 n
Description textarea 1000
LatestPublishedVersionId reference a -> ContentVersion:LatestPublishedVersion
ContentSize int a := {_latest("ContentSize")}
FileType string 20 a := {_latest("FileType")}
FileExtension string 40 a := {_latest("FileExtension")}
ContentModifiedDate datetime a := {_latest("ContentModifiedDate")}
{_SHARED}{SEEN}"""),
    "ContentVersion": ("Content Version", "Content Versions", "068", SYSTEM + f"""
ContentDocumentId reference ni -> ContentDocument:ContentDocument
IsLatest boolean an
ContentUrl url 1333
VersionNumber string 20 a
Title string 255 n
Description textarea 1000
ReasonForChange textarea 1000
PathOnClient string 500 i
RatingCount int a := 0
PositiveRatingCount int a := 0
NegativeRatingCount int a := 0
ContentModifiedDate datetime a
ContentModifiedById reference a -> User:ContentModifiedBy
OwnerId reference n -> User:Owner
TagCsv textarea 2000
FileType string 20 an
FileExtension string 40 a
VersionData base64 if := {_bytes("ContentVersion", "VersionData")}
VersionDataUrl string 255 a := {_bytes("ContentVersion", "VersionData")}
ContentSize int a
FirstPublishLocationId reference i -> {LINKED}:FirstPublishLocation
Origin picklist 40 np
ContentLocation picklist 40 np
Checksum string 50 a
IsMajorVersion boolean i
IsAssetEnabled boolean
{_SHARED}"""),
    "ContentDocumentLink": ("Content Document Link", "Content Document Links", "06A", f"""
Id id an
IsDeleted boolean an
SystemModstamp datetime an
LinkedEntityId reference ri -> {LINKED}:LinkedEntity
ContentDocumentId reference ri -> ContentDocument:ContentDocument
ShareType picklist 40 p
Visibility picklist 40 p
"""),
}  # fmt: skip
HANG_ON = (("Attachment", "ParentId"), ("Note", "ParentId"), ("ContentDocumentLink", "LinkedEntityId"),
           ("ContentVersion", "FirstPublishLocationId"))  # fmt: skip
"""References that lead to custom objects as well."""
