"""Voicemail that a telephone system sends by mail: RingCentral, 3CX, EZdirect, Nextiva and the like (A7)."""

import re

from domain.calls import call_text, caller_name
from domain.messages import Channel, InboundAttachment, InboundMessage, MessageNature, Sender
from domain.phone_numbers import first_number
from domain.playbook import Playbook
from domain.safe_names import clean

_WORDS = re.compile(
    r"voice ?-?mail|voice message|audio message|sprachnachricht|mailbox-nachricht|anrufbeantworter"
    r"|message(?:rie)? vocale?|répondeur"
    r"|messaggio vocale|messaggio in segreteria|segreteria telefonica|mensaje de voz|buzón de voz|语音(?:留言|邮件|信箱|消息)",
    re.IGNORECASE,
)
_ANSWERED = re.compile(r"\s*(?:re|aw|antw|sv|r|rif|fwd?|wg|tr|rv|回复|答复|转发)\s*[:：]", re.IGNORECASE)
_AUDIO_NAME = re.compile(r"\.(?:wav|mp3|m4a|ogg|opus|amr|gsm)$", re.IGNORECASE)
_HEAD_LIMIT, _BODY_LIMIT = 600, 8_000

_CALLER = re.compile(
    r"^[\s>*_|•-]{0,8}(?:from|caller(?: id| number)?|calling number|phone(?: number)?|number|von|anrufer|rufnummer|nummer"
    r"|de|appelant"
    r"|numéro(?: de l'appelant)?|da|chiamante|numero(?: chiamante)?|llamante|número(?: de llamante)?|来电(?:号码|者)?"
    r"|主叫号码|电话号码)"
    r"[\s*_|]{0,6}[:：]\s*(?P<value>[^\n]{1,120})",
    re.IGNORECASE | re.MULTILINE,
)
_CALLED = re.compile(
    r"^[\s>*_|•-]{0,8}(?:to|called|extension|mailbox|an|nebenstelle|durchwahl|à|a|poste|interno|para|extensión|收件人"
    r"|被叫(?:号码)?|分机)"
    r"[\s*_|]{0,6}[:：][^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_LENGTH = re.compile(
    r"(?:length|duration|dauer|länge|durée|durata|duración|时长|长度)[^0-9\n]{0,20}(?:0{1,2}:(?=[0-9]{1,2}:))?"
    r"(?:(?P<minutes>[0-9]{1,3})\s?[:m][^0-9\n]{0,6})?"
    r"(?P<seconds>[0-9]{1,3})(?!\s*[:0-9])|(?P<clock>[0-9]{1,2}:[0-5][0-9])\s*(?:minutes?|mins?\b|minuten|min\.)"
    r"|\(?\b(?P<alone>[0-9]{1,3})[ -]?(?:seconds?|secs?|sekunden|sek\.|secondes|secondi|segundos|秒)",
    re.IGNORECASE,
)
_SPOKEN = re.compile(
    r"^[\s>*_|•-]{0,8}(?:(?:voicemail |message )?(?:transcript(?:ion)?|preview)|transkript(?:ion)?|abschrift"
    r"|transcription(?: du message)?"
    r"|trascrizione|transcripción|转写|转录|文字内容|语音转文字)[^:：\n]{0,30}[:：][ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
_FOOTER = re.compile(
    r"^\s*(?:--+|__+|==+|\*\*+|thank you for|thanks for|to (?:listen|play|manage)|rate this|was this|click|you (?:can"
    r"|are)|this (?:e-?mail|message)"
    r"|please do not|powered by|©|vielen dank|zum anhören|diese (?:e-?mail|nachricht)|bitte antworten|merci d"
    r"|pour écouter|ce message|cet e-?mail"
    r"|grazie per|per ascoltare|questo messaggio|questa e-?mail|gracias por|para escuchar|este (?:mensaje|correo)|感谢"
    r"|请勿|本邮件|如需收听)",
    re.IGNORECASE | re.MULTILINE,
)


def voicemail(message: InboundMessage, playbook: Playbook) -> InboundMessage | None:
    """What a caller said, or that they called; None for what is no voicemail.

    It is one if its subject or its first lines say so and the recording is there. An answer to such a mail, or one that is
    handed on, is a mail of whoever wrote it. The caller gets no mail: there is no address.
    """
    body = (message.full_text or message.text)[:_BODY_LIMIT]
    said = _WORDS.search(message.subject) or _WORDS.search(body[:_HEAD_LIMIT])
    answered = message.thread.in_reply_to is not None or _ANSWERED.match(message.subject)
    if not said or answered or message.nature is MessageNature.BOUNCE or not any(map(_is_audio, message.attachments)):
        return None
    number = _caller(message.subject, body, playbook.stores[message.store].warehouse.country_code)
    spoken = _spoken(body)
    return message.model_copy(
        update={
            "channel": Channel.PHONE,
            "nature": MessageNature.PERSON,
            "sender": Sender(phone=number, name=_name(body)),
            "text": spoken or call_text("Voicemail", number, _seconds(f"{message.subject}\n{body}")),
            "conversation": number,
        }
    )


def _is_audio(attachment: InboundAttachment) -> bool:
    return attachment.content_type.startswith("audio/") or bool(_AUDIO_NAME.search(attachment.filename))


def _caller(subject: str, body: str, country: str) -> str | None:
    """The number beside a word for the caller, else that of the subject, else the first that is not the called one's."""
    spoken = _SPOKEN.search(body)
    told = body[: spoken.start()] if spoken else body
    labelled = (first_number(match.group("value"), country) for match in _CALLER.finditer(told))
    return (
        next(filter(None, labelled), None)
        or first_number(subject[:500], country)
        or first_number(_CALLED.sub("", told), country)
    )


def _name(body: str) -> str | None:
    """The name beside the caller's number, as in `From: Emma Hartley (+44 …)`."""
    for match in _CALLER.finditer(body):
        shown = re.sub(r"[<(\[]?[+0-9][0-9 ()/.-]{4,}[>)\]]?.*", "", clean(match.group("value"))).strip(" -,;:\"'<([")
        if re.search(r"[^\W\d_]{2}", shown):
            return caller_name(shown[:150])
    return None


def _seconds(text: str) -> int | None:
    found = _LENGTH.search(text)
    if found is None:
        return None
    clock = found.group("clock")
    if clock:
        minutes, _, seconds = clock.partition(":")
        return int(minutes) * 60 + int(seconds)
    return int(found.group("minutes") or 0) * 60 + int(found.group("seconds") or found.group("alone"))


def _spoken(body: str) -> str:
    label = _SPOKEN.search(body)
    if label is None:
        return ""
    rest = body[label.end() :]
    footer = _FOOTER.search(rest)
    return rest[: footer.start() if footer else len(rest)].strip().strip('"“”').strip()
