"""What a field is: its type, length, picklist, reference and who may write it; read from compact lines.

`Name type/decimals length? flags -> Target:Relationship`. Flags: r required on create, a server-made (not
writable), n never null, i only on create, u unique, x external id, f not filterable, p restricted picklist. A
formula follows `:=` as SQL, with `{t}` for its own row: it is computed when read and stored nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

NOT_CREATED = frozenset({"ContentDocument"})
"""Comes into being with its first version."""
NOT_DELETED = frozenset({"ContentVersion"})
"""Goes with its document."""
SQL_TYPES = {"boolean": "text", "int": "integer", "double": "real", "currency": "real", "percent": "real"}
NUMERIC = ("int", "double", "currency", "percent")
SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "anyType": "xsd:anyType",
    "base64": "xsd:base64Binary",
    "address": "urn:address",
}
_LENGTHS = {
    "id": 18,
    "reference": 18,
    "email": 80,
    "phone": 40,
    "url": 255,
    "picklist": 255,
    "textarea": 32000,
}


@dataclass(frozen=True)
class Field:
    """A field of an object."""

    name: str
    type: str
    length: int = 0
    required: bool = False
    server_made: bool = False
    insert_only: bool = False
    nillable: bool = True
    unique: bool = False
    external_id: bool = False
    restricted: bool = False
    filterable: bool = True
    targets: tuple[str, ...] = ()
    relationship: str = ""
    values: tuple[str, ...] = ()
    formula: str = ""
    given_label: str = ""
    default: str = ""
    """What a new row has when nobody says otherwise."""
    precision: int | None = None
    scale: int | None = None
    auto: str = ""
    """The format of numbers that Salesforce counts itself, `INS-{0000}`."""
    calculated: bool = False
    """By a formula or a roll-up summary that was deployed; `worked_out` makes SQL of it."""
    expression: str = ""
    """The text of its formula."""
    blank_is_zero: bool = False
    kind: str = ""
    """The type as the Metadata API calls it, of fields that were deployed."""
    on_delete: str = ""
    """The deleteConstraint of a lookup that was deployed: SetNull, Restrict or Cascade."""

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def label(self) -> str:
        if self.given_label:
            return self.given_label
        words = "".join(f" {c}" if c.isupper() else c for c in self.name.removesuffix("__c").replace("_", ""))
        return words.strip() if self.type != "reference" else words.strip().removesuffix(" Id") + " ID"

    @property
    def sql_type(self) -> str:
        return SQL_TYPES.get(self.type, "text")


@dataclass(frozen=True)
class SObject:
    """An object of the org."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: dict[str, Field]
    read_only: bool = False

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    def field(self, name: str) -> Field | None:
        """A field by its API name, in any case."""
        return self.fields.get(name) or self._folded.get(name.lower())

    def reference(self, name: str) -> Field | None:
        """The field whose relationship is called so, in any case."""
        called = (
            f for f in self.fields.values() if f.relationship and f.relationship.lower() == name.lower()
        )
        return next(called, None)

    @property
    def _folded(self) -> dict[str, Field]:
        return {name.lower(): field for name, field in self.fields.items()}

    @property
    def createable(self) -> bool:
        return not self.read_only and self.name not in NOT_CREATED

    @property
    def deletable(self) -> bool:
        return "IsDeleted" in self.fields and not self.read_only and self.name not in NOT_DELETED


def parse(line: str, values: dict[str, tuple[str, ...]]) -> Field:
    """Read a field from its line. `values` holds picklists by `Name`."""
    line, _, formula = line.partition(":=")
    left, _, right = line.partition("->")
    name, kind, *rest = left.split()
    length = (
        int(rest.pop(0))
        if rest and rest[0].isdecimal()
        else _LENGTHS.get(kind, 255 if kind == "string" else 0)
    )
    flags = rest[0] if rest else ""
    kind, _, scale = kind.partition("/")
    target, _, relationship = right.strip().partition(":")
    if relationship == "-":
        relationship = ""
    elif right and not relationship:
        relationship = name.removesuffix("__c") + "__r" if name.endswith("__c") else name.removesuffix("Id")
    return Field(
        name,
        kind,
        length,
        "r" in flags,
        "a" in flags,
        "i" in flags,
        not set("rn") & set(flags) and kind not in ("id", "boolean"),
        "u" in flags,
        "x" in flags,
        "p" in flags,
        "f" not in flags,
        tuple(target.split("|")) if target else (),
        relationship,
        values.get(name, ()),
        formula.strip(),
        scale=int(scale) if scale else None,
    )


def with_values(field: Field, values: tuple[str, ...]) -> Field:
    return replace(field, values=values)
