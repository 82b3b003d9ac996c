"""What a person wrote in a mail, without what the mail quotes, in time that grows with its length and no faster.

The algorithm and the clients it was tried with are in the project's notes on channels: cut at a separator line, at a block of
header words or at a "wrote" line; drop quoted lines but keep what stands below them; stop at the signature. Nothing left
means that the whole was meant: a text that is not blank never becomes an empty one.
"""

import re

_LINE_LIMIT = 500
"""Characters of a line that the patterns look at: no marker is longer."""

_HEADER_WINDOW = 8
_WROTE_WINDOW = 4

_SEPARATOR = re.compile(
    r"[-_*=—\s]{2,}(?:original message|original appointment|reply message|ursprüngliche nachricht|original-?nachricht"
    r"|message d['’]origine|message original|message initial|messaggio originale|mensaje original|originalmail"
    r"|原始邮件|原邮件|原始郵件|回复的原邮件|回复的邮件|邮件原件)[-_*=—\s]{2,}",
    re.IGNORECASE,
)

_FROM = r"from|von|de|da|van|发件人|寄件者|寄件人"
_HEADER_WORDS = {
    "from": _FROM,
    "date": r"sent|date|gesendet|datum|envoyé|envoyée|date d['’]envoi|inviato|data|enviado|enviado el|fecha"
    r"|发送时间|发送日期|日期|时间|发送",
    "to": r"to|an|à|a|para|per|收件人|收件者",
    "subject": r"subject|betreff|objet|oggetto|asunto|主题|主旨",
    "copy": r"cc|kopie|copie|copia|抄送",
}
_FROM_LINE = re.compile(rf"[*_]*(?:{_FROM})[*_]*\s*[:：]", re.IGNORECASE)
_HEADER = {
    name: re.compile(rf"(?:^|(?<=[\s;；>]))[*_]*(?:{words})[*_]*\s*[:：]", re.IGNORECASE | re.MULTILINE)
    for name, words in _HEADER_WORDS.items()
}

_WROTE = re.compile(
    r"wrote|schrieb|a écrit|ha scritto|escribió|写道|写到|寫道|geschreven|skrev|escreveu|napisał|написал", re.IGNORECASE
)
_OPENER = re.compile(r"(?:on|am|le|il|el|den|op|em|在|于)(?:[\s,]|(?<=[在于]))", re.IGNORECASE)
_DATE = re.compile(r"(?<![0-9])(?:(?:19|20)[0-9]{2}(?![0-9])|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4})")
_CLOCK = re.compile(r"(?<![0-9])[0-9]{1,2}[:.h][0-9]{2}(?![0-9])")
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[A-Za-z0-9-]{1,63}\.[A-Za-z0-9.-]{1,190}")

_PHONE = re.compile(
    r"(?:sent from (?:my|mail for|outlook|yahoo)|sent via|get outlook for|gesendet von (?:mein|mail)"
    r"|(?:diese nachricht wurde )?von meinem .{1,40} gesendet|outlook für|holen sie sich outlook"
    r"|envoyé (?:de|depuis) m|envoyé à partir de|obtenir outlook|télécharger outlook|inviato da(?:l mio| ?iphone| outlook)"
    r"|scarica outlook"
    r"|ottieni outlook|enviado desde|obtener outlook|发自我的|来自我的|从我的.{1,20}发送|发送自我的|获取 ?outlook)",
    re.IGNORECASE,
)
_PHONE_LENGTH = 90
_FORWARD = re.compile(r"\s*(?:fwd?|wg|tr|i|rv|enc|转发|转|轉寄)\s*[:：]", re.IGNORECASE)
_RULE = re.compile(r"[_—–-]{5,}$")


def reply_text(text: str) -> str:
    """The writer's own words of a plain text mail; the whole text, stripped, where nothing else would be left."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    probes = [_probe(line) for line in lines]
    kept: list[str] = []
    place = 0
    while place < len(lines):
        probe = probes[place]
        if probe.startswith(">"):
            place += 1
            continue
        if _ends_here(probes, place):
            break
        wrote = _wrote_line(probes, place)
        if wrote:
            if not _quoted_next(probes, place + wrote):
                break
            place += wrote
            continue
        kept.append(lines[place].rstrip())
        place += 1
    while kept and _RULE.match(kept[-1].strip()):
        kept.pop()
    return "\n".join(kept).strip() or text.strip()


def is_forward(subject: str) -> bool:
    """Whether the subject says that the mail hands on another one: then what it quotes is what it is about."""
    return _FORWARD.match(subject[:40]) is not None


def _probe(line: str) -> str:
    """A line as the patterns see it: no-break spaces are spaces (French puts one before a colon), the length is bounded."""
    return line[:_LINE_LIMIT].replace("\u00a0", " ").replace("\u202f", " ").replace("\u200b", "").replace("＞", ">").strip()


def _ends_here(probes: list[str], place: int) -> bool:
    """Whether everything from this line on is not the writer's: a separator, a header block, a signature."""
    probe = probes[place]
    if not probe:
        return False
    if probe in ("--", "—") or _SEPARATOR.fullmatch(probe):
        return True
    if len(probe) <= _PHONE_LENGTH and _PHONE.match(probe):
        return True
    return _FROM_LINE.match(probe) is not None and _header_block(probes, place)


def _header_block(probes: list[str], place: int) -> bool:
    """At least three kinds of header word, within at most eight lines that are not blank."""
    seen: set[str] = set()
    lines = 0
    for probe in probes[place : place + 2 * _HEADER_WINDOW]:
        if not probe:
            continue
        seen.update(name for name, pattern in _HEADER.items() if pattern.search(probe))
        lines += 1
        if len(seen) >= 3:
            return True
        if lines == _HEADER_WINDOW:
            break
    return False


def _wrote_line(probes: list[str], place: int) -> int:
    """How many lines, from `place` on, are a "wrote" line; 0 where there is none.

    With a verb it also needs an address or a time of day, since people too write "on 3 March 2026 your colleague wrote:".
    """
    if not any(probe.endswith((":", "：")) for probe in probes[place : place + _WROTE_WINDOW]):
        return 0
    window = ""
    for length in range(1, _WROTE_WINDOW + 1):
        if place + length > len(probes) or not probes[place + length - 1] or probes[place + length - 1].startswith(">"):
            return 0
        window = f"{window} {probes[place + length - 1]}".strip()
        if not window.endswith((":", "：")):
            continue
        later = probes[place + 1 : place + length]
        if later and (not _begins_wrote(probes[place]) or any(_OPENER.match(line) and _DATE.search(line) for line in later)):
            return 0
        address, date = _ADDRESS.search(window), _DATE.search(window)
        stamped = address or (date and _CLOCK.search(window))
        quoted = _quoted_next(probes, place + length)
        if (_WROTE.search(window) and stamped) or (quoted and (address or date)):
            return length
        return 0
    return 0


def _begins_wrote(probe: str) -> bool:
    """Whether a "wrote" line of several lines can begin here: with a date or name, not with the end of a sentence."""
    return bool(_OPENER.match(probe) or _ADDRESS.search(probe) or (_DATE.search(probe) and _CLOCK.search(probe)))


def _quoted_next(probes: list[str], place: int) -> bool:
    """Whether the next line that is not blank, of the next four, is a quoted one."""
    return next((probe for probe in probes[place : place + 4] if probe), "").startswith(">")
