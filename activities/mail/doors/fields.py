"""Lines such as `Order number: 10452` in mails that a form or a machine wrote, in the languages the stores answer."""

import re

_TEXT_LIMIT = 100_000
"""Characters that are looked at; no form is longer."""

_LABELS = {
    "name": """name|full name|your name|first and last name|customer|customer name|buyer|kunde|kundin|ihr name
        |vollständiger name
        |vor- und nachname|nom|nom complet|votre nom|nom et prénom|client|nom du client|nome|nome completo|nome e cognome
        |cliente|nome del cliente|nombre|nombre completo|nombre y apellidos|su nombre|姓名|名字|您的姓名|客户|客户姓名""",
    "company": "company|company name|firma|unternehmen|société|entreprise|azienda|società|ragione sociale|empresa"
    "|compañía|公司|公司名称",
    "email": """email|e-mail|email address|e-mail address|your email|e-mail-adresse|ihre e-mail|ihre e-mail-adresse
        |adresse e-mail
        |adresse email|courriel|votre e-mail|indirizzo e-mail|indirizzo email|la tua e-mail|correo|correo electrónico
        |dirección de correo|su correo electrónico|邮箱|电子邮件|邮箱地址|电子邮箱""",
    "phone": """phone|phone number|telephone|mobile|telefon|telefonnummer|rufnummer|handy|téléphone|numéro de téléphone|portable
        |telefono|numero di telefono|cellulare|teléfono|número de teléfono|móvil|电话|电话号码|手机|手机号""",
    "order": """order|order number|order no|order id|your order|bestellung|bestellnummer|bestell-nr|auftrag
        |auftragsnummer|commande
        |numéro de commande|n° de commande|ordine|numero ordine|numero d'ordine|numero dell'ordine|n° ordine|pedido
        |número de pedido|nº de pedido|n.º de pedido|订单|订单号|订单编号""",
    "rma": "rma|rma number|rma-nummer|rma no|numéro rma|numero rma|número rma|rma号|退货编号",
    "subject": "subject|topic|betreff|thema|objet|sujet|oggetto|argomento|asunto|tema|主题|标题",
    "message": """message|your message|comment|comments|comments/questions|question|questions|enquiry|inquiry|nachricht
        |ihre nachricht|kommentar|kommentare|frage|mitteilung|votre message|commentaire|commentaires|messaggio|il tuo messaggio
        |commento|commenti|richiesta|domanda|mensaje|su mensaje|comentario|comentarios|consulta|留言|消息|内容|您的留言
        |备注|问题""",
}
_KINDS = {label.strip(): kind for kind, labels in _LABELS.items() for label in labels.split("|")}
_LINE = re.compile(r"[\s>*_|•-]{0,8}?([^\W\d_][^:：\n]{0,40}?)[\s*_#|]{0,6}[:：][\s*_]{0,4}(.*)")


def read_fields(text: str) -> dict[str, str]:
    """The first value of each kind of field: name, company, email, phone, order, rma, subject, message.

    A value stands on the label's line or on the next that is not blank. The message runs to the end: what looks like a field in
    it may be the writer's own.
    """
    text = text[:_TEXT_LIMIT]
    found: dict[str, str] = {}
    open_kind: str | None = None
    place = 0
    for line in text.splitlines(keepends=True):
        kind, value = _field(line)
        if kind == "message" and kind not in found:
            found[kind] = text[place + line.index(value) if value else place + len(line) :].strip()
            open_kind = None
        elif kind is not None and kind not in found:
            found[kind] = value
            open_kind = None if value else kind
        elif open_kind and line.strip():
            found[open_kind] = line.strip()
            open_kind = None
        place += len(line)
    return {kind: value for kind, value in found.items() if value}


def _field(line: str) -> tuple[str | None, str]:
    match = _LINE.match(line[:2_000])
    if match is None:
        return None, ""
    label = match.group(1).strip(" .*_#").casefold()
    return _KINDS.get(label), line[match.start(2) :].strip()
