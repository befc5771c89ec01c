"""Bodies of several parts, by name."""

from __future__ import annotations

import re

from sandbox.call import Call
from sandbox.salesforce import errors

_PART = re.compile(rb'Content-Disposition:[^\r\n]*?\bname="([^"]*)"', re.I)


def parts(call: Call) -> dict[str, bytes]:
    """The parts of a multipart body. Refuses another kind."""
    kind = call.headers.get("content-type", "")
    boundary = re.search(r'boundary="?([^";]+)"?', kind)
    if not kind.startswith("multipart/form-data") or boundary is None:
        raise errors.error(415, "UNSUPPORTED_MEDIA_TYPE", "multipart/form-data with a boundary is wanted")
    found = {}
    for part in call.body.split(b"--" + boundary[1].encode("latin-1", "replace"))[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        name = _PART.search(head)
        if name is not None:
            found[name[1].decode("utf-8", "replace")] = body.removesuffix(b"\r\n")
    return found
