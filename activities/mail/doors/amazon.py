"""Messages of Amazon's buyers. No interface of Amazon gives them: they come by mail from a relay address of the buyer, and
the answer goes back to it (sellercentral.amazon.com, Buyer-Seller Messages FAQ)."""

import re
from collections.abc import Sequence

from activities.channels.port import Limits
from domain.messages import Channel, InboundMessage
from domain.references import Reference, ReferenceKind

_ACCOUNT = "amazon"
_RELAY = re.compile(r"[^@\s]{1,100}@marketplace\.amazon\.(?:[a-z]{2,3}|com?\.[a-z]{2})", re.IGNORECASE)
_ORDER_ID = re.compile(r"(?<![0-9-])[0-9]{3}-[0-9]{7}-[0-9]{7}(?![0-9-])")
_FRAME = re.compile(r"^[ \t>]{0,20}-{5,80}[ \t]{0,20}[^-\s][^\n]{1,60}?-{5,80}[ \t]{0,20}$", re.MULTILINE)
_BODY_LIMIT = 400_000
"""Characters that are looked at."""
_ORDERS_LIMIT = 10

_DOMAINS = r"com|net|org|eu|de|fr|it|es|cn|co\.uk|uk|shop|store|info|biz|io|at|ch|nl|be|pl|example"
LIMITS = Limits(
    text_length=4_000,
    attachments=5,
    forbidden=(
        (r"https?://|www\.", "Amazon forbids links: leave the address of the page out."),
        (r"[^\s@]{1,64}@[^\s@]{1,190}\.[a-z]{2,24}", "Amazon forbids e-mail addresses: the buyer answers in the same thread."),
        (
            rf"(?<![\w@.-])[a-z0-9][a-z0-9-]{{1,60}}\.(?:{_DOMAINS})(?![\w-])",
            "Amazon forbids the names of web sites: leave it out.",
        ),
        (
            r"(?<![\w+-])(?:\+|00)[1-9][0-9][0-9 ()/.-]{6,16}[0-9](?![\w-])",
            "Amazon forbids telephone numbers: the buyer answers in the same thread.",
        ),
        (
            r"\b(?:discount codes?|promo(?:tion(?:al)?)? codes?|coupons?|vouchers?|special offers?|newsletter"
            r"|visit our (?:shop|store|web ?site)"
            r"|next (?:order|purchase) with us|follow us|rabatt(?:code|aktion)|gutschein(?:code)?s?|sonderangebote?"
            r"|besuchen sie unseren (?:shop|online-?shop)|codes? promo|bons? de réduction|offres? spéciales?"
            r"|visitez notre (?:site|boutique)"
            r"|codic[ei] sconto|buon[oi] sconto|offert[ae] special[ei]|visiti? il nostro (?:sito|negozio)|códigos? de descuento"
            r"|cup(?:ón|ones)|ofertas? especial(?:es)?|visite nuestra (?:web|tienda))\b|优惠券|优惠码|折扣码|促销"
            r"|关注我们|访问我们的网店",
            "Amazon forbids promotion in messages to buyers: write about this order only.",
        ),
        (
            r"\b(?:(?:positive|5|five)[- ]?stars?[- ](?:review|rating|feedback)|positive (?:review|feedback)|positive bewertung"
            r"|(?:5|fünf)[- ]sterne|avis positif|(?:5|cinq) étoiles|recensione positiva|(?:5|cinque) stelle|(?:reseña"
            r"|valoración) positiva"
            r"|(?:5|cinco) estrellas)\b|好评|五星",
            "Amazon forbids asking for a good review.",
        ),
    ),
)
"""What an answer to a relay address must keep to (Amazon's Communication Guidelines). Amazon refuses attachments over 10 MB."""

_FORBIDDEN = tuple((re.compile(pattern, re.IGNORECASE), words) for pattern, words in LIMITS.forbidden)


def is_relay_address(address: str | None) -> bool:
    """Whether an answer to this address goes to a buyer of Amazon."""
    return address is not None and _RELAY.fullmatch(address.strip()) is not None


def objections(text: str) -> Sequence[str]:
    """Why Amazon would refuse or punish an answer, in words for the agent; empty for one that may go."""
    found = [words for pattern, words in _FORBIDDEN if pattern.search(text)]
    if len(text) > LIMITS.text_length:
        found.append(f"Amazon takes {LIMITS.text_length} characters; this answer has {len(text)}.")
    return found


def amazon_message(message: InboundMessage) -> InboundMessage | None:
    """A buyer's message of Amazon; None for any other mail. `provider` stays empty: it is answered by mail."""
    address = message.sender.email
    if not is_relay_address(address):
        return None
    body = (message.full_text or message.text)[:_BODY_LIMIT]
    orders = list(dict.fromkeys(_ORDER_ID.findall(f"{message.subject}\n{body}")))[:_ORDERS_LIMIT]
    return message.model_copy(
        update={
            "channel": Channel.MARKETPLACE,
            "account": _ACCOUNT,
            "text": _without_frame(body) or message.text,
            "named": (*message.named, *(Reference(kind=ReferenceKind.MARKETPLACE_ORDER, value=order) for order in orders)),
            "conversation": " ".join((str(address).strip().lower(), *orders[:1])),
        }
    )


def _without_frame(body: str) -> str:
    """What stands between Amazon's two marker lines (`------ Begin message ------`), in whatever language they are."""
    markers = list(_FRAME.finditer(body))
    return body[markers[0].end() : markers[1].start()].strip() if len(markers) >= 2 else ""
