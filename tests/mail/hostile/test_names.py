"""Names of files, senders and subjects as strangers choose them: shown on one line, never a path, never a header."""

import io
import unicodedata
import zipfile
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from urllib.parse import quote

import pytest

from activities.mail.composing import Letter, compose
from activities.mail.models import MailAttachment
from activities.mail.parsing import Envelope, parse_mail
from domain.attachment_kind import AttachmentKind, attachment_kind
from domain.safe_names import clean, file_name
from playbook.loader import DEFAULT_FOLDER, load
from tests.mail.hostile.names import NAMES

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PLAYBOOK = load(DEFAULT_FOLDER)
ENVELOPE = Envelope("anna@acme.example", ("support@northwind-tools.example",))
DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}


def assert_safe(name: str) -> None:
    assert name
    assert len(name) <= 150
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert not set(name) & set('/\\:<>"|?*;\x00')
    assert name.partition(".")[0].strip().lower() not in DEVICES
    assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name)


def test_there_are_at_least_two_hundred() -> None:
    assert len(NAMES) >= 200


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_is_safe_to_show_and_to_save_under(name: str) -> None:
    assert_safe(file_name(name))
    assert file_name(file_name(name)) == file_name(name)


def _with_file(parameter: bytes) -> bytes:
    return (
        b"From: anna@acme.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; "
        + parameter
        + b"\r\n\r\n%PDF\r\n--b--\r\n"
    )


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_in_by_every_encoding(name: str) -> None:
    encoded = quote(name, safe="", errors="replace").encode()
    raw = name.replace("\r", "").replace("\n", "").encode(errors="replace")
    for parameter in (b"filename*=utf-8''" + encoded, b'filename="' + raw.replace(b'"', b"") + b'"', b"filename=" + raw):
        message = parse_mail(_with_file(parameter), ENVELOPE, PLAYBOOK, NOW, "blob")
        assert (message.text, message.subject) == ("hello", "x")
        for file in message.attachments:
            assert_safe(file.filename)
            assert file.content == b"%PDF"


HEADERS = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"}


@pytest.mark.parametrize("name", NAMES)
def test_it_goes_out_as_nothing_but_a_name(name: str) -> None:
    """In our own mails a stranger's words may be file name, subject and display name."""
    file = MailAttachment(filename=name, content_type="application/pdf", blob="0" * 64)
    letter = Letter(
        message_id="<1@northwind-tools.example>",
        sender_name=name,
        sender="support@northwind-tools.example",
        reply_to="support+t.1042.aaaaaaaa@northwind-tools.example",
        recipient="anna@acme.example",
        subject=name,
        text="hello",
        at=NOW,
        automatic=None,
        attachments=((file, b"%PDF"),),
    )
    sent = message_from_bytes(compose(letter), policy=default)
    assert set(sent.keys()) == HEADERS
    assert sent["To"].addresses[0].addr_spec == "anna@acme.example"
    assert sent["From"].addresses[0].addr_spec == "support@northwind-tools.example"
    assert sent["Subject"] == clean(name).replace("=?", "= ?")
    (attached,) = sent.iter_attachments()  # pyright: ignore[reportAttributeAccessIssue]  of an EmailMessage
    assert set(attached.keys()) <= {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"}
    assert attached.get_filename() == file_name(name).replace("=?", "= ?")
    assert attached.get_content() == b"%PDF"


def _zipped(content: bytes, levels: int) -> bytes:
    for level in range(levels):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for copy in range(4):
                archive.writestr(f"../../{level}-{copy}.zip", content)
        content = buffer.getvalue()
    return content


def test_archives_are_kept_as_they_are() -> None:
    """A bomb of 4 to the power of 6 times 10 MB is some bytes, and stays so."""
    bomb = _zipped(bytes(10_000_000), 6)
    mail = _with_file(b"filename=42.zip").replace(b"application/pdf", b"application/zip").replace(b"%PDF", bomb.hex().encode())
    (file,) = parse_mail(mail, ENVELOPE, PLAYBOOK, NOW, "blob").attachments
    assert file.content == bomb.hex().encode()
    assert attachment_kind(file) is AttachmentKind.ARCHIVE
