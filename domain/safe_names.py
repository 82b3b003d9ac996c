"""Names that strangers chose, made safe to show: file names, display names, subjects."""

import re
import unicodedata

_NAME_LIMIT = 150
_SPACES = re.compile(r"\s+")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(?:\.|$)", re.IGNORECASE)
"""Names that Windows takes for devices, with whatever extension (Microsoft, "Naming Files, Paths, and Namespaces")."""


def clean(text: str) -> str:
    """One line without control, zero-width and direction-changing characters (Unicode Cc, Cf, and unassigned ones)."""
    shown = "".join(" " if character.isspace() else character for character in text if _shows(character))
    return _SPACES.sub(" ", shown).strip()


def file_name(name: str, content_type: str = "application/octet-stream") -> str:
    """A name to show and to save under: no folders, no leading dots, at most 150 characters, its extension kept.

    The stored file is named by its content; this name is never used as a path here.
    """
    base = re.split(r"[/\\:]|%2f|%5c", clean(name), flags=re.IGNORECASE)[-1].strip(" .")
    base = re.sub(r'[<>"|?*;]', "_", base)
    base = f"_{base}" if _DEVICES.match(base) else base
    if not base:
        kind = content_type.partition("/")[2]
        extension = kind if re.fullmatch(r"[a-z0-9]{1,8}", kind) else "bin"
        return f"attachment.{extension}"
    if len(base) <= _NAME_LIMIT:
        return base
    stem, dot, extension = base.rpartition(".")
    if not dot or len(extension) > 10:
        return base[:_NAME_LIMIT].rstrip(" .")
    return f"{stem[: _NAME_LIMIT - len(extension) - 1].rstrip(' .')}.{extension}"


def _shows(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")
