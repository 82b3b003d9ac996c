"""What a message wants, by words alone: what intake goes by, and what needs no model to be sure of."""

import re
from enum import StrEnum


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


READ_CHARACTERS = 10_000
"""Of a longer text only the beginning is read for intents."""

_IN_THE_SENTENCE = r"[^.!?。！？\n]{0,60}?"
_AN_ORDER = r"(?:order|bestellung|auftrag|commande|ordine|pedido|orden|订单|\bPO\b|(?<![A-Za-z0-9])#?\d{4,9}(?!\d))"
_TO_CANCEL = (
    r"\bcancel(?:l?ing|lation|ation)?\b|\bstornier(?:en|e|t bitte)\b|\bstornierung\b|\bannul(?:er|ez|ation)\b"
    r"|\bannull(?:are|ate|amento)\b|\bcancel(?:ar|en|ación)\b|\banul(?:ar|en|ación)\b|取消"
)
_NOT = r"(?<!not )(?<!nicht )(?<!pas )(?<!non )(?<!no )(?<!n't )(?<!不要)(?<!别)(?<!不)(?<!已)"
_AN_INVOICE = (
    r"(?:(?<![A-Za-z0-9])INV-?\d{3,12}|(?:invoice|rechnung(?:snummer)?|facture|fattura|factura|发票号?)"
    r"[ .:#]{0,3}(?:no\.?|number|nr\.?|n[°º.]|num\.?)?[ .:#]{0,3}[A-Z]{0,4}-?\d{3,12})"
)
_DONE_TO_AN_INVOICE = (
    r"(?:send|cop(?:y|ia|ie)|correct|\bpa(?:id|y)\b|credit|duplicat|overdue|statement|schick|senden|korrig|kopie|bezahl|überw|envoy"
    r"|rég(?:l|ul)|pay[ée]|corrig|invia|manda|pagat|pagamos|pagad|enví|corregi|重开|付款|已付|补开|再发)"
)

_SURE: tuple[tuple[Intent, str, re.Pattern[str]], ...] = tuple(
    (intent, name, re.compile(pattern, re.IGNORECASE))
    for intent, name, pattern in (
        (Intent.RETURN, "an RMA is named", r"(?<![A-Za-z0-9])RMA(?![A-Za-z])"),
        (
            Intent.CHANGE_ORDER,
            "a word for cancelling beside an order",
            rf"{_NOT}(?:{_TO_CANCEL}){_IN_THE_SENTENCE}{_AN_ORDER}|{_AN_ORDER}{_IN_THE_SENTENCE}\bbitte stornieren\b",
        ),
        (
            Intent.INVOICE,
            "an invoice number and what is to be done with it",
            rf"{_AN_INVOICE}{_IN_THE_SENTENCE}{_DONE_TO_AN_INVOICE}|{_DONE_TO_AN_INVOICE}{_IN_THE_SENTENCE}{_AN_INVOICE}",
        ),
        (
            Intent.QUOTE,
            "a request for quotation or a quote's number",
            r"(?<![A-Za-z0-9])(?:RFQ|RDO)(?![A-Za-z])|request for (?:a )?quot|preisanfrage|angebotsanfrage"
            r"|demande de (?:prix|devis)|richiesta di (?:preventivo|offerta|prezzo)"
            r"|(?:solicitud de|petición de) (?:cotización|presupuesto|oferta)|询价"
            r"|(?:quot(?:e|ation)|angebot|devis|preventivo|presupuesto|cotización|报价单?)"
            r"[ .:#]{0,3}(?:no\.?|number|nr\.?|n[°º.])?[ .:#]{0,3}[A-Z]{0,3}-?\d{3,9}(?!\d)",
        ),
    )
)


def sure_intents(text: str) -> tuple[tuple[Intent, str], ...]:
    """The intents that a rule is sure of, each with the rule in words. Empty for most messages."""
    read = text[:READ_CHARACTERS]
    return tuple((intent, name) for intent, name, pattern in _SURE if pattern.search(read))


_INTENT_WORDS: tuple[tuple[Intent, str], ...] = (
    (
        Intent.DAMAGED,
        r"damag|broken?\b|\bbroke\b|defect|faulty|\bfault\b|warrant|guarantee|crack|smashed|shattered|\bdent|scratch"
        r"|leak|\bdead\b|stopped working|burnt|beschädigt|transportschaden|defekt|kaputt|garantie|gewährleistung"
        r"|\brissig|\briss\b|gerissen|zerbroch|gebrochen|zerkratzt|zersprungen|undicht|verbogen|reklamation|endommag"
        r"|abîm|cass[ée]|fissur|rayé|fuit\b|en panne|défectueu|danneggiat|rott[oaie]\b|rovinat|crepat|graffiat"
        r"|difettos|guast|garanzia|dañad|\brot[oa]s?\b|rompió|estropead|agrietad|rayad[oa]|averiad|defectuos|garantía"
        r"|损坏|破损|破裂|碎|裂|坏|保修|故障|漏",
    ),
    (
        Intent.EXCHANGE,
        r"\bexchang|\bswap|replacement|wrong (?:item|product|article|size|colou?r|thing)|umtausch|tausch|ersatz"
        r"|falsche[rsn]? (?:artikel|ware)|échang|remplac|mauvais(?:e)? (?:article|produit|taille)|\bsostitu"
        r"|\bcambi(?:o|are|arl|erem)|articolo (?:errato|sbagliato)|\bcambio\b|\bcanje|sustitu|换货|更换|调换|换成|发错",
    ),
    (
        Intent.RETURN,
        r"\breturn|\brma\b|(?:send|take|give) \w+ back|rücksend|rückgabe|zurück(?:send|geb|schick|nehm)|retoure"
        r"|retour(?!n)|renvoy|rendre\b|reprendre|réexpédi|\bresi?\b|\breso\b|rendere|restitu|devol(?:v|uci)|退货|退回"
        r"|退掉|寄回",
    ),
    (
        Intent.INVOICE,
        r"invoice|\bbill(?:ed|ing)?\b|credit note|refund|payment|\bpaid\b|overdue|charged|statement of|\bvat\b"
        r"|rechnung|gutschrift|zahlung|mahnung|überw(?:eis|ies)|erstattung|umsatzsteuer|facture|\bavoir\b(?! la)"
        r"|paiement|règlement|rembours|virement|\btva\b|fattura|nota di credito|pagament|pagat|bonifico|rimborso"
        r"|addebit|partita iva|\biva\b|factura|nota de crédito|\babono|\bpago\b|pagad|pagamos|reembols|transferencia"
        r"|发票|付款|退款|开票|对账|税号|到账",
    ),
    (
        Intent.CHANGE_ORDER,
        r"cancel|chang\w* (?:the |our |my |of )?(?:order|address|quantity|delivery)|add \w+ (?:more )?\w+ to|amend"
        r"|instead of \d|postpone|storni|ändern|ändert|verschieb|erhöhen|annul|modifi|décaler|ajouter|annull|spostare"
        r"|aggiunger|cancelar|cancelen|cambiar la|cambia la|aplazar|añadir|anul|取消|修改|改成|改到|更改|推迟|合并",
    ),
    (
        Intent.WHOLESALE_PRICE,
        r"wholesale|price list|reseller|dealer|distributor|trade (?:price|discount|account)"
        r"|(?:volume|bulk) (?:price|pricing|discount)|großhandel|staffelpreis|preisliste|händler|wiederverkäuf"
        r"|konditionen|rabatt|prix de gros|\btarifs?\b|revendeur|grossiste|distribut|remise|ingross|listino|rivendit"
        r"|mayorist|distribuidor|revended|lista de precios|descuento|批发|价目|价格表|经销|代理|折扣",
    ),
    (
        Intent.QUOTE,
        r"\bquot(?:e|ation|es)\b|\brfq\b|\boffer\b|how much|price for|angebot|offerte\b|kostenvoranschlag|was kosten"
        r"|devis|chiffr|combien|preventiv|offerta|quotazion|quotare|quanto cost|presupuest|cotiz|oferta"
        r"|cuánto (?:cuest|cost|sal)|报价|询价|多少钱|单价",
    ),
    (
        Intent.WISMO,
        r"where is|where are|track|shipped|dispatch|delivery|arriv|deliver|when will|\beta\b|still waiting"
        r"|not received|wo ist|wo bleib|liefer|geliefert|versand|versendet|sendung|eingetroffen|où est|où en est"
        r"|où sont|livraison|livré|expédi|suivi|toujours pas|pas encore reçu|en route|disponibilité|transporteur"
        r"|dov'?è|dove si trova|dove sono|consegn|spedi|corriere|dónde está|entrega|envío|enviad|llega|seguimiento"
        r"|到货|发货|物流|快递|在哪|到哪|什么时候|还没到|没收到",
    ),
)
_INTENT_PATTERNS = tuple((intent, re.compile(words, re.IGNORECASE)) for intent, words in _INTENT_WORDS)


def words_for(text: str) -> dict[Intent, str]:
    """The first word that speaks for each intent; the rarer wish first."""
    read = text[:READ_CHARACTERS]
    return {intent: match.group(0) for intent, pattern in _INTENT_PATTERNS if (match := pattern.search(read))}


def intents_of(text: str) -> tuple[tuple[Intent, ...], str]:
    """A guess where no model may be loaded, the main intent first: what a rule is sure of, then every intent some word
    speaks for, the rarer wish first, since a broken delivery is damage and no delivery question."""
    sure, words = dict(sure_intents(text)), words_for(text)
    found = {**sure, **{intent: f"“{word}”" for intent, word in words.items() if intent not in sure}}
    if not found:
        return (Intent.OTHER,), "no word of any intent"
    return tuple(found), "; ".join(f"{intent.value}: {why}" for intent, why in found.items())
