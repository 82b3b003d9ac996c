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
_DAEMONS = ("mailer-daemon", "mail-daemon", "mailerdaemon")
_AUTO_REPLY_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-mail-autoreply")

HEADERS = ("subject", "x-failed-recipients", "auto-submitted", "precedence", "list-id", *_AUTO_REPLY_HEADERS)
"""The headers that the rules look at."""

_BOUNCE_SUBJECT = re.compile(
    r"(?:undelivered mail|undeliverable:|delivery status notification|mail delivery (?:failed|failure|subsystem)"
    r"|returned mail:|failure notice|unzustellbar:|messaggio non recapitato|correo no entregado|系统退信|退信通知)",
    re.IGNORECASE,
)
_BOUNCE_OR_PARCEL = re.compile(
    r"(?:undeliver(?:ed|able)\b|delivery failure|unzustellbar|nicht zustellbar|zustellung fehlgeschlagen|non remis"
    r"|non distribu|échec de (?:la )?remise|impossibile recapitare|mancato recapito|no se puede entregar|no entregado"
    r"|未送达|无法投递|无法送达)",
    re.IGNORECASE,
)
"""What mail servers write of mails and buyers of parcels: it counts only in a mail without envelope sender."""

_DELAY_SUBJECT = re.compile(
    r"(?:delayed mail|delivery (?:is )?delayed|(?:mail )?delivery (?:has been )?delay|delivery status notification \(delay"
    r"|warning:? (?:message|could not send)|message delayed|(?:mail|message) not (?:yet )?delivered|zustellung verzögert"
    r"|verzögerte zustellung|remise (?:retardée|différée)|retard de remise|recapito (?:ritardato|in ritardo)"
    r"|ritardo (?:nel|di) recapito|entrega (?:retrasada|con retraso)|retraso en la entrega|(?:邮件)?投递延迟|延迟投递)",
    re.IGNORECASE,
)
"""How mail servers say that they go on trying. Only looked at where a mail server wrote: buyers say it of parcels."""

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
    """A machine-readable report: about a delivery, a reading receipt (RFC 8098), a complaint (RFC 5965).

    Where a delivery report does not say what happened, its subject does.
    """
    if "message/delivery-status" in facts.part_types or facts.report_type == "delivery-status":
        actions = facts.delivery_actions
        harmless = actions <= _HARMLESS_ACTIONS if actions else _DELAY_SUBJECT.match(_subject_of(facts))
        return MessageNature.AUTO_REPLY if harmless else MessageNature.BOUNCE
    if facts.content_type != "multipart/report":
        return None
    return MessageNature.BULK if facts.report_type == "feedback-report" else MessageNature.AUTO_REPLY


def _bounce_headers(facts: MailFacts) -> MessageNature | None:
    """A mail server's own words. A postmaster may also be a person who writes."""
    if facts.values("x-failed-recipients"):
        return MessageNature.BOUNCE
    if not (_local_part(facts) in _DAEMONS or (_local_part(facts) == "postmaster" and facts.null_sender)):
        return None
    return MessageNature.AUTO_REPLY if _DELAY_SUBJECT.match(_subject_of(facts)) else MessageNature.BOUNCE


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
    subject = _subject_of(facts)
    if _BOUNCE_SUBJECT.match(subject) or (facts.null_sender and _BOUNCE_OR_PARCEL.match(subject)):
        return MessageNature.BOUNCE
    return MessageNature.AUTO_REPLY if _AUTO_REPLY_SUBJECT.match(subject) else None


def _subject_of(facts: MailFacts) -> str:
    return next(iter(facts.headers.get("subject", ())), "").strip()[:200]


def _local_part(facts: MailFacts) -> str:
    return facts.sender.lower().partition("@")[0]
