"""What a field may be: types, lengths, picklists, formulas.

Belongs here: what can be said of one field by itself. What fields mean to each other is `checks`.
"""

from __future__ import annotations

import re
from typing import Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from pipelines.rules.loader import Strict

Crm = Literal["hubspot", "salesforce"]
FieldType = Literal[
    "text", "text_area", "long_text", "rich_text", "encrypted", "number", "currency", "percent", "checkbox",
    "date", "datetime", "time", "email", "phone", "url", "picklist", "multi_picklist", "auto_number",
    "formula", "rollup", "location",
]  # fmt: skip
NUMERIC = ("number", "currency", "percent")
PICKLISTS = ("picklist", "multi_picklist")
TEXTS: dict[str, tuple[int, int]] = {
    "text": (1, 255), "encrypted": (1, 175), "long_text": (256, 131_072), "rich_text": (256, 131_072),
}  # fmt: skip
"""Types with a length, and the shortest and longest there may be."""
KEYS = ("text", "number", "email", "auto_number")
UNIQUE = ("text", "number", "email")
TALL = ("long_text", "rich_text", "multi_picklist")
"""Types that are shown over several lines."""
_LONGEST_VALUE = 255
_WORKED_OUT = ("formula", "rollup", "auto_number")
TRACKED = tuple(t for t in get_args(FieldType) if t not in _WORKED_OUT)
DEFAULTED = tuple(t for t in TRACKED if t not in (*PICKLISTS, "location", "encrypted"))


class Value(Strict):
    """A value of a picklist. `label` is what people see; by default the value."""

    value: str
    label: str | None = None
    default: bool = False
    active: bool = True

    @property
    def shown(self) -> str:
        return self.label or self.value


class Depends(Strict):
    """A picklist that depends on another: each value of the other, and what may be chosen then."""

    field: str
    values: dict[str, tuple[str, ...]]


class Rollup(Strict):
    """A number worked out of the records that belong to this one by a master-detail relationship."""

    object: str
    relationship: str
    operation: Literal["count", "sum", "min", "max"]
    field: str | None = None

    @model_validator(mode="after")
    def _sums_what(self) -> Rollup:
        if (self.field is None) != (self.operation == "count"):
            raise ValueError("sum, min and max need a field, count takes none")
        return self


class FieldModel(Strict):
    """One field. `hubspot` and `salesforce` are its names there, by default made of its own name."""

    label: str = Field(min_length=1, max_length=40)
    type: FieldType
    description: str = Field(default="", max_length=1_000)
    help: str = Field(default="", max_length=510)
    crms: tuple[Crm, ...] = Field(default=("hubspot", "salesforce"), min_length=1)
    hubspot: str | None = None
    salesforce: str | None = None
    group: str | None = None
    """The property group at HubSpot."""
    searchable: bool = False
    """Whether HubSpot's search looks into it; the name and the key of an object it always does."""
    length: int | None = None
    digits: int | None = None
    """All digits of a number, those behind the point included; 18 at most."""
    decimals: int | None = None
    values: tuple[Value, ...] = ()
    restricted: bool = True
    sorted: bool = False
    depends_on: Depends | None = None
    required: bool = False
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    default: str | bool | int | float | None = None
    formula: str | None = None
    returns: FieldType | None = None
    hubspot_formula: str | None = None
    blanks: Literal["zero", "blank"] = "blank"
    rollup: Rollup | None = None
    format: str | None = None
    history: bool = False
    lines: int | None = None
    renamed_from: str | None = None
    """The field whose values this one takes over: its name in this file, or Salesforce's."""
    access: Literal["edit", "read", "none"] = "edit"
    """What the permission set lets the integration user do with it."""

    @field_validator("values", mode="before")
    @classmethod
    def _plain_values(cls, given: Any) -> Any:
        if not isinstance(given, list | tuple):
            return given
        if any(isinstance(each, bool | None) for each in given):
            raise ValueError("yes, no, on, off and null mean something else in YAML; put them in quotes")
        return [each if isinstance(each, dict | Value) else {"value": str(each)} for each in given]

    @model_validator(mode="after")
    def _holds_together(self) -> FieldModel:
        for problem in (self._length(), self._number(), self._picklist(), self._key(), self._computed(),
                        self._said_in_vain()):  # fmt: skip
            if problem:
                raise ValueError(problem)
        return self

    def _length(self) -> str:
        if self.type in TEXTS:
            low, high = TEXTS[self.type]
            if self.length is None or not low <= self.length <= high:
                return f"a {self.type} needs a length from {low:,} to {high:,}"
        elif self.length is not None:
            return f"a {self.type} has no length"
        return ""

    def _number(self) -> str:
        if self.type not in NUMERIC and self.returns not in NUMERIC:
            return "" if self.digits is None and self.decimals is None else f"a {self.type} has no digits"
        digits, decimals = self.size
        return "" if 0 < digits <= 18 and 0 <= decimals <= digits else "digits are 1 to 18, decimals no more"

    @property
    def size(self) -> tuple[int, int]:
        """Digits and decimals of a number."""
        return 18 if self.digits is None else self.digits, 2 if self.decimals is None else self.decimals

    def _picklist(self) -> str:
        if self.type not in PICKLISTS:
            return f"a {self.type} has no values" if self.values or self.depends_on else ""
        if not self.values:
            return f"a {self.type} needs values"
        seen: dict[str, str] = {}
        for each in self.values:
            for text in {each.value.strip().lower(), each.shown.strip().lower()}:
                if seen.setdefault(text, each.value) != each.value:
                    return f"the values {seen[text]} and {each.value} are one to a CRM"
        if [each.value.lower() for each in self.values] != list(
            dict.fromkeys(each.value.lower() for each in self.values)
        ):
            return f"the value {self._twice()} is there twice"
        for each in self.values:
            if not 0 < len(each.value) <= _LONGEST_VALUE or each.value != each.value.strip():
                said = f"has to have 1 to {_LONGEST_VALUE} characters, without spaces around them"
                return f"the value {each.value[:40]!r} {said}"
        if len(self.values) > 1_000:
            return "a picklist takes 1,000 values at most"
        if sum(each.default for each in self.values) > 1 or ";" in "".join(e.value for e in self.values):
            return "one value at most is the default, and no value holds a semicolon"
        return ""

    def _twice(self) -> str:
        listed = [each.value.lower() for each in self.values]
        return next(each.value for each in self.values if listed.count(each.value.lower()) > 1)

    def _key(self) -> str:
        if self.external_id and self.type not in KEYS:
            return f"a {self.type} cannot be an external id: {', '.join(KEYS)} can"
        if self.unique and self.type not in UNIQUE:
            return f"a {self.type} cannot be unique: {', '.join(UNIQUE)} can"
        if self.required and self.type in ("checkbox", "formula", "rollup", "auto_number"):
            return f"a {self.type} is never empty, so it cannot be required"
        return ""

    def _said_in_vain(self) -> str:
        """What would be left out unsaid, for a field of the type has no such thing."""
        a = f"{'an' if self.type[0] in 'aeiou' else 'a'} {self.type}"
        for is_said, types, what in (
            (not self.restricted or self.sorted, PICKLISTS, "no values that are restricted or sorted"),
            (self.lines is not None, TALL, "no lines"),
            (self.default is not None, DEFAULTED, "no default; a picklist's stands with its value"),
            (self.history, TRACKED, "no history"),
            (self.case_sensitive, UNIQUE, "no capitals that could be told apart"),
        ):
            if is_said and self.type not in types:
                return f"{a} has {what}"
        if self.blanks != "blank" and self.formula is None:
            return "blanks says how a formula of Salesforce's counts, and there is none"
        if self.required and self.access != "edit":
            return "a required field is seen and edited by everybody at Salesforce, so access says nothing"
        return ""

    def _computed(self) -> str:
        if self.renamed_from is not None and self.type in ("formula", "rollup", "auto_number"):
            return f"a {self.type} is worked out by the CRM, so no values can be copied into it"
        if (self.type == "formula") != bool(self.formula or self.hubspot_formula):
            return "a formula needs formula or hubspot_formula, and nothing else has one"
        if (self.type == "formula") != (self.returns is not None):
            return "a formula says what it returns, and nothing else does"
        if self.formula is not None and len(self.formula) > 3_900:
            return "a formula takes 3,900 characters at most"
        if (self.type == "rollup") != (self.rollup is not None):
            return "a rollup needs rollup, and nothing else has one"
        if (self.type == "auto_number") != bool(self.format):
            return "an auto_number needs a format, and nothing else has one"
        if self.format and not re.search(r"\{0+\}", self.format):
            return "a format holds the number as {0000}"
        if self.type == "checkbox" and not isinstance(self.default, bool | None):
            return "the default of a checkbox is true or false"
        return ""
