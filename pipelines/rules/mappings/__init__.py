"""`config/field_mappings/`: which field of one CRM is which field of the other, in words operations can read.

Belongs here: what the files may say (`yaml_file`, `given_file`), what they mean (`model`), the expression
language (`expressions`), reading the folder (`load`). Which field exists and what its values become is in
`pipelines.reverse_sync.mirror`.
"""

from pipelines.rules.mappings.load import load_mappings
from pipelines.rules.mappings.model import Line, Mapping

__all__ = ["Line", "Mapping", "load_mappings"]
