"""Tells machine mail from a person's by what the mail says of itself (RFC 3834, RFC 3464, RFC 2919 and old habits).

In doubt it is a person: a machine's mail that opens a ticket costs a glance, a person's mail that opens none costs the person.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.messages import MessageNature


@dataclass(frozen=True)
class MailFacts:
    """What of a mail the rules look at. Header names are in lower case; a repeated header has several values."""

    headers: Mapping[str, tuple[str, ...]]
    content_type: str = "text/plain"
    report_type: str = ""
    """The `report-type` parameter of a multipart/report."""
    part_types: frozenset[str] = frozenset()
    delivery_actions: frozenset[str] = field(default_factory=frozenset)
    """The `Action` fields of a delivery report (RFC 3464 section 2.3.3), in lower case."""
    sender: str = ""
    null_sender: bool = False
    """Whether the envelope sender is empty, `<>`."""

    def values(self, name: str) -> tuple[str, ...]:
        return tuple(value.strip().lower() for value in self.headers.get(name, ()))


_HARMLESS_ACTIONS = frozenset({"delayed", "delivered", "relayed", "expanded"})
_ROBOTS = ("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon")
_AUTO_REPLY_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply")

_BOUNCE_SUBJECT = re.compile(
    r"(?:undeliver(?:ed|able)\b|delivery status notification|mail delivery (?:failed|failure|subsystem)|delivery failure"
    r"|returned mail:|failure notice|unzustellbar|nicht zustellbar|zustellung fehlgeschlagen|non remis|non distribu"
    r"|échec de (?:la )?remise|impossibile recapitare|mancato recapito|messaggio non recapitato|no se puede entregar"
    r"|no entregado|correo no entregado|未送达|无法投递|无法送达|系统退信|退信通知)",
    re.IGNORECASE,
)
_AUTO_REPLY_SUBJECT = re.compile(
    r"(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|away from (?:the )?office"
    r"|automatische antwort|abwesenheits|abwesend\b|réponse automatique|absence du bureau|absent du bureau"
    r"|risposta automatica|fuori (?:sede|ufficio)|assente dall'ufficio|respuesta automática|fuera de (?:la )?oficina"
    r"|自动回复|自动答复|自動回覆|外出自动)",
    re.IGNORECASE,
)


def nature_of(facts: MailFacts) -> MessageNature:
    """Who is behind a mail. The first rule that speaks decides."""
    for rule in (_report, _bounce_headers, _auto_reply_headers, _bulk_headers, _subject):
        nature = rule(facts)
        if nature is not None:
            return nature
    return MessageNature.AUTO_REPLY if facts.null_sender else MessageNature.PERSON


def _report(facts: MailFacts) -> MessageNature | None:
    """A machine-readable report: about a delivery, a reading receipt (RFC 8098), a complaint (RFC 5965)."""
    if "message/delivery-status" in facts.part_types or facts.report_type == "delivery-status":
        harmless = facts.delivery_actions and facts.delivery_actions <= _HARMLESS_ACTIONS
        return MessageNature.AUTO_REPLY if harmless else MessageNature.BOUNCE
    if facts.content_type != "multipart/report":
        return None
    return MessageNature.BULK if facts.report_type == "feedback-report" else MessageNature.AUTO_REPLY


def _bounce_headers(facts: MailFacts) -> MessageNature | None:
    robot = facts.sender.lower().partition("@")[0] in _ROBOTS
    return MessageNature.BOUNCE if robot or facts.values("x-failed-recipients") else None


def _auto_reply_headers(facts: MailFacts) -> MessageNature | None:
    submitted = any(value and value.split(";")[0].strip() != "no" for value in facts.values("auto-submitted"))
    named = any(value and value not in ("no", "false", "0") for name in _AUTO_REPLY_HEADERS for value in facts.values(name))
    precedence = any(value in ("auto_reply", "auto-reply", "junk") for value in facts.values("precedence"))
    return MessageNature.AUTO_REPLY if submitted or named or precedence else None


def _bulk_headers(facts: MailFacts) -> MessageNature | None:
    bulk = any(value in ("bulk", "list") for value in facts.values("precedence"))
    return MessageNature.BULK if bulk or facts.values("list-id") else None


def _subject(facts: MailFacts) -> MessageNature | None:
    """Only at the beginning: `Re: Undeliverable` is a person's answer."""
    subject = next(iter(facts.headers.get("subject", ())), "").strip()[:200]
    if _BOUNCE_SUBJECT.match(subject):
        return MessageNature.BOUNCE
    return MessageNature.AUTO_REPLY if _AUTO_REPLY_SUBJECT.match(subject) else None
