"""Layouts of procurement-portal mail, written by hand after what Ariba-, Coupa- and Jaggaer-like systems send, and the profiles
a merchant would write for them. `{po}` is the number to be found; `{other}` misleads."""

from dataclasses import dataclass

PROFILES = {
    "northbridge": {
        "company": "Northbridge Rail plc",
        "senders": ["ordersender-prod@ariba-like.example"],
        "says": r"northbridge rail",
        "subject": r"purchase order (\S+)",
        "body": r"^purchase order(?: number)?:?\s+(\d{10})\b",
        "attachment": r"^PO_?(\d{10})",
        "reply_to": "ap@northbridge.example",
    },
    "helvion": {
        "company": "Helvion AG",
        "senders": ["ordersender-prod@ariba-like.example"],
        "says": r"helvion ag",
        "subject": r"(?:bestellung|purchase order) (45\d{8})",
        "body": r"(?:bestellnummer|bestell-nr\.?|purchase order)\s*:?\s*(45\d{8})",
        "attachment": r"(45\d{8})\.pdf$",
        "person": r"^Ansprechpartner(?:in)?\s*:\s*([^\n,(]{2,60})",
    },
    "kestrel": {
        "company": "Kestrel Foods Inc.",
        "senders": ["do_not_reply@kestrel.coupa-like.example"],
        "subject": r"PO #?\s?([A-Z]{0,3}\d{4,8})\b",
        "body": r"purchase order #?\s?([A-Z]{0,3}\d{4,8})\b",
        "attachment": r"Purchase_Order_([A-Z]{0,3}\d{4,8})\.pdf",
        "person": r"^Requester\s*:?\s*([^\n<(]{2,60})",
        "reply_to": "buyers@kestrel.example",
    },
    "oriel": {
        "company": "Université d'Oriel",
        "senders": ["@jaggaer-like.example"],
        "says": r"universit[ée] d'oriel",
        "subject": r"(?:bon de )?commande n°\s?([A-Z0-9-]{6,14})",
        "body": r"n° de commande\s*:\s*([A-Z0-9-]{6,14})",
        "attachment": r"^BC[-_]([A-Z0-9-]{6,14})\.pdf",
        "person": r"^(?:Demandeur|Acheteur)\s*:\s*([^\n<(]{2,60})",
    },
    "valtorre": {
        "company": "Comune di Valtorre",
        "senders": ["@jaggaer-like.example"],
        "says": r"comune di valtorre",
        "subject": r"ordine(?: d'acquisto)? n\.?\s?(\d{4}/\d{3,6}|ODA-\d{4}-\d{3,6})",
        "body": r"(?:numero ordine|ordine d'acquisto|ODA)\s*:?\s*(\d{4}/\d{3,6}|ODA-\d{4}-\d{3,6})",
        "attachment": r"(ODA-\d{4}-\d{3,6})",
    },
    "montesol": {
        "company": "Grupo Montesol S.A.",
        "senders": ["compras@portal.montesol.example", "pedidos@portal.montesol.example"],
        "subject": r"(?:pedido|orden) (?:de compra )?(?:n\.?º )?(\d{6,10})",
        "body": r"(?:pedido|orden de compra)\s*(?:n\.?º)?\s*:\s*(\d{6,10})",
        "attachment": r"^(?:OC|pedido)[-_ ](\d{6,10})\.pdf",
        "person": r"^Solicitante\s*:\s*([^\n<(]{2,60})",
    },
    "huadong": {
        "company": "华东精密机械有限公司",
        "senders": ["srm@srm.huadong.example"],
        "subject": r"采购订单[【\[：: ]?([A-Z]{2}\d{8,12})",
        "body": r"(?:采购订单号|订单编号|采购单号)\s*[:：]\s*([A-Z]{2}\d{8,12})",
        "attachment": r"([A-Z]{2}\d{8,12})\.pdf$",
        "person": r"^采购员\s*[:：]\s*([^\n（(]{2,30})",
    },
}
"""What `portals.yaml` would hold, less `store` and `company_id`."""


@dataclass(frozen=True)
class Layout:
    portal: str
    language: str
    sender: str
    subject: str
    body: str
    file: str = ""
    html: bool = False


_ARIBA = "Ariba-like Network <ordersender-prod@ariba-like.example>"
_COUPA = "Kestrel Foods <do_not_reply@kestrel.coupa-like.example>"
_JAGGAER = "Notifications <no-reply@eu.jaggaer-like.example>"
_MONTESOL = "Portal de compras <compras@portal.montesol.example>"
_SRM = "SRM <srm@srm.huadong.example>"

LAYOUTS = (
    Layout(
        "northbridge",
        "en",
        _ARIBA,
        "Northbridge Rail plc sent a new Purchase Order {po}",
        "Northbridge Rail plc has sent the attached order.\nSupplier ID: {other}\nQuestions: +44 20 7946 0018\n",
        "PO{po}.pdf",
    ),
    Layout(
        "northbridge",
        "en",
        _ARIBA,
        "Order update from your customer",
        "From: Customer\nTo: Supplier\nDate: today\nSubject: order\n\nNorthbridge Rail plc\nPurchase Order: {po}\nVersion: 2\n"
        "Previous version: 1\n\nLine 1  NW-DRL-18V  4 EA\n",
    ),
    Layout(
        "northbridge", "en", _ARIBA, "Message for supplier", "Northbridge Rail plc asks you to confirm.\n", "PO_{po}_v2.pdf"
    ),
    Layout(
        "northbridge",
        "en",
        _ARIBA,
        "Reminder: Purchase Order {po} is not confirmed",
        "<p>Northbridge Rail plc</p><p>Late.</p>",
        html=True,
    ),
    Layout(
        "helvion",
        "de",
        _ARIBA,
        "Helvion AG hat eine neue Bestellung {po} gesendet",
        "Helvion AG, USt-IdNr. CHE-{other}\nAnsprechpartner: Urs Keller (Einkauf)\n",
    ),
    Layout(
        "helvion",
        "de",
        _ARIBA,
        "Neues Dokument im Lieferantenportal",
        "Guten Tag\n\nHelvion AG\nBestellnummer: {po}\nLieferantennummer: {other}\nAnsprechpartnerin: Mia Frei, Einkauf\n",
    ),
    Layout("helvion", "de", _ARIBA, "Bestelländerung", "Helvion AG bittet um Bestätigung.", "Bestellung_{po}.pdf"),
    Layout(
        "helvion",
        "de",
        _ARIBA,
        "Lieferverzug",
        "<table><tr><td>Besteller</td><td>Helvion AG</td></tr><tr><td>Bestell-Nr. {po}</td><td>Pos. 10</td></tr></table>",
        html=True,
    ),
    Layout("kestrel", "en", _COUPA, "Kestrel Foods Purchase Order PO #{po}", "Requester: Dana Cole\nTotal 1,204.00 USD\n"),
    Layout(
        "kestrel",
        "en",
        _COUPA,
        "You have a new comment",
        "Dana Cole wrote on Purchase Order #{po}:\n\n> please ship the rest\n\nInvoice INV-{other} is on hold.\n",
    ),
    Layout(
        "kestrel",
        "en",
        _COUPA,
        "Action required",
        "See the attached document.\nRequester Dana Cole\n",
        "Purchase_Order_{po}.pdf",
    ),
    Layout(
        "oriel",
        "fr",
        _JAGGAER,
        "Bon de commande n° {po}",
        "Université d'Oriel - Service achats\nDemandeur : Luc Morel\nSIRET : {other}\nTél. : 01 99 00 12 34\n",
    ),
    Layout(
        "oriel",
        "fr",
        _JAGGAER,
        "Une commande vous attend",
        "Université d'Oriel\n\nDe : Achats\nÀ : Fournisseur\nDate : 4 mars\nObjet : commande\n\nN° de commande : {po}\n",
    ),
    Layout("oriel", "fr", _JAGGAER, "Relance fournisseur", "Université d'Oriel : merci de livrer.\n", "BC_{po}.pdf"),
    Layout(
        "valtorre",
        "it",
        _JAGGAER,
        "Nuovo ordine d'acquisto n. {po}",
        "Comune di Valtorre\nCIG: Z{other}\nP.IVA 0123{other}\nTel. 02 5550111\n",
    ),
    Layout(
        "valtorre",
        "it",
        _JAGGAER,
        "Sollecito di consegna",
        "Il Comune di Valtorre sollecita.\nNumero ordine: {po}\nProt. {other}\n",
    ),
    Layout(
        "valtorre",
        "it",
        _JAGGAER,
        "Documento disponibile",
        "<div>Comune di Valtorre</div><div>Ordine d'acquisto {po} del 04/03/2026</div>",
        html=True,
    ),
    Layout(
        "montesol",
        "es",
        _MONTESOL,
        "Nuevo pedido n.º {po}",
        "Grupo Montesol S.A.\nCIF A{other}\nSolicitante: Ana Ruiz (Compras)\n",
    ),
    Layout("montesol", "es", _MONTESOL, "Modificación de un documento", "Orden de compra: {po}\nAlbarán: {other}\n"),
    Layout(
        "montesol",
        "es",
        "pedidos@portal.montesol.example",
        "Documento adjunto",
        "Le enviamos el pedido adjunto.\nTel. +34 910 12 34 56\n",
        "OC-{po}.pdf",
    ),
    Layout(
        "huadong", "zh", _SRM, "【华东精密】采购订单：{po} 已发布", "采购员：王敏\n电话：021-5550 {other}\n请在系统中确认。\n"
    ),
    Layout("huadong", "zh", _SRM, "待确认事项", "您好，\n\n采购订单号：{po}\n税号：9131{other}\n采购员：李强（采购部）\n"),
    Layout("huadong", "zh", _SRM, "交期催促", "请尽快发货，详见附件。\n", "采购订单_{po}.pdf"),
    Layout("huadong", "zh", _SRM, "订单变更通知", "<p>订单编号: {po}</p><p>变更: 数量 200件</p>", html=True),
    # One that its profile does not foresee: the number stands where nobody looks for it.
    Layout("montesol", "es", _MONTESOL, "Reclamación de entrega", "Nuestra referencia {po} sigue pendiente.\n"),
)

NUMBERS = {
    "northbridge": "47{n:08d}",
    "helvion": "45{n:08d}",
    "kestrel": "KF{n:06d}",
    "oriel": "OR-26-{n:05d}",
    "valtorre": "ODA-2026-{n:05d}",
    "montesol": "81{n:06d}",
    "huadong": "PO26{n:08d}",
}
"""How each company numbers its orders."""
