"""What a message is about, by simple rules: language, intents, references named. Each answer has its evidence."""

import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from domain.references import Reference, references_of


class Intent(StrEnum):
    WISMO = "wismo"
    RETURN = "return"
    EXCHANGE = "exchange"
    DAMAGED = "damaged"
    QUOTE = "quote"
    WHOLESALE_PRICE = "wholesale_price"
    INVOICE = "invoice"
    CHANGE_ORDER = "change_order"
    OTHER = "other"


class Triage(BaseModel):
    """What the rules made of one message. `intents` is ordered, the main one first, and never empty."""

    model_config = ConfigDict(frozen=True)

    language: str
    language_evidence: str
    intents: tuple[Intent, ...]
    intent_evidence: str
    references: tuple[Reference, ...]


def triage(subject: str, text: str, languages: tuple[str, ...]) -> Triage:
    """Reads one message. `languages` are the store's, its main one first."""
    whole = f"{subject}\n{text}"
    language, language_evidence = language_of(whole, languages)
    intents, intent_evidence = intents_of(whole)
    return Triage(
        language=language,
        language_evidence=language_evidence,
        intents=intents,
        intent_evidence=intent_evidence,
        references=references_of(whole),
    )


_COMMON_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        "the is are and our we you please your order where when with have has for not hello regards thanks".split()
    ),
    "de": frozenset(
        "der die das ist und wir sie bitte ihre unsere bestellung wann wo mit haben hat für nicht guten danke".split()
    ),
    "fr": frozenset(
        "le la les est et nous vous votre notre commande quand où avec avons pour pas bonjour merci des une".split()
    ),
    "it": frozenset(
        "il lo gli è e noi vostro nostro ordine quando dove con abbiamo per non buongiorno grazie della una ho".split()
    ),
    "es": frozenset(
        "el los las es y nosotros su nuestro pedido cuándo dónde con hemos para no hola gracias una del saludos".split()
    ),
}
_WORD = re.compile(r"[^\W\d_]+")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def language_of(text: str, languages: tuple[str, ...]) -> tuple[str, str]:
    """The language of a text and why. Falls back to the first of `languages` where too little is written to tell."""
    if len(_HAN.findall(text)) >= 2:
        return "zh", "Chinese characters"
    words = [word.lower() for word in _WORD.findall(text)]
    scores = {language: sum(word in common for word in words) for language, common in _COMMON_WORDS.items()}
    best = max(scores, key=lambda language: (scores[language], language in languages))
    if scores[best] < 2:
        return languages[0], "too short to tell: the store's main language"
    return best, f"{scores[best]} common words"


_INTENT_WORDS: tuple[tuple[Intent, str], ...] = (
    (
        Intent.DAMAGED,
        r"damag|broken|defect|faulty|warrant|cracked|beschädigt|defekt|kaputt|garantie|gewährleistung|endommag|cass[ée]"
        r"|défectueu|danneggiat|rott[oaie]\b|difettos|garanzia|dañad|rot[oa]s?\b|defectuos|garantía|损坏|破损|坏了|保修|故障",
    ),
    (Intent.EXCHANGE, r"\bexchang|umtausch|échange|\bsostituzion|\bcambio\b|换货|更换"),
    (
        Intent.RETURN,
        r"\breturn|\brma\b|send (?:it|them) back|rücksend|zurücksend|retoure|retour(?!n)|renvoyer|\bresi?\b|\breso\b|restituir"
        r"|devol(?:ver|uci)|退货|退回",
    ),
    (
        Intent.INVOICE,
        r"invoice|credit note|refund|payment|rechnung|gutschrift|zahlung|facture|\bavoir\b|paiement|remboursement|fattura"
        r"|nota di credito|pagamento|rimborso|factura|nota de crédito|abono|pago\b|reembolso|发票|付款|退款",
    ),
    (
        Intent.CHANGE_ORDER,
        r"cancel|change (?:the |our |my )?(?:order|address|quantity)|storni|ändern|annuler|modifier|annullare|modificare"
        r"|cancelar|modificar|cambiar|取消|修改",
    ),
    (
        Intent.WHOLESALE_PRICE,
        r"wholesale|price list|reseller|volume (?:price|discount)|großhandel|staffelpreis|preisliste|prix de gros|tarif"
        r"|revendeur|ingrosso|listino|rivenditor|mayorist|lista de precios|批发|价目",
    ),
    (Intent.QUOTE, r"quot(?:e|ation)|\brfq\b|\boffer\b|angebot|devis|preventivo|offerta|presupuesto|cotización|报价|询价"),
    (
        Intent.WISMO,
        r"where is|where are|track|shipped|delivery|arriv|deliver|when will|wo ist|wo bleib|lieferung|geliefert|versand|sendung"
        r"|où est|où en est|où sont|livraison|livré|expédi|suivi"
        r"|pas encore reçu|en route|disponibilité|dov'?è|dove si trova|consegna|spedi|arrivat|dónde está"
        r"|entrega|envío|enviad|llegad"
        r"|到货|发货|物流|快递|在哪|什么时候",
    ),
)
_INTENT_PATTERNS = tuple((intent, re.compile(words, re.IGNORECASE)) for intent, words in _INTENT_WORDS)


def intents_of(text: str) -> tuple[tuple[Intent, ...], str]:
    """Every intent some word speaks for, the rarer wish first: a broken delivery is damage, not a delivery question."""
    found = [(intent, match.group(0)) for intent, pattern in _INTENT_PATTERNS if (match := pattern.search(text))]
    if not found:
        return (Intent.OTHER,), "no word of any intent"
    return tuple(intent for intent, _ in found), "; ".join(f"{intent.value}: “{word}”" for intent, word in found)
