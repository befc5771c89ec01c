"""What an object may be: its names, relationships, record types, layouts, rules, triggers, workflows.

Belongs here: what the file may say of one object. What objects mean to each other is `checks`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pipelines.rules.loader import Strict
from pipelines.rules.schema.fields import Crm, FieldModel

STANDARD: dict[str, tuple[str | None, str | None]] = {
    "contact": ("contacts", "Contact"), "lead": (None, "Lead"), "company": ("companies", "Account"),
    "deal": ("deals", "Opportunity"), "ticket": ("tickets", "Case"), "product": ("products", "Product2"),
    "campaign": (None, "Campaign"), "user": (None, "User"),
}  # fmt: skip
"""Objects that the CRMs bring: (HubSpot's name, Salesforce's name)."""


STANDARD_KEYS: dict[str, tuple[str, ...]] = {"contact": ("id", "email"), "lead": ("id", "email")}
"""What a record of a standard object is known by beside unique fields of the file; of all others `id`."""


class NameField(Strict):
    """What a record is called: Salesforce's `Name`, HubSpot's first display property."""

    label: str = Field(default="Name", max_length=40)
    field: str = "name"
    """The property at HubSpot."""
    required: bool = True
    """Whether HubSpot requires it; Salesforce always does."""
    format: str | None = None
    """With it Salesforce numbers the records itself."""


class Label(Strict):
    label: str
    inverse: str | None = None


class Relationship(Strict):
    """From this object to another: a field at Salesforce, an association at HubSpot."""

    to: str
    kind: Literal["lookup", "master_detail", "association"] = "lookup"
    label: str = Field(default="", max_length=40)
    help: str = Field(default="", max_length=510)
    crms: tuple[Crm, ...] = Field(default=("hubspot", "salesforce"), min_length=1)
    salesforce: str | None = None
    required: bool = False
    on_delete: Literal["clear", "restrict", "cascade"] = "clear"
    reparent: bool = False
    children: str | None = None
    """What Salesforce calls the list of this object's records on the other, in queries."""
    children_label: str | None = None
    labels: dict[str, Label] = Field(default_factory=dict)
    """Association labels at HubSpot, by name."""
    limit: int | None = Field(default=None, ge=1)
    """How many of the other object a record may have at HubSpot."""
    renamed_from: str | None = None
    """The relationship whose other ends this one takes over: its name in this file, or Salesforce's field."""


class RecordType(Strict):
    label: str = Field(max_length=80)
    description: str = Field(default="", max_length=255)
    active: bool = True
    salesforce: str | None = None
    process: str | None = None
    """The business process of Salesforce's: record types of leads, opportunities and cases need one."""
    values: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    defaults: dict[str, str] = Field(default_factory=dict)
    """The value of a picklist that a new record begins with."""


BLANK = "blank"
"""A place of a section that holds no field."""


class Section(Strict):
    label: str
    own_label: bool = True
    """False where the label is a word of Salesforce's own."""
    heading: bool = True
    edit_heading: bool = True
    columns: Literal[1, 2] = 2
    down: bool = False
    """People get from field to field down the columns rather than across."""
    fields: tuple[str, ...]
    """Filled from left to right. A standard field is called as Salesforce spells it."""
    shown: dict[str, Literal["edit", "read_only", "required"]] = Field(default_factory=dict)
    """How a field is shown, where not as its definition says."""


class Layout(Strict):
    label: str
    sections: tuple[Section, ...]


class HubSpotRule(Strict):
    field: str
    rule: str
    arguments: tuple[str, ...]


class Validation(Strict):
    """`formula` is true where a record is wrong, in Salesforce's language; `hubspot` is its nearest there."""

    formula: str | None = None
    message: str | None = Field(default=None, max_length=255)
    field: str | None = None
    description: str = ""
    active: bool = True
    salesforce: str | None = None
    hubspot: HubSpotRule | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Validation:
        if self.formula is None and self.hubspot is None:
            raise ValueError("a validation needs a formula, or a rule under hubspot")
        if (self.formula is None) != (self.message is None):
            raise ValueError("a formula needs a message, and a message a formula")
        return self


class Stage(Strict):
    label: str
    closed: bool = False
    probability: float | None = Field(default=None, ge=0, le=1)


class Pipeline(Strict):
    label: str
    stages: tuple[Stage, ...] = Field(min_length=1)


class Apex(Strict):
    """A class or trigger; its source is a file beside the YAML. `test`: it is a test class and is run."""

    file: str
    test: bool = False
    active: bool = True
    api_version: float = 62.0


class Workflow(Strict):
    name: str
    file: str


class Permissions(Strict):
    read: bool = True
    create: bool = True
    edit: bool = True
    delete: bool = False
    view_all: bool = False
    modify_all: bool = False


class Records(Strict):
    """Records that are to be in a CRM: those of the other CRM, of a file beside the YAML, or of a table."""

    to: Crm
    file: str | None = None
    table: str | None = None
    changes: bool = True
    """Also carry what changes later; false where a field mapping keeps the two in step."""

    @model_validator(mode="after")
    def _from_one_place(self) -> Records:
        if self.file is not None and self.table is not None:
            raise ValueError("records come from a file or from a table")
        return self

    @property
    def said_source(self) -> str:
        """Where the records come from, in a word."""
        return self.file or self.table or self.origin

    @property
    def origin(self) -> Crm:
        """The other CRM."""
        return "hubspot" if self.to == "salesforce" else "salesforce"


class ObjectModel(Strict):
    """One object. With `extends` it is a standard object that only gets what is written here."""

    label: str = Field(default="", max_length=40)
    plural: str = Field(default="", max_length=40)
    description: str = Field(default="", max_length=1_000)
    extends: str | None = None
    crms: tuple[Crm, ...] = Field(default=("hubspot", "salesforce"), min_length=1)
    hubspot: str | None = None
    salesforce: str | None = None
    name: NameField = NameField()
    key: str | None = None
    renamed_from: str | None = None
    """The object whose records this one takes over: its name in this file, or Salesforce's."""
    sharing: Literal["read_write", "read", "private", "controlled_by_parent"] = "read_write"
    history: bool = False
    activities: bool = False
    in_development: bool = False
    """Salesforce shows it to nobody but those who build."""
    fields: dict[str, FieldModel] = Field(default_factory=dict)
    relationships: dict[str, Relationship] = Field(default_factory=dict)
    record_types: dict[str, RecordType] = Field(default_factory=dict)
    layouts: dict[str, Layout] = Field(default_factory=dict)
    validations: dict[str, Validation] = Field(default_factory=dict)
    pipelines: dict[str, Pipeline] = Field(default_factory=dict)
    triggers: dict[str, Apex] = Field(default_factory=dict)
    workflows: dict[str, Workflow] = Field(default_factory=dict)
    permissions: Permissions = Permissions()
    records: Records | None = None
    """Where records are to go; nothing is moved without it."""

    @model_validator(mode="after")
    def _is_new_or_standard(self) -> ObjectModel:
        if self.extends is None and not (self.label and self.plural):
            raise ValueError("an object needs a label and a plural")
        if self.extends is not None and self.extends not in STANDARD:
            raise ValueError(f"extends is one of {', '.join(STANDARD)}")
        if self.extends is not None and (self.hubspot or self.salesforce):
            raise ValueError(
                "a standard object is called as the CRM calls it: take hubspot and salesforce away"
            )
        return self

    @property
    def is_custom(self) -> bool:
        return self.extends is None


class PermissionSet(Strict):
    name: str = "CRM_Integration"
    label: str = Field(default="CRM Integration", min_length=1, max_length=80)


class Editions(Strict):
    """What the CRMs were bought as: how much they take."""

    hubspot: Literal["starter", "professional", "enterprise"] = "enterprise"
    salesforce: Literal["professional", "enterprise", "unlimited", "developer"] = "enterprise"
    hubspot_objects: int | None = Field(default=None, ge=0)
    """Custom objects the HubSpot account may have, where more were bought."""


class Schema(Strict):
    """The whole of `custom_objects.yml`."""

    editions: Editions = Editions()
    permission_set: PermissionSet = PermissionSet()
    test_level: Literal["NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg"] = (
        "RunSpecifiedTests"
    )
    apex_classes: dict[str, Apex] = Field(default_factory=dict)
    objects: dict[str, ObjectModel] = Field(default_factory=dict)
