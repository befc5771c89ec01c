"""Elements of a SOAP request by their local names, and what a result of a change looks like."""

from __future__ import annotations

from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: Element | None, name: str) -> Element | None:
    return next((each for each in element if local(each) == name), None) if element is not None else None


def text_of(element: Element | None, name: str) -> str:
    found = None if element is None else child(element, name)
    return (found.text or "").strip() if found is not None else ""


class Refused(Exception):
    """An object that was not stored: code and message of its result."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def result(message: str, number: int, made: str = "", shown: str = "", kind: str = "") -> str:
    """The result of one object; `made` its new id, `shown` the object itself."""
    typed = f' xsi:type="{kind}"' if kind else ""
    return (
        f"<Results{typed}><StatusCode>OK</StatusCode><StatusMessage>{message}</StatusMessage>"
        f"<OrdinalID>{number}</OrdinalID>{made}{shown}</Results>"
    )


def failed(problem: Refused, number: int, shown: str = "") -> str:
    return (
        f"<Results><StatusCode>Error</StatusCode><StatusMessage>{escape(problem.message)}</StatusMessage>"
        f"<OrdinalID>{number}</OrdinalID><ErrorCode>{problem.code}</ErrorCode><NewID>0</NewID>"
        f"{shown}</Results>"
    )
