"""Bodies of several parts, as forms with files send them."""

from __future__ import annotations

from email import message_from_bytes

from sandbox.call import Call


def parts(call: Call) -> tuple[dict[str, str], dict[str, bytes]]:
    """The fields of a multipart body by name, and its files by file name."""
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in message_from_bytes(head + call.body).walk():
        content = part.get_payload(decode=True)
        if part.is_multipart() or not isinstance(content, bytes):
            continue
        name, file = part.get_param("name", header="content-disposition"), part.get_filename()
        if file is not None or name == "file":
            files[file or "file"] = content
        else:
            fields[str(name)] = content.decode("utf-8", "replace")
    return fields, files
