"""Mails as no program should send them and some do. Each is a whole mail; its text is what a reader must find in it."""

import base64
from dataclasses import dataclass

from domain.messages import MessageNature

SUPPORT = b"support@northwind-tools.example"
_HEAD = b"From: Anna Berg <anna@acme.example>\r\nTo: " + SUPPORT + b"\r\nSubject: Order 10452\r\nMIME-Version: 1.0\r\n"


@dataclass(frozen=True)
class Odd:
    """A mail and what must be found of it. `files` are names in order; None where that does not matter."""

    raw: bytes
    text: str | None = None
    subject: str | None = None
    files: tuple[str, ...] | None = None
    nature: MessageNature = MessageNature.PERSON


def _single(content: bytes, content_type: str, extra: bytes = b"") -> bytes:
    return _HEAD + extra + b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content


def _encoded(text: str, charset: str, codec: str | None = None) -> bytes:
    content = base64.encodebytes(text.encode(codec or charset)).replace(b"\n", b"\r\n")
    return _single(content, f"text/plain; charset={charset}", b"Content-Transfer-Encoding: base64\r\n")


def _mixed(*parts: bytes, kind: str = "mixed") -> bytes:
    body = b"".join(b"--=b=\r\n" + part + b"\r\n" for part in parts) + b"--=b=--\r\n"
    return _single(body, f'multipart/{kind}; boundary="=b="')


def _headers(*lines: bytes, body: bytes = b"hello") -> bytes:
    return b"From: anna@acme.example\r\nTo: " + SUPPORT + b"\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


_TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe drill is broken."
_PICTURE = b"Content-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"\xff\xd8\xff" * 900)
_CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Collection\r\nEND:VEVENT\r\nEND:VCALENDAR"


def _named(disposition: bytes, content_type: bytes = b"application/pdf") -> bytes:
    return _mixed(_TEXT, b"Content-Type: " + content_type + b"\r\nContent-Disposition: " + disposition + b"\r\n\r\n%PDF-1.4")


ODD: dict[str, Odd] = {
    # Characters
    "gb18030": Odd(_encoded("订单10452还没到，请尽快回复。", "gb18030"), "订单10452还没到，请尽快回复。"),
    "gb2312 that is gbk": Odd(_encoded("朱镕基的订单", "gb2312", "gbk"), "朱镕基的订单"),
    "big5": Odd(_encoded("訂單10452尚未到貨", "big5"), "訂單10452尚未到貨"),
    "big5-hkscs": Odd(_encoded("訂單嘅貨喺邊", "big5-hkscs"), "訂單嘅貨喺邊"),
    "iso-2022-jp": Odd(_encoded("注文はどこですか", "iso-2022-jp"), "注文はどこですか"),
    "shift_jis": Odd(_encoded("注文①はどこ", "shift_jis", "cp932"), "注文①はどこ"),
    "euc-kr": Odd(_encoded("주문은 어디에", "euc-kr"), "주문은 어디에"),
    "windows-1251": Odd(_encoded("Где заказ", "windows-1251"), "Где заказ"),
    "utf-7": Odd(_encoded("+ADw-script+AD4-alert(1)+ADw-/script+AD4- Größe", "utf-7"), "Größe"),
    "utf-16 with mark": Odd(_encoded("Größe 12", "utf-16"), "Größe 12"),
    "utf-32": Odd(_encoded("Größe 12", "utf-32"), "Größe 12"),
    "unknown charset": Odd(_single("Größe".encode(), "text/plain; charset=x-klingon-8"), "Größe"),
    "charset of nonsense": Odd(_single(b"plain", 'text/plain; charset="\\"; DROP TABLE"'), "plain"),
    "two charsets": Odd(_single(b"plain", "text/plain; charset=utf-8; charset=ascii"), "plain"),
    "half a character": Odd(_single("Größe €".encode()[:-1], "text/plain; charset=utf-8"), "Gr"),
    "quoted-printable cut off": Odd(
        _single(b"K=C3=B6ln =", "text/plain; charset=utf-8", b"Content-Transfer-Encoding: quoted-printable\r\n"), "Köln"
    ),
    "base64 with rubbish": Odd(
        _single(b"aGVs\r\n!!bG8=\r\n=== \xff", "text/plain", b"Content-Transfer-Encoding: base64\r\n"), "hello"
    ),
    "unknown transfer encoding": Odd(_single(b"plain words", "text/plain", b"Content-Transfer-Encoding: x-rot13\r\n"), "plain"),
    "uuencode": Odd(
        _single(b"begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n", "text/plain", b"Content-Transfer-Encoding: x-uuencode\r\n"), "Cat"
    ),
    "nul bytes": Odd(_single(b"broken\x00 drill", "text/plain"), "broken"),
    # Subjects and addresses (RFC 2047)
    "subject gb2312": Odd(
        _headers(b"Subject: =?gb2312?B?" + base64.b64encode("退货".encode("gb2312")) + b"?="), subject="退货"
    ),
    "subject split inside a character": Odd(_headers(b"Subject: =?utf-8?B?6YCA?=\r\n =?utf-8?B?6LSn?="), subject="退货"),
    "subject in two charsets": Odd(_headers(b"Subject: =?iso-8859-1?Q?Gr=F6=DFe?= =?utf-8?B?6YCA?="), subject="Größe退"),
    "subject of broken base64": Odd(_headers(b"Subject: =?utf-8?B?6YCA6L!?="), text="hello"),
    "subject of unknown charset": Odd(_headers(b"Subject: =?x-none?Q?Gr=F6=DFe?="), text="hello"),
    "subject that injects": Odd(_headers(b"Subject: =?utf-8?Q?x=0D=0ABcc:_v@x.example?="), subject="x Bcc: v@x.example"),
    "subject folded without end": Odd(_headers(b"Subject: a\r\n " + b" \r\n " * 500 + b"b"), text="hello"),
    "subject of 100 kB": Odd(_headers(b"Subject: " + b"long " * 20_000), text="hello"),
    "name that injects": Odd(_headers(b'From: "=?utf-8?Q?Anna=0D=0ABcc:_v=40x.example?=" <anna@acme.example>'), text="hello"),
    "name in quotes that never end": Odd(_headers(b'From: "Anna <anna@acme.example>'), text="hello"),
    "group address": Odd(_headers(b"To: undisclosed-recipients:;"), text="hello"),
    "10,000 recipients": Odd(_headers(b"Cc: " + b", ".join(b"a%d@b.example" % n for n in range(10_000))), text="hello"),
    "comments in comments": Odd(_headers(b"Reply-To: " + b"(" * 3_000 + b")" * 3_000), text="hello"),
    # Headers
    "no message id": Odd(_headers(b"Subject: x"), text="hello"),
    "message id of nonsense": Odd(_headers(b"Message-ID: <<a b>>@"), text="hello"),
    "two message ids": Odd(_headers(b"Message-ID: <1@x>", b"Message-ID: <2@x>"), text="hello"),
    "date in the future": Odd(_headers(b"Date: Fri, 1 Jan 2199 00:00:00 +0000"), text="hello"),
    "date of garbage": Odd(_headers(b"Date: yesterday, \xff at noon"), text="hello"),
    "date before mail": Odd(_headers(b"Date: Mon, 1 Jan 0001 00:00:00 +9999"), text="hello"),
    "no headers": Odd(b"\r\nOnly a body with order 10452."),
    "no body": Odd(_headers(body=b""), text=""),
    "header without colon": Odd(_headers(b"this is no header", b"Subject: x"), text="hello"),
    "bare carriage returns": Odd(b"From: anna@acme.example\rTo: " + SUPPORT + b"\rSubject: x\r\rhello"),
    "mixed line ends": Odd(b"From: anna@acme.example\nTo: " + SUPPORT + b"\r\nSubject: x\n\r\nhello", "hello"),
    "unix from line": Odd(b"From anna Mon Mar  2 10:00:00 2026\r\n" + _headers(b"Subject: x"), "hello"),
    # Parts
    "only a picture": Odd(_single(b"\xff\xd8\xff", "image/jpeg"), text="", files=("attachment.jpeg",)),
    "empty alternative": Odd(_mixed(kind="alternative"), text=None),
    "html that is empty": Odd(_mixed(_TEXT, b"Content-Type: text/html\r\n\r\n", kind="alternative"), "The drill is broken."),
    "boundary that never comes": Odd(_single(b"The drill is broken.", 'multipart/mixed; boundary="never"'), "The drill"),
    "boundary missing": Odd(_single(b"The drill is broken.", "multipart/mixed"), "The drill"),
    "same boundary inside": Odd(
        _mixed(b'Content-Type: multipart/alternative; boundary="=b="\r\n\r\n--=b=\r\n' + _TEXT), "The drill is broken."
    ),
    "calendar invite": Odd(
        _mixed(_TEXT, b"Content-Type: text/calendar; method=REQUEST\r\n\r\n" + _CALENDAR, kind="alternative"),
        "The drill is broken.",
        files=("attachment.calendar",),
    ),
    "winmail.dat": Odd(
        _mixed(_TEXT, b'Content-Type: application/ms-tnef; name="winmail.dat"\r\n\r\n\x78\x9f\x3e\x22'),
        "The drill is broken.",
        files=("winmail.dat",),
    ),
    "s/mime signed": Odd(
        _mixed(_TEXT, b'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n\r\n0\x82', kind="signed"),
        "The drill is broken.",
        files=("smime.p7s",),
    ),
    "s/mime sealed": Odd(
        _single(b"MIIB", 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'), "", files=("smime.p7m",)
    ),
    "pgp sealed": Odd(
        _mixed(
            b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1",
            b'Content-Type: application/octet-stream; name="encrypted.asc"\r\n\r\n-----BEGIN PGP MESSAGE-----',
            kind="encrypted",
        ),
        "",
        files=("attachment.bin", "encrypted.asc"),
    ),
    "pgp in the text": Odd(_single(b"-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nBroken drill", "text/plain"), "Broken drill"),
    "a mail in a mail": Odd(
        _mixed(_TEXT, b"Content-Type: message/rfc822\r\n\r\n" + _headers(b"Subject: inner")), files=("message.eml",)
    ),
    "part of a message": Odd(_single(b"half", 'message/partial; id="a"; number=1; total=2'), files=("message.eml",)),
    "outside body": Odd(
        _single(b"Content-Type: image/gif\r\n\r\n", 'message/external-body; access-type=URL; URL="http://evil.example"')
    ),
    "picture without name": Odd(_mixed(_TEXT, _PICTURE), "The drill is broken.", files=("attachment.jpeg",)),
    "html as a file": Odd(
        _named(b'attachment; filename="order.html"', b"text/html"), "The drill is broken.", files=("order.html",)
    ),
    # File names (RFC 2231, RFC 2047)
    "name in pieces": Odd(_named(b"attachment; filename*0*=utf-8''%E5%8F%91; filename*1*=%E7%A5%A8.pdf"), files=("发票.pdf",)),
    "name encoded as a word": Odd(_named(b'attachment; filename="=?utf-8?B?5Y+R56Wo?=.pdf"'), files=("发票.pdf",)),
    "name in latin": Odd(_named(b"attachment; filename*=iso-8859-1'de'Rechnung%20M%E4rz.pdf"), files=("Rechnung März.pdf",)),
    "name of unknown charset": Odd(_named(b"attachment; filename*=x-none''%E4.pdf"), "The drill is broken."),
    "name raw": Odd(_named('attachment; filename="Größe.pdf"'.encode()), files=("Größe.pdf",)),
    "file name that injects": Odd(
        _named(b"attachment; filename*=utf-8''a%0D%0AContent-Type:%20text/html%0D%0A.pdf"), "The drill is broken."
    ),
    "name of a path": Odd(_named(b'attachment; filename="../../../etc/passwd"'), files=("passwd",)),
    "name of pieces that lack one": Odd(_named(b"attachment; filename*0=a; filename*2=c.pdf"), "The drill is broken."),
    "name endless": Odd(_named(b'attachment; filename="' + b"x" * 100_000 + b'.pdf"'), "The drill is broken."),
    # Machines
    "out of office": Odd(_headers(b"Auto-Submitted: auto-replied"), nature=MessageNature.AUTO_REPLY),
    "newsletter": Odd(_headers(b"List-Id: <news.acme.example>"), nature=MessageNature.BULK),
}
