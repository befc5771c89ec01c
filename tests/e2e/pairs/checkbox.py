"""A checkbox of a team's own in Salesforce, which the integration user may write.

Belongs here: the deploy of a field and its right, as an admin does it. What is ticked is in `deeds`.
"""

from __future__ import annotations

import io
import zipfile

from pipelines.clients.salesforce.client import SalesforceClient
from pipelines.clients.salesforce.metadata import NAMESPACE

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_RIGHTS = "Team_Fields"


def make(salesforce: SalesforceClient, kind: str, name: str) -> None:
    """Deploy the field and a permission set that shows it, and give that to whom this signs in as."""
    files = {
        "package.xml": f'<Package xmlns="{NAMESPACE}"><types><members>{kind}.{name}</members>'
        "<name>CustomField"
        f"</name></types><types><members>{_RIGHTS}</members><name>PermissionSet</name></types><version>62.0"
        "</version></Package>",
        f"objects/{kind}.object": f'<CustomObject xmlns="{NAMESPACE}"><fields><fullName>{name}</fullName>'
        f"<label>{name}</label><type>Checkbox</type><defaultValue>false</defaultValue></fields>"
        "</CustomObject>",
        f"permissionsets/{_RIGHTS}.permissionset": f'<PermissionSet xmlns="{NAMESPACE}"><fieldPermissions>'
        f"<editable>true</editable><field>{kind}.{name}</field><readable>true</readable></fieldPermissions>"
        f"<label>{_RIGHTS}</label></PermissionSet>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, _HEAD + text)
    options = {"rollbackOnError": True, "singlePackage": True}
    begun = salesforce.metadata.deploy(packed.getvalue(), options)
    ended = salesforce.metadata.status(begun)
    assert ended["success"], ended
    soql = f"SELECT Id FROM PermissionSet WHERE Name = '{_RIGHTS}'"
    [rights] = [row for page in salesforce.query_pages(soql) for row in page.records]
    given = {"PermissionSetId": rights["Id"], "AssigneeId": salesforce.user_id()}
    [row] = salesforce.create_collection("PermissionSetAssignment", [given])
    assert row.ok, row
