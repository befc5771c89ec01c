"""What a package.xml asks for, as a zip: the files of an org, and what of it there is not."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sandbox.salesforce.metadata import shown, xml
from sandbox.salesforce.metadata.kept import CHILDREN
from sandbox.salesforce.metadata.package import FOLDERS

if TYPE_CHECKING:
    from sandbox.salesforce.app import Salesforce

Json = dict[str, Any]
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_KINDS = {kind for kind, _ in FOLDERS.values()} | set(CHILDREN)


def packed(
    sf: Salesforce, wanted: Mapping[str, Sequence[str]], version: str, *, single: bool
) -> tuple[bytes, list[Json], list[Json]]:
    """The zip, the properties of its files and a message for each thing that is not there."""
    folder = "" if single else "unpackaged/"
    told: list[Json] = []
    texts: dict[str, str] = {}
    properties: list[Json] = []
    holders: dict[str, Json] = {}
    for kind, members in wanted.items():
        if kind not in _KINDS:
            said = f"Entity type: '{kind}' is unknown"
            told.append({"fileName": f"{folder}package.xml", "problem": said})
            continue
        for name in _expanded(sf, kind, members):
            found = sf.metadata.get(kind, name) if kind[:4] == "Apex" else shown.component(sf, kind, name)
            if found is None:
                said = f"Entity of type '{kind}' named '{name}' cannot be found"
                told.append({"fileName": f"{folder}package.xml", "problem": said})
                continue
            place = shown.file(kind, name)
            properties.append(shown.properties(sf, kind, name, folder + place))
            content = {key: value for key, value in found.items() if key != "fullName"}
            if kind in CHILDREN:
                own = {"fullName": name.partition(".")[2], **content}
                part = holders.setdefault(place, {}).setdefault(CHILDREN[kind], [])
                if own["fullName"] not in [each["fullName"] for each in part]:
                    part.append(own)
            elif kind == "CustomObject":
                holders[place] = content
            elif kind[:4] == "Apex":
                texts[place] = str(content.pop("Body", ""))
                texts[place + "-meta.xml"] = _file(kind, content)
            else:
                texts[place] = _file(kind, content)
    texts |= {place: _file("CustomObject", content) for place, content in holders.items()}
    texts["package.xml"] = _file("Package", {
        "types": [{"members": list(members), "name": kind} for kind, members in wanted.items()],
        "version": version,
    })  # fmt: skip
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, text in sorted(texts.items()):
            archive.writestr(zipfile.ZipInfo(folder + place), text)
    return data.getvalue(), properties, told


def _expanded(sf: Salesforce, kind: str, members: Sequence[str]) -> list[str]:
    """Names, `*` for all of a type: of objects the custom ones; children are asked for by name."""
    found: list[str] = []
    for member in members:
        if member != "*":
            found.append(member)
        elif kind == "CustomObject":
            found += [name for name in shown.names(sf, kind) if sf.org.whole[name].custom]
        elif kind not in CHILDREN:
            found += shown.names(sf, kind)
    return list(dict.fromkeys(found))


def _file(root: str, content: Json) -> str:
    inner = "".join(xml.written(name, value) for name, value in content.items())
    return f'{_HEAD}<{root} xmlns="{xml.NAMESPACE}">{inner}</{root}>\n'
