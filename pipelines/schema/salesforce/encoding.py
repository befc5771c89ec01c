"""Names in metadata as Salesforce spells them: what is no letter, digit, space, hyphen, star or single
underscore stands as the percent code of its bytes.

Belongs here: values that record types offer and names of layouts, which people choose freely.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_CODED = re.compile(r"__+|[^\w \-*]")


def encoded(text: str) -> str:
    """`Up, and on` is `Up%2C and on`."""
    return _CODED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def plain(text: str) -> str:
    """The same as people have written it."""
    return unquote(text)
