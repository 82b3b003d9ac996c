"""What is evidence, and what is only a logo."""

import pytest

from domain.attachment_kind import AttachmentKind, attachment_kind
from domain.messages import InboundAttachment

PHOTO, LOGO = AttachmentKind.PHOTO, AttachmentKind.LOGO
DOCUMENT, AUDIO, ARCHIVE, OTHER = AttachmentKind.DOCUMENT, AttachmentKind.AUDIO, AttachmentKind.ARCHIVE, AttachmentKind.OTHER


def file(content_type: str, name: str = "x", size: int = 50_000, content_id: str | None = None) -> InboundAttachment:
    return InboundAttachment(filename=name, content_type=content_type, content=b"x" * size, content_id=content_id)


@pytest.mark.parametrize(
    ("content_type", "name", "kind"),
    [
        ("image/jpeg", "a.jpg", PHOTO),
        ("image/heic", "IMG_1.HEIC", PHOTO),
        ("application/octet-stream", "IMG_1.HEIC", PHOTO),
        ("image/svg+xml", "a.svg", OTHER),
        ("application/pdf", "PO 7781.pdf", DOCUMENT),
        ("text/calendar", "invite.ics", DOCUMENT),
        ("message/rfc822", "message.eml", DOCUMENT),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "a", DOCUMENT),
        ("application/octet-stream", "order.XLSX", DOCUMENT),
        ("audio/ogg", "voice", AUDIO),
        ("application/octet-stream", "voicemail.m4a", AUDIO),
        ("application/zip", "photos.zip", ARCHIVE),
        ("application/x-7z-compressed", "a", ARCHIVE),
        ("application/octet-stream", "a.tar.gz", ARCHIVE),
        ("application/octet-stream", "a.exe", OTHER),
        ("application/ms-tnef", "winmail.dat", OTHER),
        ("video/mp4", "film.mp4", OTHER),
        ("x", "", OTHER),
    ],
)
def test_by_type_and_name(content_type: str, name: str, kind: AttachmentKind) -> None:
    assert attachment_kind(file(content_type, name)) is kind


SHOWN = "<p>The drill is broken: <img src='cid:p1'></p>"
SIGNED = '<p>The drill is broken.</p><p>Mit freundlichen Grüßen<br>Anna</p><img src="cid:p1"><p>ACME GmbH</p>'


@pytest.mark.parametrize(
    ("html", "size", "kind"),
    [
        (SHOWN, 50_000, PHOTO),
        (SHOWN, 1_999, LOGO),
        (SIGNED, 50_000, LOGO),
        (SIGNED, 100_001, PHOTO),
        (SIGNED + SHOWN, 50_000, PHOTO),
        ("<p>broken</p><div class='x gmail_signature'><img src='cid:p1'></div>", 50_000, LOGO),
        ("<p>broken</p><div id=Signature><img src='cid:p1'></div>", 50_000, LOGO),
        ("<p>坏了</p><p>此致</p><img src='cid:p1'>", 50_000, LOGO),
        (SIGNED.replace("cid:p1", "cid:p12"), 50_000, PHOTO),
        (SIGNED.replace("<img", "x" * 5000 + "<img"), 50_000, PHOTO),
        ("", 50_000, PHOTO),
        ("", 10, LOGO),
    ],
)
def test_pictures_of_the_text(html: str, size: int, kind: AttachmentKind) -> None:
    assert attachment_kind(file("image/png", "image001.png", size, "p1"), html) is kind


def test_a_small_file_that_is_attached_is_a_photo() -> None:
    assert attachment_kind(file("image/png", size=100), SIGNED) is PHOTO


def test_encoded_references_are_found() -> None:
    picture = file("image/png", content_id="image001.png@01DA<1>")
    assert attachment_kind(picture, "<p>Kind regards</p><img src='cid:image001.png%4001DA%3C1%3E'>") is LOGO
