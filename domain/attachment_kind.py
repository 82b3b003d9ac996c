"""What a file that came with a message is: evidence of something, or only the sender's logo (A8)."""

import re
from enum import StrEnum
from urllib.parse import quote

from domain.messages import InboundAttachment


class AttachmentKind(StrEnum):
    """What a file is to whoever decides. A logo is kept and not shown as a photo."""

    PHOTO = "photo"
    DOCUMENT = "document"
    AUDIO = "audio"
    ARCHIVE = "archive"
    LOGO = "logo"
    OTHER = "other"


SMALL_PICTURE = 2_000
"""Bytes. Icons of a signature are smaller, photos never are."""

_LOGO_LIMIT = 100_000
"""Bytes. A larger picture below a signature is a photo that was put there."""

_SIGNATURE_REACH = 4_000
"""Characters of HTML between where a signature begins and its last picture."""

_SIGNATURE = re.compile(
    r"(?:class=[\"']?[^\"'>]{0,80}(?:gmail_signature|moz-signature)|id=[\"']?[^\"'>]{0,40}signature"
    r"|>\s{0,20}-- ?(?:<|\r?\n)|kind regards|best regards|regards,|sincerely|freundlichen? gr|viele grüße|beste grüße"
    r"|cordialement|bien à vous|cordiali saluti|distinti saluti|saludos|atentamente|此致|敬礼|顺颂商祺)",
    re.IGNORECASE,
)

_ARCHIVES = frozenset("7z ace arj bz2 cab gz iso jar lha lzh rar tar tgz xz z zip zst".split())
_DOCUMENTS = frozenset("csv doc docx html htm ics msg odp ods odt pdf ppt pptx rtf txt vcf xls xlsx xml eml".split())
_PICTURES = frozenset("avif bmp gif heic heif jfif jpeg jpg png tif tiff webp".split())
_SOUNDS = frozenset("aac amr flac m4a mp3 oga ogg opus wav wma".split())
_BY_TYPE = (
    (AttachmentKind.PHOTO, re.compile(r"image/(?!svg)")),
    (AttachmentKind.AUDIO, re.compile(r"audio/")),
    (AttachmentKind.ARCHIVE, re.compile(r"application/(?:x-)?(?:zip|gzip|rar|vnd\.rar|7z|tar|bzip2?|xz)(?:-compressed)?$")),
    (
        AttachmentKind.DOCUMENT,
        re.compile(
            r"text/|message/rfc822|application/(?:pdf|rtf|msword|vnd\.ms-(?:excel|powerpoint|outlook)"
            r"|vnd\.openxmlformats|vnd\.oasis\.opendocument)"
        ),
    ),
)
_BY_EXTENSION = {
    **dict.fromkeys(_ARCHIVES, AttachmentKind.ARCHIVE),
    **dict.fromkeys(_DOCUMENTS, AttachmentKind.DOCUMENT),
    **dict.fromkeys(_PICTURES, AttachmentKind.PHOTO),
    **dict.fromkeys(_SOUNDS, AttachmentKind.AUDIO),
}


def attachment_kind(attachment: InboundAttachment, html: str | None = None) -> AttachmentKind:
    """What the file is, by its type, else by its name. `html` is the message's, for where it shows its pictures."""
    kind = _kind(attachment.content_type, attachment.filename)
    if kind is AttachmentKind.PHOTO and _is_logo(attachment, html or ""):
        return AttachmentKind.LOGO
    return kind


def _kind(content_type: str, filename: str) -> AttachmentKind:
    found = next((kind for kind, pattern in _BY_TYPE if pattern.match(content_type)), None)
    return found or _BY_EXTENSION.get(filename.rpartition(".")[2].lower(), AttachmentKind.OTHER)


def _is_logo(picture: InboundAttachment, html: str) -> bool:
    """Whether a picture meant for the text is tiny, or is shown once and below where a signature begins."""
    if not picture.content_id:
        return False
    if len(picture.content) < SMALL_PICTURE:
        return True
    shown = re.escape(picture.content_id), re.escape(quote(picture.content_id))
    places = [found.start() for found in re.finditer(rf"cid:(?:{'|'.join(shown)})(?![\w.@%-])", html)]
    if len(places) != 1 or len(picture.content) > _LOGO_LIMIT:
        return False
    return _SIGNATURE.search(html, max(0, places[0] - _SIGNATURE_REACH), places[0]) is not None
