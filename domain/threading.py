"""Which thread a message belongs to, by what the message itself says. Never by how alike two subjects are."""

import base64
import hmac
import re
from collections.abc import Iterable

from domain.messages import ThreadHeaders

CANDIDATE_LIMIT = 100
"""Message-IDs looked up for one message; real chains are shorter, and the newest are what counts."""

_TICKET_NUMBER = re.compile(r"\[#([0-9]{1,15})\]")
_FORMER_NUMBER = re.compile(r"[\[(](?:ticket |request |case )?#([A-Z0-9-]{1,20})[\])]", re.IGNORECASE)
_REPLY_TOKEN = re.compile(r"t\.([0-9]{1,15})\.[a-z2-7]{8}")
_TITLE_LENGTH = 160

_PUBLIC_MAIL = """
126.com 139.com 163.com aol.com arcor.de bluewin.ch foxmail.com free.fr freenet.de gmail.com gmx.at gmx.ch
gmx.com gmx.de gmx.net googlemail.com hotmail.com hotmail.co.uk hotmail.de hotmail.es hotmail.fr hotmail.it
icloud.com laposte.net libero.it live.com mac.com mail.com mail.ru me.com msn.com orange.fr outlook.com
outlook.de outlook.es outlook.fr outlook.it proton.me protonmail.com qq.com sfr.fr sina.com sohu.com
t-online.de tin.it virgilio.it wanadoo.fr web.de yahoo.com yahoo.co.uk yahoo.de yahoo.es yahoo.fr yahoo.it
yandex.ru yeah.net ymail.com
"""
PUBLIC_MAIL_DOMAINS = frozenset(_PUBLIC_MAIL.split())
"""Domains that anybody may have an address at: sharing one says nothing about who the sender is."""


def candidate_ids(thread: ThreadHeaders) -> tuple[str, ...]:
    """The Message-IDs this message answers, the one closest to it first: In-Reply-To, then References from its end."""
    ids = [thread.in_reply_to] if thread.in_reply_to else []
    ids.extend(reversed(thread.references))
    return tuple(dict.fromkeys(found for found in ids if found and found != thread.message_id))[:CANDIDATE_LIMIT]


def ticket_number(subject: str) -> int | None:
    """The number in a subject such as `Re: Delivery [#1042]`. It is a hint only: anybody can write it."""
    found = _TICKET_NUMBER.search(subject)
    return int(found.group(1)) if found else None


def former_number(subject: str) -> str | None:
    """A ticket number as other help desks write it: `[Ticket #1234]`, `(#1234)`. A hint only."""
    found = _FORMER_NUMBER.search(subject)
    return found.group(1) if found else None


def is_participant(sender: str | None, participants: Iterable[str]) -> bool:
    """Whether the sender's address is among the participants."""
    address = (sender or "").strip().lower()
    return "@" in address and address in {participant.strip().lower() for participant in participants}


def shares_domain(sender: str | None, participants: Iterable[str]) -> bool:
    """Whether the sender's mail domain, unless it is a public mail service, is that of a participant."""
    domain = (sender or "").strip().lower().rpartition("@")[2]
    known = {participant.strip().lower().rpartition("@")[2] for participant in participants}
    return bool(domain) and domain not in PUBLIC_MAIL_DOMAINS and domain in known


def reply_token(number: int, key: bytes) -> str:
    """What stands after the `+` of our reply address: `t.1042.k3v9q2wz`. The mark is 40 bits of an HMAC-SHA256."""
    mark = hmac.digest(key, str(number).encode(), "sha256")[:5]
    return f"t.{number}.{base64.b32encode(mark).decode().lower()}"


def token_number(token: str, key: bytes) -> int | None:
    """The ticket number in a reply token; None where the token is not one of ours."""
    found = _REPLY_TOKEN.fullmatch(token.lower())
    if found is None:
        return None
    number = int(found.group(1))
    return number if hmac.compare_digest(reply_token(number, key), token.lower()) else None


def title(subject: str, text: str) -> str:
    """What a new ticket is called: the subject, else the first words of the text; at most 160 characters."""
    words = " ".join(subject.split()) or " ".join(text[: _TITLE_LENGTH * 4].split())
    if not words:
        return "(no subject)"
    return words if len(words) <= _TITLE_LENGTH else words[: _TITLE_LENGTH - 1].rstrip() + "…"
