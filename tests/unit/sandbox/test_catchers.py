"""Slack, mail and webhooks: what is sent arrives whole, is answered as the vendors do, and is shown."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from sandbox.catchers import mail_parts
from tests.unit.sandbox.conftest import Running


@pytest.fixture
def catchers(shared: Running) -> Iterator[httpx.Client]:
    """A client of the catchers, empty before and after, without faults."""
    with httpx.Client(base_url=shared.ready["slack"]["url"], timeout=30) as client:

        def forget() -> None:
            client.post("/_sandbox/faults", json=[])
            client.post("/_sandbox/mail", json={"refuse": []})
            for what in ("slack", "mail", "hooks"):
                client.delete(f"/_sandbox/{what}")

        forget()
        yield client
        forget()


@pytest.fixture
def bot(shared: Running, catchers: httpx.Client) -> Iterator[httpx.Client]:
    slack = shared.ready["slack"]
    headers = {"Authorization": f"Bearer {slack['bot_token']}"}
    with httpx.Client(base_url=slack["api_url"], headers=headers, timeout=30) as client:
        yield client


def _mail(to: str = "ada@reps.example", subject: str = "A lead") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "crm@sandbox.example", to, subject
    message.set_content("Please call Grüße Straße\n")
    message.add_alternative("<p>Please <b>call</b></p>", subtype="html")
    message.add_attachment(b"id\n1\n", maintype="text", subtype="csv", filename="leads.csv")
    return message


def _smtp(shared: Running) -> smtplib.SMTP:
    return smtplib.SMTP(shared.ready["mail"]["host"], shared.ready["mail"]["port"], timeout=30)


def test_a_message_to_the_incoming_webhook_is_kept_and_answered_ok(
    shared: Running, catchers: httpx.Client
) -> None:
    assert shared.ready["catchers"]["pid"] is None, "started by the first connection"
    url = shared.ready["slack"]["webhook_url"]
    answer = httpx.post(url, json={"text": "hello", "blocks": [{"type": "divider"}]})
    assert (answer.status_code, answer.text) == (200, "ok")
    assert httpx.post(url, data={"payload": '{"text": "by form"}'}).text == "ok"
    kept = catchers.get("/_sandbox/slack").json()["slack"]
    assert [(m["text"], m["via"], m["channel_name"]) for m in kept] == [
        ("hello", "webhook", "general"), ("by form", "webhook", "general"),
    ]  # fmt: skip
    assert kept[0]["message"]["blocks"] == [{"type": "divider"}]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"not json", 400, "invalid_payload"),
        (b"[]", 400, "invalid_payload"),
        (b"{}", 400, "no_text"),
        (b'{"text": "x", "blocks": [{}]}', 400, "invalid_blocks"),
        (b'{"text": "x", "blocks": [{"type": "section"}]}', 400, "invalid_blocks"),
        (b'{"text": "x", "channel": "#nowhere"}', 404, "channel_not_found"),
        (b'{"text": "x", "attachments": ' + b"[" * 300 + b"]" * 300 + b"}", 400, "invalid_payload"),
    ],
)
def test_the_webhook_says_what_is_wrong(
    shared: Running, catchers: httpx.Client, body: bytes, status: int, words: str
) -> None:
    answer = httpx.post(shared.ready["slack"]["webhook_url"], content=body)
    assert (answer.status_code, answer.text) == (status, words)
    assert catchers.get("/_sandbox/slack").json()["slack"] == []


def test_a_webhook_address_that_was_guessed_is_refused(shared: Running, catchers: httpx.Client) -> None:
    url = shared.ready["slack"]["webhook_url"]
    for guessed in ("!", "\u00e4"):
        assert httpx.post(url[:-1] + guessed, json={"text": "x"}).text == "invalid_token"
    assert catchers.post("/services/T1/B1/x", json={"text": "x"}).status_code == 404


def test_the_bot_posts_edits_and_deletes(bot: httpx.Client, catchers: httpx.Client) -> None:
    posted = bot.post("chat.postMessage", json={"channel": "#sales", "text": "won"}).json()
    assert posted["ok"]
    assert posted["message"]["text"] == "won"
    place = {"channel": posted["channel"], "ts": posted["ts"]}
    reply = bot.post("chat.postMessage", data={"channel": "sales", "text": "re", "thread_ts": posted["ts"]})
    assert reply.json()["message"]["thread_ts"] == posted["ts"]
    assert bot.post("chat.update", json={**place, "text": "won!"}).json()["text"] == "won!"
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "in blocks"}}]
    assert bot.post("chat.update", json={**place, "text": None, "blocks": blocks}).json()["ok"]
    assert [m["text"] for m in catchers.get("/_sandbox/slack").json()["slack"] if m["edited"]] == [""]
    assert bot.post("chat.update", json={**place, "text": "won!"}).json()["text"] == "won!"
    assert bot.get(
        "chat.getPermalink", params={"channel": place["channel"], "message_ts": place["ts"]}
    ).json()["ok"]
    assert bot.post("chat.delete", json={**place}).json()["ok"]
    assert bot.post("chat.delete", json={**place}).json()["error"] == "message_not_found"
    shown = catchers.get("/_sandbox/slack", params={"channel": "#sales"}).json()["slack"]
    assert [(m["text"], m["edited"], m["deleted"]) for m in shown] == [
        ("won!", True, True),
        ("re", False, False),
    ]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "#nowhere", "text": "x"}, "channel_not_found"),
        ({"text": "x"}, "channel_not_found"),
        ({"channel": "sales"}, "no_text"),
        ({"channel": "sales", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "sales", "text": "x", "blocks": {}}, None),
        ({"channel": "sales", "text": "x", "blocks": "y"}, "invalid_blocks"),
        ({"channel": "sales", "text": {"a": 1}}, "invalid_arguments"),
        *(
            ({"channel": "sales", "text": "x", "blocks": [block]}, "invalid_blocks")
            for block in (
                {"type": "nothing"},
                {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}},
                {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
                {"type": "context"},
                {"type": "image", "image_url": "https://x.example"},
                {"type": "divider", "block_id": 1},
                {"type": "section", "fields": [{"type": "plain_text", "text": ""}]},
            )
        ),
    ],
)
def test_what_is_wrong_with_a_call_is_told_with_200(
    bot: httpx.Client, arguments: dict[str, Any], error: str | None
) -> None:
    answer = bot.post("chat.postMessage", json=arguments)
    assert answer.status_code == 200
    assert answer.json().get("error") == error


def test_a_call_without_the_bots_token_is_refused(shared: Running, catchers: httpx.Client) -> None:
    assert catchers.post("/api/auth.test").json() == {"ok": False, "error": "not_authed"}
    wrong = catchers.post("/api/auth.test", headers={"Authorization": "Bearer xoxb-1"}).json()
    assert wrong == {"ok": False, "error": "invalid_auth"}


def test_the_portals_owners_are_found_by_address_and_written_to(
    shared: Running, bot: httpx.Client, catchers: httpx.Client
) -> None:
    owners = shared.hubspot.get("/crm/v3/owners/").json()["results"]
    found = bot.get("users.lookupByEmail", params={"email": owners[0]["email"].upper()}).json()
    assert found["user"]["profile"]["email"] == owners[0]["email"]
    opened = bot.post("conversations.open", data={"users": found["user"]["id"]}).json()["channel"]["id"]
    posted = bot.post("chat.postMessage", json={"channel": found["user"]["id"], "text": "yours"}).json()
    assert posted["channel"] == opened
    assert (
        bot.get("users.lookupByEmail", params={"email": "no@body.example"}).json()["error"]
        == "users_not_found"
    )


def test_channels_are_added_and_archived_by_control(bot: httpx.Client, catchers: httpx.Client) -> None:
    assert (
        "pricing" in catchers.post("/_sandbox/slack", json={"add_channels": ["pricing"]}).json()["channels"]
    )
    assert bot.post("chat.postMessage", json={"channel": "pricing", "text": "x"}).json()["ok"]
    catchers.post("/_sandbox/slack", json={"archive_channels": ["pricing"]})
    assert (
        bot.post("chat.postMessage", json={"channel": "pricing", "text": "x"}).json()["error"]
        == "is_archived"
    )
    assert catchers.post("/_sandbox/slack", json=[]).status_code == 400


def test_faults_meet_slack_too(bot: httpx.Client, catchers: httpx.Client) -> None:
    catchers.post("/_sandbox/faults", json=[{"match": "chat.postMessage", "status": 429, "retry_after": 7}])
    answer = bot.post("chat.postMessage", json={"channel": "sales", "text": "x"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["error"] == "ratelimited"
    assert bot.post("chat.postMessage", json={"channel": "sales", "text": "x"}).json()["ok"]
    assert len(catchers.get("/_sandbox/slack").json()["slack"]) == 1


def test_a_mail_is_kept_with_all_its_parts(shared: Running, catchers: httpx.Client) -> None:
    with _smtp(shared) as smtp:
        smtp.login(shared.ready["mail"]["username"], shared.ready["mail"]["password"])
        assert smtp.send_message(_mail()) == {}
    (mail,) = catchers.get("/_sandbox/mail", params={"to": "ADA@reps.example"}).json()["mail"]
    assert mail["subject"] == "A lead"
    assert mail["text"].splitlines() == ["Please call Grüße Straße"]
    assert "<b>call</b>" in mail["html"]
    assert mail["attachments"] == [{"name": "leads.csv", "type": "text/csv", "bytes": 5}]
    assert mail["signed_in"] is True
    assert catchers.get("/_sandbox/mail", params={"to": "bob@reps.example"}).json()["mail"] == []


def test_a_wrong_password_is_refused_and_no_password_is_not(shared: Running, catchers: httpx.Client) -> None:
    with _smtp(shared) as smtp, pytest.raises(smtplib.SMTPAuthenticationError):
        smtp.login(shared.ready["mail"]["username"], "wrong")
    with _smtp(shared) as smtp:
        smtp.send_message(_mail())
    (mail,) = catchers.get("/_sandbox/mail").json()["mail"]
    assert mail["signed_in"] is False


def test_mail_is_refused_on_request_and_then_taken(shared: Running, catchers: httpx.Client) -> None:
    catchers.post("/_sandbox/mail", json={"refuse": [{"at": "rcpt", "match": "gone@", "code": 550},
                                                     {"at": "data", "code": 451}]})  # fmt: skip
    with _smtp(shared) as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            smtp.send_message(_mail("gone@reps.example"))
        with pytest.raises(smtplib.SMTPDataError) as refused:
            smtp.send_message(_mail())
        assert refused.value.smtp_code == 451
        smtp.send_message(_mail())
    assert len(catchers.get("/_sandbox/mail").json()["mail"]) == 1
    assert catchers.post("/_sandbox/mail", json={"refuse": [{"at": "helo"}]}).status_code == 400


def test_a_mail_that_nobody_can_read_is_kept_and_spoils_nothing(
    shared: Running, catchers: httpx.Client
) -> None:
    broken = [
        b"Subject: \xff\xfe\r\nTo: \xe4@b\r\n\r\n\xff", b"To: \"\"@,;:<>()\r\nMessage-ID: <<>>[]\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n--a--",
        b"From: =?x?q?=\r\nContent-Type: text/plain; charset=nope\r\n\r\n\xe4", b"no header at all",
    ]  # fmt: skip
    with _smtp(shared) as smtp:
        for raw in broken:
            assert smtp.sendmail("a@b.example", ["c@d.example"], raw) == {}
    assert len(catchers.get("/_sandbox/mail").json()["mail"]) == len(broken)
    deep = (b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1_200))
    assert mail_parts.subject(b"Subject: deep\r\n" + b"".join(deep)) == "deep"
    assert catchers.get("/").status_code == 200


def test_what_stands_in_a_channel_is_read_page_by_page_and_threads_apart(
    bot: httpx.Client, catchers: httpx.Client
) -> None:
    channels = bot.get("conversations.list", params={"limit": 3}).json()
    assert len(channels["channels"]) == 3
    cursor = channels["response_metadata"]["next_cursor"]
    more = bot.get("conversations.list", params={"limit": 3, "cursor": cursor}).json()["channels"]
    assert not {c["id"] for c in more} & {c["id"] for c in channels["channels"]}
    name = "history"
    channel = bot.post("conversations.create", json={"name": name}).json()["channel"]["id"]
    posted = [
        bot.post("chat.postMessage", json={"channel": channel, "text": str(n)}).json() for n in range(3)
    ]
    for told, broadcast in (("aside", False), ("for all", True)):
        reply = {"text": told, "thread_ts": posted[0]["ts"], "reply_broadcast": broadcast}
        bot.post("chat.postMessage", json={"channel": channel, **reply})

    def read(method: str, **arguments: Any) -> tuple[list[str], str]:
        told = bot.get(f"conversations.{method}", params={"channel": channel, **arguments}).json()
        following = told.get("response_metadata", {}).get("next_cursor", "")
        assert told["has_more"] is bool(following)
        return [m["text"] for m in told["messages"]], following

    first, following = read("history", limit=3)
    assert (first, read("history", limit=3, cursor=following)) == (["for all", "2", "1"], (["0"], ""))
    assert read("replies", ts=posted[0]["ts"])[0] == ["0", "aside", "for all"]
    assert read("history", oldest=posted[1]["ts"], latest=posted[2]["ts"], inclusive=True)[0] == ["2", "1"]
    assert read("history", oldest=posted[1]["ts"], latest=posted[2]["ts"])[0] == []
    for method in ("history", "info", "members"):
        assert (
            bot.get(f"conversations.{method}", params={"channel": name}).json()["error"]
            == "channel_not_found"
        )


def test_a_webhook_is_kept_whole(catchers: httpx.Client) -> None:
    answer = catchers.post("/hooks/deals/won?try=1", json={"id": 7}, headers={"X-Signature": "abc"})
    assert answer.status_code == 200
    catchers.put("/hooks/raw", content=b"\xff\x00")
    hooks = catchers.get("/_sandbox/hooks").json()["hooks"]
    assert [(h["method"], h["path"], h["query"]) for h in hooks] == [
        ("POST", "/hooks/deals/won", "try=1"), ("PUT", "/hooks/raw", ""),
    ]  # fmt: skip
    assert hooks[0]["json"] == {"id": 7}
    assert hooks[0]["headers"]["x-signature"] == "abc"
    assert hooks[1]["base64"] == "/wA="
    assert catchers.options("/hooks/o").status_code == 200
    catchers.post("/_sandbox/faults", json=[{"match": "/hooks/x", "status": 503}])
    assert catchers.post("/hooks/x").status_code == 503
    assert catchers.get("/_sandbox/hooks", params={"path": "/hooks/x"}).json()["hooks"] == []


def test_the_page_shows_what_arrived_and_takes_no_script_from_it(
    shared: Running, bot: httpx.Client, catchers: httpx.Client
) -> None:
    bot.post("chat.postMessage", json={"channel": "sales", "text": "<script>alert(1)</script>"})
    said = [{"type": "header", "text": {"type": "plain_text", "text": "A new lead"}}]
    bot.post("chat.postMessage", json={"channel": "sales", "blocks": said})
    with _smtp(shared) as smtp:
        smtp.send_message(_mail(subject="Ada & Bob"))
    catchers.post("/hooks/one", json={"a": 1})
    page = catchers.get("/").text
    assert 'class="said">A new lead' in page
    assert shared.ready["slack"]["webhook_url"] in page
    assert f"127.0.0.1:{shared.ready['mail']['port']}" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    assert "Ada &amp; Bob" in page
    assert "POST /hooks/one" in page
