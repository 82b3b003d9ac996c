"""Mails as they come, good and bad, by the parser."""

import base64
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.mail.parsing import PART_LIMIT, Envelope, UnknownRecipient, parse_mail
from domain.messages import InboundMessage, MessageNature
from domain.playbook import Playbook
from domain.safe_names import clean, file_name
from playbook.loader import DEFAULT_FOLDER, load

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SUPPORT = "support@northwind-tools.example"
PLAYBOOK = load(DEFAULT_FOLDER)
HEADERS = (
    b"From: Anna Berg <anna@acme.example>\r\nTo: support@northwind-tools.example\r\nSubject: Order 10452\r\n"
    b"Message-ID: <m1@acme.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
)


def parse(raw: bytes, sender: str | None = "anna@acme.example", playbook: Playbook = PLAYBOOK) -> InboundMessage:
    return parse_mail(raw, Envelope(sender, (SUPPORT,)), playbook, NOW, "blob")


def body(content: bytes, content_type: str = "text/plain; charset=utf-8", extra: bytes = b"") -> bytes:
    return HEADERS + extra + f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n".encode() + content


def test_a_plain_mail() -> None:
    message = parse(body("Wo ist Bestellung 10452? Grüße".encode()))
    assert message.store == "northwind-tools"
    assert (message.sender.email, message.sender.name) == ("anna@acme.example", "Anna Berg")
    assert (message.to, message.subject) == (SUPPORT, "Order 10452")
    assert message.text == message.full_text == "Wo ist Bestellung 10452? Grüße"
    assert message.thread.message_id == "<m1@acme.example>"
    assert message.external_id.startswith("<m1@acme.example>#")
    assert (message.nature, message.received_at, message.raw_blob) == (MessageNature.PERSON, NOW, "blob")


def test_multipart_with_html_picture_and_file() -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "anna@acme.example", SUPPORT, "Broken 🔨 drill"
    mail.set_content("See the picture.\n")
    mail.add_alternative("<p>See the <b>picture</b>. <img src='cid:p1'></p>", subtype="html")
    html = mail.get_body(("html",))
    assert html is not None
    html.add_related(b"PNG", "image", "png", cid="<p1>")  # pyright: ignore[reportAttributeAccessIssue]
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Rechnung März.pdf")
    message = parse(mail.as_bytes())
    assert message.text == "See the picture."
    assert message.html is not None
    assert "<b>picture</b>" in message.html
    shown = [(file.filename, file.content_type, file.content, file.content_id) for file in message.attachments]
    assert shown == [
        ("attachment.png", "image/png", b"PNG", "p1"),
        ("Rechnung März.pdf", "application/pdf", b"%PDF", None),
    ]
    assert message.subject == "Broken 🔨 drill"


def test_html_only_becomes_text_without_its_quote() -> None:
    html = b"<div>Danke, das <b>passt</b>.</div><div class='gmail_quote'>Am 2. schrieb X:<blockquote>alt</blockquote></div>"
    message = parse(body(html, "text/html; charset=utf-8"))
    assert message.text == "Danke, das passt."
    assert "alt" in (message.full_text or "")
    assert message.html == html.decode()


def test_text_after_a_picture_is_not_lost() -> None:
    raw = body(
        b'--b\r\nContent-Type: text/plain\r\n\r\nbefore\r\n--b\r\nContent-Type: image/png; name="p.png"\r\n\r\nx\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nafter\r\n--b--\r\n",
        'multipart/mixed; boundary="b"',
    )
    message = parse(raw)
    assert message.text == "before\nafter"
    assert [file.filename for file in message.attachments] == ["p.png"]


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        ("gb18030", "订单10452在哪里？".encode("gb18030"), "订单10452在哪里？"),
        ("gb2312", "镕基，订单".encode("gb18030"), "镕基，订单"),
        ("big5", "訂單".encode("big5"), "訂單"),
        ("iso-2022-jp", "注文".encode("iso-2022-jp"), "注文"),
        ("koi8-r", "Заказ".encode("koi8-r"), "Заказ"),
        ("utf-16", "Größe".encode("utf-16"), "Größe"),
        ("iso-8859-1", "50 € – “gut”".encode("cp1252"), "50 € – “gut”"),
        ("klingon", "Größe".encode(), "Größe"),
        ("x-unknown", "Größe".encode("cp1252"), "Größe"),
        ("us-ascii", "订单在哪里".encode("gb18030"), "订单在哪里"),
        ("base64", b"hello", "hello"),
        ("punycode", b"hello-", "hello-"),
        ("unicode_escape", rb"a\x00b", r"a\x00b"),
        ("utf-8", b"half \xe4\xbd", "half ä½"),
        ("'utf-8'", "é".encode(), "é"),
    ],
)
def test_any_charset(charset: str, content: bytes, text: str) -> None:
    encoded = base64.encodebytes(content)
    raw = body(encoded, f"text/plain; charset={charset}", b"Content-Transfer-Encoding: base64\r\n")
    assert parse(raw).full_text == text


def test_raw_eight_bit_headers_are_read() -> None:
    for encoded in ("gb18030", "utf-8"):
        raw = b"From: x@acme.example\r\nSubject: " + "退货申请".encode(encoded) + b"\r\n\r\nhi"
        assert parse(raw).subject == "退货申请"
    assert parse("Subject: Größe fehlt\r\n\r\nhi".encode("cp1252")).subject == "Größe fehlt"


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"\r\n\r\n", b"nothing that looks like a mail", b"\x00\xff" * 50])
def test_an_empty_or_senseless_mail_is_still_a_message(raw: bytes) -> None:
    message = parse(raw)
    assert message.sender.email == "anna@acme.example"
    assert message.external_id.startswith("no-id#")


@pytest.mark.parametrize(
    "raw",
    [
        body(b"no boundary at all", "multipart/mixed"),
        body(b"--b\r\nContent-Type: text/plain\r\n\r\ncut off", 'multipart/mixed; boundary="b"'),
        body(b"text", "text/plain; charset=utf-8; charset*0*=x''%ZZ; name*=utf-8''%E4"),
        body(b"!!!not base64!!!", "text/plain", b"Content-Transfer-Encoding: base64\r\n"),
        body(b"text", "text//plain; =;;"),
        body(b"text", "message/rfc822"),
        body(b"x", "message/delivery-status"),
        b'From: "Anna\r\nTo: ' + b"(" * 5000 + b"\r\nSubject: =?utf-8?q?=ZZ?=\r\nContent-Type: ;\r\n\r\nhello",
        b"From: <>,;:@[\r\nMessage-ID: <a b>c\r\nReferences: x<y>\r\nDate: never\r\nReply-To: @@\r\n\r\nhello",
    ],
)
def test_broken_mime_is_kept(raw: bytes) -> None:
    assert parse(raw).raw_blob == "blob"


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", HEADERS, HEADERS + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"]),
)
def test_no_bytes_make_it_raise(noise: bytes, start: bytes) -> None:
    assert parse(start + noise).store == "northwind-tools"


def test_too_many_parts_are_said_and_not_read() -> None:
    raw = body(b"--b\r\n\r\nx\r\n" * (PART_LIMIT + 5), "multipart/mixed; boundary=b")
    message = parse(raw)
    assert "more than 200 parts" in message.text
    assert message.subject == "Order 10452"
    assert message.thread.message_id == "<m1@acme.example>"


def test_deep_nesting_is_said() -> None:
    inner = b"Content-Type: text/plain\r\n\r\ndeep"
    for level in range(30):
        inner = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%b\r\n--b%d--\r\n" % (level, level, inner, level)
    assert "20 levels" in parse(HEADERS + inner).text


def test_huge_headers_are_said_and_the_rest_is_known() -> None:
    raw = HEADERS + b"X-Junk: " + b"a" * 300_000 + b"\r\n\r\nhi"
    message = parse(raw)
    assert "headers are larger" in message.text
    assert message.subject == "Order 10452"


def test_ten_thousand_recipients_are_read_in_bounded_work() -> None:
    many = b", ".join(b'"Name %d" <a%d@b.example>' % (n, n) for n in range(10_000))
    message = parse(b"From: a@b.example\r\nTo: " + many + b"\r\n\r\nhi")
    assert message.store == "northwind-tools"


def test_the_same_mail_has_one_identity_and_another_with_its_id_another() -> None:
    one = parse(b"Received: from x\r\n" + body(b"hello\r\n"))
    again = parse(b"Received: from y\r\nX-Spam: no\r\n" + body(b"hello\r\n\r\n"))
    other = parse(body(b"goodbye\r\n"))
    assert one.external_id == again.external_id
    assert one.external_id != other.external_id
    assert other.thread.message_id == one.thread.message_id


def test_thread_headers() -> None:
    raw = b"In-Reply-To: (x) <b@x>\r\nReferences: <a@x>\r\n <b@x><c@x>\r\n" + body(b"hi")
    thread = parse(raw).thread
    assert (thread.in_reply_to, thread.references) == ("<b@x>", ("<a@x>", "<b@x>", "<c@x>"))


def test_the_store_is_the_first_of_ours_among_the_recipients() -> None:
    raw = b"From: a@b.example\r\nTo: other@x.example\r\nCc: Support+t1@Casa-Lumen.example\r\n\r\nhi"
    assert parse(raw).store == "casa-lumen"
    assert parse(b"From: a@b.example\r\nTo: other@x.example\r\n\r\nhi").store == "northwind-tools"
    with pytest.raises(UnknownRecipient, match=r"nobody@x\.example"):
        parse_mail(b"\r\n\r\nhi", Envelope("a@b", ("nobody@x.example",)), PLAYBOOK, NOW, "blob")


def test_a_contact_form_names_the_buyer_in_reply_to() -> None:
    raw = b"From: %b\r\nTo: %b\r\nReply-To: Li <li@acme.example>\r\nAuto-Submitted: auto-generated\r\n\r\nhi"
    message = parse(raw % (SUPPORT.encode(), SUPPORT.encode()))
    assert (message.sender.email, message.nature) == ("li@acme.example", MessageNature.PERSON)


def test_a_bounce_names_the_mail_it_is_about() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\r\nTo: support@northwind-tools.example\r\nSubject: failed\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        b"Final-Recipient: rfc822; a@b\r\nAction: failed\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Message-ID: <ours@northwind-tools.example>\r\nSubject: Re: x\r\n\r\nour text\r\n--b--\r\n"
    )
    message = parse(raw, sender="")
    assert message.nature is MessageNature.BOUNCE
    assert message.thread.references == ("<ours@northwind-tools.example>",)
    assert message.text == "Mail to a@b could not be delivered\n\nSorry."
    assert [file.content_type for file in message.attachments] == ["message/rfc822"]
    headers_only = raw.replace(b"Content-Type: message/rfc822\r\n", b"Content-Type: text/rfc822-headers\r\n")
    assert parse(headers_only, sender="").thread.references == ("<ours@northwind-tools.example>",)
    old_style = (
        b"From: postmaster@mx.example\r\n\r\nReturned.\r\n\r\nMessage-Id: <old@northwind-tools.example>\r\nSubject: x\r\n"
    )
    assert parse(old_style, sender="").thread.references == ("<old@northwind-tools.example>",)


def test_a_forward_keeps_what_it_forwards() -> None:
    raw = body(
        b"Please see below\r\n\r\nFrom: X <x@y.example>\r\nSent: Monday\r\nTo: me\r\nSubject: PO 7781\r\n\r\nPO 7781 is late"
    )
    assert "PO 7781 is late" not in parse(raw).text
    forwarded = raw.replace(b"Subject: Order 10452", b"Subject: FW: Order 10452")
    assert "PO 7781 is late" in parse(forwarded).text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..%2f..%2fetc%2fpasswd", "passwd"),
        ("C:\\Windows\\evil.exe", "evil.exe"),
        ("\u200b.htaccess", "htaccess"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\r\nX: y.txt", "y.txt"),
        ("...", "attachment.pdf"),
        ("", "attachment.pdf"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("照片.jpg", "照片.jpg"),
    ],
)
def test_file_names_are_safe_to_show(name: str, shown: str) -> None:
    assert file_name(name, "application/pdf") == shown


@given(st.text())
def test_shown_names_are_one_line_without_tricks(text: str) -> None:
    assert not set(clean(text)) & set("\r\n\x00\u202e\u200b\u2066\x1b")
    name = file_name(text)
    assert name
    assert "/" not in name
    assert "\\" not in name
    assert len(name) <= 150
    assert not name.startswith(".")
