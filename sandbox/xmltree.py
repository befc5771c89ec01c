"""XML as far as the vendors speak it: reading by local names, writing plain values. No schema, no DTD."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

Node = ElementTree.Element
NIL = 'xsi:nil="true"'


class Malformed(Exception):
    """Text that is no XML, or XML that nobody should be sent."""


def parse(body: bytes) -> Node:
    """The root element. Raises Malformed; a document type is refused, since it can blow up when read."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Malformed("a document type is not allowed")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - document types were refused
    except (ElementTree.ParseError, ValueError, LookupError) as problem:
        raise Malformed(str(problem)) from None


def local(node: Node) -> str:
    """The name without its namespace."""
    return node.tag.rpartition("}")[2]


def child(node: Node | None, *path: str) -> Node | None:
    """The first element below, by local names."""
    for name in path:
        node = next((each for each in node if local(each) == name), None) if node is not None else None
    return node


def children(node: Node, name: str) -> Iterator[Node]:
    return (each for each in node if local(each) == name)


def text(node: Node | None, *path: str) -> str:
    """The text of an element below, trimmed; nothing when it is not there."""
    found = child(node, *path) if path else node
    return "" if found is None else (found.text or "").strip()


def attribute(node: Node, name: str) -> str:
    """An attribute by its local name."""
    return next((value for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def is_nil(node: Node) -> bool:
    return attribute(node, "nil") == "true"


def written(name: str, value: Any, prefix: str = "") -> str:
    """An element of this value: objects are nested, lists repeat the element, null is `xsi:nil`."""
    if isinstance(value, list):
        return "".join(written(name, each, prefix) for each in value)
    tag = prefix + name
    if value is None:
        return f"<{tag} {NIL}/>"
    if isinstance(value, Mapping):
        return f"<{tag}>{''.join(written(k, v, prefix) for k, v in value.items())}</{tag}>"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{tag}>{escape(clean(shown))}</{tag}>"


def clean(shown: str) -> str:
    """Without the characters that XML has no way to write."""
    return "".join(
        c for c in shown if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
