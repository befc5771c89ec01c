"""What SOAP tells of itself: the properties of an object, whether the service is up, and its version."""

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from sandbox.marketing_cloud.soap_objects import OBJECTS
from sandbox.marketing_cloud.soap_shapes import NO_ID, Column, SoapObject, flag
from sandbox.marketing_cloud.soap_text import child, local, text_of

_TYPES = {"int": "Int32", "date": "DateTime", "bool": "Boolean", "text": "String",
          "properties": "APIProperty[]"}  # fmt: skip
_SHOWN_ONLY = ("ID", "ObjectID", "CreatedDate", "ModifiedDate")


def describe(request: Element) -> str:
    """An ObjectDefinition of each object that is asked for; of one nobody knows its name alone."""
    names = [
        text_of(each, "ObjectType")
        for each in child(request, "DescribeRequests") or ()
        if local(each) == "ObjectDefinitionRequest"
    ]
    return "".join(_defined(name) for name in names)


def _defined(name: str) -> str:
    found = OBJECTS.get(name)
    told = _properties(found) if found else ""
    return f"<ObjectDefinition><ObjectType>{escape(name)}</ObjectType>{told}</ObjectDefinition>"


def _properties(found: SoapObject) -> str:
    shown = [_property(each, is_retrievable=True) for each in found.every]
    return "".join([*shown, *(_property(each, is_retrievable=False) for each in found.given)])


def _property(column: Column, *, is_retrievable: bool) -> str:
    kind = _TYPES.get(column.type, column.type)
    required = "<IsRequired>false</IsRequired>" if is_retrievable else ""
    return (
        f"<Properties>{NO_ID}<Name>{column.name}</Name><DataType>{kind}</DataType>"
        f"<IsUpdatable>{flag(column.name not in _SHOWN_ONLY)}</IsUpdatable>"
        f"<IsRetrievable>{flag(is_retrievable)}</IsRetrievable>{required}</Properties>"
    )


def system_status() -> str:
    return (
        "<Results><Result><StatusCode>OK</StatusCode><StatusMessage>System Status Retrieved</StatusMessage>"
        "<SystemStatus>OK</SystemStatus></Result></Results>"
    )


def version() -> str:
    return "<VersionInfo><Version>1.0</Version><Notes>The sandbox</Notes></VersionInfo>"
