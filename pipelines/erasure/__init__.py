"""Erasing a person for privacy: from every table, file, plan and image, with a receipt that names nobody.

Belongs here: who is meant (`request`, `subject`), the order that survives a kill (`order`), what is done in
the warehouse (`rows`), the state (`images`) and other files (`files`). Where raw tables have people is in
`pipelines.sources.persons`; the list that keeps them out is `pipelines.state.suppression`.
"""

from pipelines.erasure.erase import Erased, Place, erase, finish_interrupted, holds_pending
from pipelines.erasure.request import parse, read_list

__all__ = ["Erased", "Place", "erase", "finish_interrupted", "holds_pending", "parse", "read_list"]
