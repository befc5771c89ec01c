"""Bodies of several parts, as forms with files send them."""

from __future__ import annotations

from email import message_from_string

from sandbox.call import Call


def parts(call: Call) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields of a multipart body by name, and its files, untouched, by file name."""
    kind = message_from_string(f"Content-Type: {call.headers.get('content-type', '')}\n\n")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    mark = f"\r\n--{kind.get_boundary()}".encode()
    for part in (b"\r\n" + call.body).split(mark)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        said = message_from_string(head.decode("utf-8", "replace").strip() + "\n\n")
        name, file = said.get_param("name", header="content-disposition"), said.get_filename()
        if file is not None or name == "file":
            files[file or "file"] = content
        else:
            fields[str(name)] = content.decode("utf-8", "replace")
    return fields, files
