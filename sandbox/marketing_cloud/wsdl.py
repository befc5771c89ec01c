"""The service's own description, `etframework.wsdl`: made of what the sandbox serves, for clients that read
one before they ask. Types and operations have the vendor's names; what is not served is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from xml.sax.saxutils import escape

from sandbox.marketing_cloud.soap_objects import OBJECTS
from sandbox.marketing_cloud.soap_shapes import BASE, SoapObject

CHANGED = "Sat, 01 Jan 2022 00:00:00 GMT"
_API = "http://exacttarget.com/wsdl/partnerAPI"
_OBJECT = "APIObject"
_FIRST = ("Client", "PartnerKey", *BASE, "ObjectID", "CustomerKey")
_XSD = {"int": "int", "date": "dateTime", "bool": "boolean", "text": "string"}
TYPES = {
    "ClientID": "ClientID:int ID:int PartnerClientKey UserID:int PartnerUserKey CreatedBy:int "
                "ModifiedBy:int EnterpriseID:long CustomerKey",
    "APIProperty": "Name Value",
    "Owner": "Client:ClientID FromName FromAddress",
    _OBJECT: "Client:ClientID PartnerKey? PartnerProperties:APIProperty* CreatedDate:dateTime? "
             "ModifiedDate:dateTime? ID:int? ObjectID? CustomerKey? Owner:Owner CorrelationID? ObjectState? "
             "IsPlatformObject:boolean?",
    "SaveOption": "PropertyName SaveAction",
    "SaveOptions": "SaveOption:SaveOption*",
    "Options": "Client:ClientID SaveOptions:SaveOptions Priority:short ConversationID SequenceCode:int "
               "CallsInConversation:int ScheduledTime:dateTime RequestType QueuePriority",
    "CreateOptions(Options)": "Container",
    "UpdateOptions(Options)": "Container Action",
    "DeleteOptions(Options)": "",
    "PerformOptions(Options)": "Explanation",
    "RetrieveOptions(Options)": "BatchSize:int IncludeObjects:boolean OnlyIncludeBase:boolean",
    "FilterPart": "",
    "SimpleFilterPart(FilterPart)": "Property SimpleOperator Value* DateValue:dateTime*",
    "AdditionalOperands": "Operand:FilterPart*",
    "ComplexFilterPart(FilterPart)": "LeftOperand:FilterPart LogicalOperator RightOperand:FilterPart "
                                     "AdditionalOperands:AdditionalOperands",
    "RetrieveRequest": "ClientIDs:ClientID* ObjectType Properties* Filter:FilterPart "
                       "PartnerProperties:APIProperty* ContinueRequest QueryAllAccounts:boolean "
                       "RetrieveAllSinceLastBatch:boolean RepeatLastResult:boolean Options:RetrieveOptions",
    "Result": "StatusCode StatusMessage OrdinalID:int ErrorCode:int RequestID ConversationID "
              "OverallStatusCode RequestType ResultType ResultDetailXML",
    "CreateResult(Result)": "NewID:int NewObjectID PartnerKey Object:APIObject",
    "UpdateResult(Result)": "NewID:int Object:APIObject",
    "DeleteResult(Result)": "NewID:int Object:APIObject",
    "DataExtensionCreateResult(CreateResult)": "ErrorMessage",
    "DataExtensionUpdateResult(UpdateResult)": "ErrorMessage",
    "DataExtensionDeleteResult(DeleteResult)": "ErrorMessage",
    "TaskResult": "StatusCode StatusMessage OrdinalID:int ErrorCode:int ID TblAsyncID:int "
                  "InteractionObjectID",
    "PerformResult(Result)": "Object:APIObject Task:TaskResult",
    "PerformResults": "Result:PerformResult*",
    "PerformDefinitions": "Definition:APIObject*",
    "ExecuteRequest": "Client:ClientID Name Parameters:APIProperty*",
    "ExecuteResponse": "StatusCode StatusMessage OrdinalID:int Results:APIProperty* ErrorCode:int",
    "ObjectDefinitionRequest": "Client:ClientID ObjectType",
    "ArrayOfObjectDefinitionRequest": "ObjectDefinitionRequest:ObjectDefinitionRequest*",
    "PropertyDefinition(APIObject)": "Name DataType IsUpdatable:boolean IsRetrievable:boolean Label "
                                     "MaxLength:int IsRequired:boolean",
    "ObjectDefinition": "ObjectType Name IsCreatable:boolean IsUpdatable:boolean IsRetrievable:boolean "
                        "Properties:PropertyDefinition* ExtendedProperties:PropertyDefinition*",
    "SystemStatusOptions(Options)": "",
    "SystemStatusResult(Result)": "SystemStatus",
    "SystemStatusResults": "Result:SystemStatusResult*",
    "VersionInfoResponse": "Version VersionDate:dateTime Notes",
    "Attribute": "Name Value",
    "SubscriberAddress": "AddressType Address",
    "SubscriberList(APIObject)": "Status List:List Action Subscriber:Subscriber",
    "DataExtensionFields": "Field:DataExtensionField*",
    "SendableSubscriberField": "Name",
    "ObjectProperties": "Property:APIProperty*",
    "ObjectKeys": "Key:APIProperty*",
    "DataExtensionObject(APIObject)": "Name Type Keys:ObjectKeys Properties:ObjectProperties",
}  # fmt: skip
"""Type (what it extends): its parts, each a name, its type (a text where none is told), whether it may be
nil (`?`) or repeated (`*`)."""
MESSAGES = {
    "RetrieveRequestMsg": "RetrieveRequest:RetrieveRequest",
    "RetrieveResponseMsg": "OverallStatus RequestID Results:APIObject*",
    "CreateRequest": "Options:CreateOptions Objects:APIObject*",
    "CreateResponse": "Results:CreateResult* RequestID OverallStatus",
    "UpdateRequest": "Options:UpdateOptions Objects:APIObject*",
    "UpdateResponse": "Results:UpdateResult* RequestID OverallStatus",
    "DeleteRequest": "Options:DeleteOptions Objects:APIObject*",
    "DeleteResponse": "Results:DeleteResult* RequestID OverallStatus",
    "DefinitionRequestMsg": "DescribeRequests:ArrayOfObjectDefinitionRequest",
    "DefinitionResponseMsg": "ObjectDefinition:ObjectDefinition* RequestID",
    "ExecuteRequestMsg": "Requests:ExecuteRequest*",
    "ExecuteResponseMsg": "OverallStatus RequestID Results:ExecuteResponse*",
    "PerformRequestMsg": "Options:PerformOptions Action Definitions:PerformDefinitions",
    "PerformResponseMsg": "Results:PerformResults OverallStatus OverallStatusMessage RequestID",
    "SystemStatusRequestMsg": "Options:SystemStatusOptions",
    "SystemStatusResponseMsg": "Results:SystemStatusResults OverallStatus OverallStatusMessage RequestID",
    "VersionInfoRequestMsg": "IncludeVersionHistory:boolean",
    "VersionInfoResponseMsg": "VersionInfo:VersionInfoResponse RequestID",
}
OPERATIONS = {
    "Create": "CreateRequest CreateResponse", "Retrieve": "RetrieveRequestMsg RetrieveResponseMsg",
    "Update": "UpdateRequest UpdateResponse", "Delete": "DeleteRequest DeleteResponse",
    "Describe": "DefinitionRequestMsg DefinitionResponseMsg",
    "Execute": "ExecuteRequestMsg ExecuteResponseMsg", "Perform": "PerformRequestMsg PerformResponseMsg",
    "GetSystemStatus": "SystemStatusRequestMsg SystemStatusResponseMsg",
    "VersionInfo": "VersionInfoRequestMsg VersionInfoResponseMsg",
}  # fmt: skip
_NESTED = {
    "SendableDataExtensionField": "DataExtensionField", "SendableSubscriberField": "SendableSubscriberField",
    "Template": "DataExtensionTemplate", "DataExtension": "DataExtension", "List": "List",
    "DataExtensionTarget": "DataExtension", "ParentFolder": "DataFolder", "Fields": "DataExtensionFields",
    "Attributes": "Attribute*", "Lists": "SubscriberList*", "Addresses": "SubscriberAddress*",
}  # fmt: skip


@lru_cache(maxsize=4)
def text(where: str) -> str:
    """The description of the service at an address."""
    types = "".join(_type(name, parts) for name, parts in [*TYPES.items(), *_of_objects()])
    elements = "".join(
        f'<xsd:element name="{name}"><xsd:complexType>{_sequence(parts)}</xsd:complexType></xsd:element>'
        for name, parts in MESSAGES.items()
    )
    messages = "".join(
        f'<message name="{name}"><part name="parameters" element="tns:{name}"/></message>'
        for name in MESSAGES
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?><definitions xmlns="http://schemas.xmlsoap.org/wsdl/" '
        'xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:tns="{_API}" targetNamespace="{_API}"><types><xsd:schema targetNamespace="{_API}" '
        f'elementFormDefault="qualified">{types}{elements}</xsd:schema></types>{messages}'
        f'<portType name="Soap">{_port()}</portType><binding name="SoapBinding" type="tns:Soap">'
        '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
        f'{_bound()}</binding><service name="PartnerAPI"><port name="Soap" binding="tns:SoapBinding">'
        f'<soap:address location="{escape(where)}"/></port></service></definitions>'
    )


def _of_objects() -> Iterable[tuple[str, str]]:
    for found in OBJECTS.values():
        yield f"{found.name}({_OBJECT})", " ".join(_parts(found))


def _parts(found: SoapObject) -> list[str]:
    """An object's own parts, as they come in its answers."""
    listed: dict[str, str] = {}
    for column in (*found.columns, *found.given):
        name = column.name.split(".")[0]
        if name not in _FIRST:
            kind = _NESTED.get(name) if "." in column.name or column in found.given else None
            listed.setdefault(name, f"{name}:{kind or _XSD[column.type]}")
    return list(listed.values())


def _type(told: str, parts: str) -> str:
    name, _, base = told.rstrip(")").partition("(")
    inside = _sequence(parts)
    if base:
        extended = f'<xsd:extension base="tns:{base}">{inside}</xsd:extension>'
        inside = f"<xsd:complexContent>{extended}</xsd:complexContent>"
    return f'<xsd:complexType name="{name}">{inside}</xsd:complexType>'


def _sequence(parts: str) -> str:
    return f"<xsd:sequence>{''.join(_element(each) for each in parts.split())}</xsd:sequence>"


def _element(part: str) -> str:
    many, may_be_nil = part.endswith("*"), part.endswith("?")
    name, _, kind = part.rstrip("*?").partition(":")
    known = kind or "string"
    prefix = "xsd" if known in ("string", "int", "long", "short", "boolean", "dateTime") else "tns"
    return (
        f'<xsd:element name="{name}" type="{prefix}:{known}" minOccurs="0"'
        f"{' maxOccurs=' + chr(34) + 'unbounded' + chr(34) if many else ''}"
        f"{' nillable=' + chr(34) + 'true' + chr(34) if may_be_nil else ''}/>"
    )


def _port() -> str:
    return "".join(
        f'<operation name="{name}"><input message="tns:{asked}"/><output message="tns:{told}"/></operation>'
        for name, (asked, told) in ((name, both.split()) for name, both in OPERATIONS.items())
    )


def _bound() -> str:
    use = '<soap:body use="literal"/>'
    return "".join(
        f'<operation name="{name}"><soap:operation soapAction="{name}"/><input>{use}</input>'
        f"<output>{use}</output></operation>"
        for name in OPERATIONS
    )
