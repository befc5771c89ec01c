"""Our own mapping file: `lines` of `from` and `to`, with everything that can be said about a pair of fields.

Belongs here: what the file may say. What it means is `model`; the shape people bring along is `given_file`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from pipelines.rules.loader import Strict
from pipelines.rules.mappings.model import Blanks, Convert, Strategy, Write
from pipelines.rules.syncs import Vendor

Create = Literal["nothing", "destination", "source", "both"]
FileDirection = Literal["both", "to_destination", "to_source"]
_RATE = r"^\d+(\.\d+)?$"


def _as_text(value: Any) -> Any:
    """YAML reads 0, no and 1.5 as they look; a field holds text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class CurrencyOf(Strict):
    """`currency`: the ISO code or field of each side's amount."""

    source: str = Field(min_length=3)
    destination: str = Field(min_length=3)


class YamlLine(Strict):
    """One line. `from` is a field of the source, `to` one of the destination."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    from_: str = Field(alias="from", min_length=1)
    to: str = Field(min_length=1)
    direction: FileDirection | None = None
    conflict: Strategy | None = None
    write: Write = "overwrite"
    blanks: Blanks = "never"
    default: Text | None = None
    """What the destination gets where both sides are empty; the source gets what that means there."""
    required: bool = False
    values: dict[Text, Text] | None = None
    back: dict[Text, Text] | None = None
    unmapped: Literal["leave", "keep", "use"] = "leave"
    use: Text | None = None
    sets: Literal["merge", "replace"] = "replace"
    convert: Convert | None = None
    format: str = ""
    zone: str | None = None
    country: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    currency: CurrencyOf | None = None
    expression: str | None = Field(default=None, min_length=1)
    back_expression: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _makes_sense(self) -> YamlLine:
        for text in (self.expression, self.back_expression):
            if text is not None:
                from pipelines.rules.mappings.expressions import parse_expression

                parse_expression(text)
        if self.back and not self.values:
            raise ValueError("back is the way back of values, which this line does not have")
        if (self.unmapped == "use") != (self.use is not None):
            raise ValueError("unmapped: use goes with use: the value")
        if (self.use is not None or self.unmapped != "leave") and not self.values:
            raise ValueError("unmapped is about values, which this line does not have")
        ways = [name for name in ("values", "convert", "expression") if getattr(self, name)]
        if len(ways) > 1:
            raise ValueError(f"a line has one way to make its value, not {' and '.join(ways)}")
        if (self.convert == "currency") != (self.currency is not None):
            raise ValueError("convert: currency goes with currency: {source, destination}")
        if self.format and self.convert != "date":
            raise ValueError("format is read with convert: date")
        if self.zone is not None and self.zone not in available_timezones():
            raise ValueError(f"{self.zone} is no time zone, use a name such as Europe/London")
        if self.write == "fill_if_empty" and self.blanks == "clear":
            raise ValueError("a line that only fills what is empty cannot clear")
        return self


class KeysOf(Strict):
    """`keys`: the unique field of each side that holds our key in records we create."""

    source: str = Field(min_length=1)
    destination: str = Field(min_length=1)


class MatchOf(Strict):
    """`match`: the field of each side by which records of a custom object are paired."""

    source: str = Field(min_length=1)
    destination: str = Field(min_length=1)


class ConstantsOf(Strict):
    """`create_with`: fields of each side and their values."""

    source: dict[str, Text] = Field(default_factory=dict)
    destination: dict[str, Text] = Field(default_factory=dict)


class MappingFile(Strict):
    """A whole file. Without objects the pair is contact and lead, and the contact a lead became."""

    enabled: bool = True
    source: Vendor
    destination: Vendor
    source_object: str | None = None
    destination_object: str | None = None
    direction: FileDirection = "both"
    conflict: Strategy = "most_recent"
    zone: str = ""
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    rates: dict[str, Annotated[str, BeforeValidator(_as_text), Field(pattern=_RATE)]] = Field(
        default_factory=dict
    )
    """Worth of one unit of each currency in one and the same currency."""
    create: Create = "nothing"
    """Where records may be created that only the other side has."""
    on_delete: Create = "nothing"
    """Where a record is deleted whose partner on the other side was."""
    keys: KeysOf | None = None
    match: MatchOf | None = None
    """How custom objects are paired; without it by the key that custom_objects.yml gives them."""
    create_with: ConstantsOf = ConstantsOf()
    """Fields that a new record gets beside those of the lines."""
    lines: tuple[YamlLine, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _makes_sense(self) -> MappingFile:
        if self.source == self.destination:
            raise ValueError(f"source and destination are both {self.source}")
        if (self.source_object is None) != (self.destination_object is None):
            raise ValueError("name both source_object and destination_object, or neither")
        if self.zone and self.zone not in available_timezones():
            raise ValueError(f"{self.zone} is no time zone, use a name such as Europe/London")
        if any(float(rate) == 0 for rate in self.rates.values()):
            raise ValueError("a rate of 0 is no rate")
        return self
