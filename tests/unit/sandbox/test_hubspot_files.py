"""Files and their folders: uploaded byte by byte, found, moved, replaced, given out and deleted."""

from __future__ import annotations

import json
import random

import httpx

from tests.unit.sandbox.conftest import Running

FILES, FOLDERS = "/files/v3/files", "/files/v3/folders"
CONTENT = random.Random(7).randbytes(70_000)


def _upload(shared: Running, name: str, content: bytes, folder: str, **options: object) -> httpx.Response:
    fields = {"folderPath": folder, "options": json.dumps({"access": "PUBLIC_INDEXABLE"} | options)}
    return shared.hubspot.post(FILES, data=fields, files={"file": (name, content)})


def test_a_file_comes_back_as_it_was_sent_and_can_be_found_moved_and_replaced(shared: Running) -> None:
    made = _upload(shared, "cat.png", CONTENT, "/library/cats")
    assert made.status_code == 201, made.text
    own = made.json()
    one = f"/files/2026-03/files/{own['id']}"
    assert (own["name"], own["extension"], own["type"], own["size"]) == ("cat", "png", "IMG", 70_000)
    assert httpx.get(own["url"]).content == CONTENT
    second = _upload(shared, "cat.png", b"other", "/library/cats").json()
    assert second["path"] == "/library/cats/cat-1.png"
    assert _upload(shared, "cat.png", b"third", "library/cats", overwrite=True).json()["id"] == own["id"]
    strategy = {"duplicateValidationStrategy": "REJECT", "duplicateValidationScope": "ENTIRE_PORTAL"}
    assert _upload(shared, "x.png", b"third", "/elsewhere", **strategy).status_code == 409
    replaced = shared.hubspot.put(one, files={"file": ("any", b"fourth")}).json()
    assert (replaced["id"], httpx.get(own["url"]).content) == (own["id"], b"fourth")
    moved = shared.hubspot.patch(one, json={"parentFolderPath": "/moved", "name": "dog"}).json()
    assert moved["path"] == "/moved/dog.png"
    (found,) = shared.hubspot.get(f"{FILES}/search", params={"name": "dog"}).json()["results"]
    assert (
        found
        == shared.hubspot.get(one).json()
        == shared.hubspot.get(f"{FILES}/stat/moved/dog.png").json()["file"]
    )
    assert shared.hubspot.delete(one).status_code == 204
    assert [shared.hubspot.get(one).status_code, httpx.get(moved["url"]).status_code] == [404, 404]
    assert shared.hubspot.delete(f"{one}/gdpr-delete").status_code == 204


def test_a_file_is_whatever_it_is_called_and_whatever_is_in_it(shared: Running) -> None:
    said = {"folderPath": "/odd", "options": '{"access": "PUBLIC_INDEXABLE"}'}
    fields = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in said.items()
    )
    mail = "Subject: s\r\n\r\nhello"
    file = 'Content-Disposition: form-data; name="file"; filename="100%25 naïve.eml"'
    body = f"{fields}--x\r\n{file}\r\nContent-Type: message/rfc822\r\n\r\n{mail}\r\n--x--\r\n".encode()
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    made = shared.hubspot.post(FILES, content=body, headers=kind)
    assert (made.status_code, made.json().get("name")) == (201, "100%25 naïve"), made.text
    assert httpx.get(made.json()["url"]).text == mail
    one = f"{FILES}/{made.json()['id']}"
    assert shared.hubspot.patch(one, json={"parentFolderPath": {"a": 1}}).status_code == 400


def test_a_private_file_is_had_by_its_signed_address_alone(shared: Running) -> None:
    own = _upload(shared, "secret.txt", b"psst", "/private", access="PRIVATE").json()
    assert httpx.get(own["url"]).status_code == 403
    signed = shared.hubspot.get(f"{FILES}/{own['id']}/signed-url").json()
    assert httpx.get(signed["url"]).content == b"psst"
    assert httpx.get(signed["url"] + "0").status_code == 403
    assert shared.hubspot.get(f"{FILES}/{own['id']}/download").content == b"psst"
    assert _upload(shared, "x.txt", b"", "/private", access="ANYBODY").status_code == 400
    assert shared.hubspot.post(FILES, data={"options": "{}"}).status_code == 400


def test_a_folder_takes_what_is_in_it_along(shared: Running) -> None:
    made = shared.hubspot.post(FOLDERS, json={"name": "deep", "parentPath": "/tree/trunk"})
    assert (made.status_code, made.json()["path"]) == (201, "/tree/trunk/deep")
    own = _upload(shared, "leaf.txt", b"leaf", "/tree/trunk/deep").json()
    trunk = shared.hubspot.get(f"{FOLDERS}/tree/trunk").json()
    assert shared.hubspot.post(FOLDERS, json={"name": "trunk", "parentPath": "/tree"}).status_code == 409
    later = shared.hubspot.post(f"{FOLDERS}/update/async", json={"id": trunk["id"], "name": "root"})
    task = shared.hubspot.get(later.json()["links"]["status"]).json()
    assert (later.status_code, task["status"], task["result"]["path"]) == (202, "COMPLETE", "/tree/root")
    leaf = shared.hubspot.get(f"{FILES}/{own['id']}").json()
    assert leaf["path"] == "/tree/root/deep/leaf.txt"
    assert httpx.get(leaf["url"]).content == b"leaf"
    same = _upload(shared, "x", b"leaf", "/tree/root/deep", duplicateValidationStrategy="RETURN_EXISTING")
    assert same.json()["id"] == own["id"], same.text
    inside = {"parentFolderId": made.json()["id"]}
    assert shared.hubspot.patch(f"{FOLDERS}/{trunk['id']}", json=inside).status_code == 400, "into itself"
    assert shared.hubspot.delete(f"{FOLDERS}/{made.json()['id']}").status_code == 400, "not empty"
    shared.hubspot.delete(f"{FILES}/{own['id']}")
    assert shared.hubspot.delete(f"{FOLDERS}/tree/root/deep").status_code == 204
    listed = shared.hubspot.get(f"{FOLDERS}/search", params={"name": "root"}).json()["results"]
    assert [each["id"] for each in listed] == [trunk["id"]]
