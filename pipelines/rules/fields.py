"""What `config/fields.yml` may say: fields that are one thing under several names, and where they belong.

Belongs here: the names and the definitions. Which of them a CRM has is asked of the CRM.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, RootModel, model_validator

from pipelines.rules.loader import Strict, load_if_there
from pipelines.rules.schema.fields import FieldModel
from pipelines.rules.syncs import Vendor


class Names(Strict):
    """One field. `hubspot` and `salesforce` are the names it has there unless the CRM has another of them."""

    hubspot: str | None = None
    salesforce: str | None = None
    also_called: tuple[str, ...] = ()
    objects: dict[Vendor, tuple[str, ...]] = Field(default_factory=dict)
    """The objects that are to have the field, by CRM: `crm schema` makes it there."""
    field: FieldModel | None = None

    @model_validator(mode="after")
    def _is_defined_where_it_is_wanted(self) -> Names:
        if bool(self.objects) != (self.field is not None):
            raise ValueError("objects says where a field is to be and field what it is: both, or neither")
        return self

    def all(self, name: str) -> tuple[str, ...]:
        listed = (name, self.hubspot, self.salesforce, *self.also_called)
        return tuple(dict.fromkeys(each for each in listed if each))


class Fields(RootModel[dict[str, Names]]):
    """The whole file."""

    root: dict[str, Names] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_name_means_one_field(self) -> Fields:
        seen: dict[str, str] = {}
        for field, names in self.root.items():
            for name in names.all(field):
                if seen.setdefault(name.lower(), field) != field:
                    raise ValueError(f"{name} is a name of {seen[name.lower()]} and of {field}")
        return self

    def stands_for(self, vendor: Vendor, name: str) -> str:
        """The name that `name` has at a vendor; the same name where the file knows nothing of it."""
        for field, names in self.root.items():
            if name.lower() in (each.lower() for each in names.all(field)):
                return getattr(names, vendor) or name
        return name


def load_fields(config_dir: Path) -> Fields:
    """Read and validate `fields.yml`; a team's folder need not have one.

    Those of revenue by model (`attribution.yml`) follow.
    """
    from pipelines.rules.revenue_fields import with_revenue_fields  # it is made of what stands above

    return with_revenue_fields(load_if_there(config_dir / "fields.yml", Fields), config_dir)
