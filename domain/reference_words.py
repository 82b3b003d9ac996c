"""The words that say what the number after them is, in the languages of the shops. Data, no rules.

A phrase has at most three words, in lower case; what is no letter between words does not count ("S/N" is `s n`).
"""

import re

NOTHING = "nothing"
"""The number is none of ours: a telephone, a tax number, a postal code."""
CARRIER = "carrier"
"""A parcel number may stand near; any other number is not changed by it."""

_WORDS: dict[str, str] = {
    "order": (
        "order, orders, order number, order numbers, web order, sales order, bestellung, bestellungen, bestellnummer,"
        " bestellnummern, bestellnr, bestell, auftrag, aufträge, aufträgen, auftrags, auftragsnummer, auftragsnr,"
        " kundenauftrag, commande, commandes, cde, cmd, ordine, ordini, ord, pedido, pedidos, ped, orden"
    ),
    "purchase_order": (
        "po, p o, purchase order, purchase orders, purchase order number, customer po, bestellzeichen, einkaufsbestellung,"
        " kundenbestellnummer, bon de commande, bons de commande, bdc, ordine d acquisto, ordini d acquisto,"
        " ordine di acquisto, ordini di acquisto, oda, orden de compra, órdenes de compra, ordenes de compra, pedido de compra"
    ),
    "invoice": (
        "invoice, invoices, inv, invoice number, rechnung, rechnungen, rechnungsnummer, rechnungsnr, rechnungs, facture,"
        " factures, fattura, fatture, factura, facturas"
    ),
    "quote": (
        "quote, quotes, quotation, quotations, rfq, rfqs, angebot, angebote, angebots, angebotsnummer, angebotsnr, devis,"
        " preventivo, preventivi, offerta, presupuesto, presupuestos, cotización, cotizacion, oferta"
    ),
    "rma": (
        "rma, rmas, return number, return no, retourennummer, retourennr, rücksendenummer, retourenschein, numéro de retour,"
        " n de retour, numero di reso, numero reso, número de devolución, numero de devolucion"
    ),
    "serial": (
        "serial, serials, serial number, serial numbers, serial no, s n, sn, seriennummer, seriennummern, seriennr, serien,"
        " de série, di serie, de serie, numéro série, matricola, matricole"
    ),
    "sku": (
        "sku, skus, article, artikel, artikelnummer, artikelnummern, artikelnr, art, item, items, item number, part number,"
        " modell, modello, modelo, modèle, codice articolo, articolo, artículo, articulo"
    ),
    "tracking": (
        "tracking, tracking number, tracking no, sendungsnummer, sendungsnr, sendungsnummern, paketnummer, trackingnummer,"
        " numéro de suivi, numero de suivi, de suivi, numero di tracking, lettera di vettura, de seguimiento, número de guía"
    ),
    CARRIER: (
        "parcel, package, shipment, track, sendung, sendungsverfolgung, paket, colis, suivi, spedizione, pacco, corriere,"
        " paquete, envío, seguimiento, guía, courier, carrier"
    ),
    NOTHING: (
        "phone, tel, telephone, telefon, téléphone, tél, telefono, teléfono, tfno, mobile, mobil, handy, portable, cell,"
        " cellulare, móvil, movil, fax, call, call us, ruf, whatsapp, wechat, qq, ext, extension, durchwahl, vat, vat number,"
        " vat no, vat id, ust, ustid, ust idnr, ust id, steuernummer, mwst, tva, siret, siren, rcs, eori, p iva, partita iva,"
        " piva, codice fiscale, c f, nif, cif, nie, iban, bic, swift, konto, kontonummer, account, account number, account no,"
        " compte, conto, cuenta, blz, customer number, customer no, customer id, customer, kundennummer, kundennr, kunden,"
        " client, clients, numéro client, cliente, codice cliente, zip, zip code, postcode, postal code, plz, postleitzahl,"
        " code postal, cap, cp, c p, código postal, po box, p o box, postfach, bp, boîte postale, apartado, casella postale,"
        " hrb, hra, ticket, case number, case no, total, amount, sum, price, betrag, summe, preis, gesamt, gesamtbetrag,"
        " montant, prix, importo, totale, prezzo, importe, precio, iso, din, iec, ansi, version, page, seite, pagina, página,"
        " room, raum, ean, gtin, barcode, pos, position, box, street, suite, din en, incident, supplier, supplier number,"
        " lieferantennummer, lieferanten, fournisseur, fornitore, proveedor, lot, batch, charge, lotto, lote, model, badge,"
        " reading, project, projekt, job, work order, wo, cost centre, cost center, kostenstelle, contract, vertrag, contrat,"
        " contratto, contrato, delivery note, lieferschein, bon de livraison, bl, ddt, bolla, albarán, albaran, chantier,"
        " cantiere, baustelle, site, line, building, extension number, sort code"
    ),
}

_CHINESE: dict[str, str] = {
    "order": "订单号码 订单编号 订单号 订单 定单号 定单",
    "purchase_order": "采购订单号 采购订单 采购单号 采购单 采购编号 采购号 客户订单号",
    "invoice": "发票号码 发票号 发票 账单号",
    "quote": "报价单号 报价单 询价单号 询价单 报价",
    "rma": "退货单号 退货编号 退货单 返修单号 退货授权号",
    "serial": "序列号码 序列号 机身号 出厂编号",
    "sku": "货号 型号 物料号 商品编号",
    "tracking": "快递单号 运单号码 运单号 物流单号 跟踪号 追踪号 快递号",
    CARRIER: "快递 物流 包裹 运单",
    NOTHING: (
        "联系电话 电话号码 电话 手机号 手机 传真 微信 税号 纳税人识别号 账号 帐号 账户 客户编号 客户号 邮政编码 邮编"
        " 金额 总额 价格 合计 总价 共计 分机 版本 工单 条形码 批号 单价 合同号 合同"
        " 仓库编号 项目编号 项目号 房间"
    ),
}

_EXACT = {"POs": "purchase_order", "EN": NOTHING, "OC": "purchase_order", "BC": "purchase_order", "RE": "invoice"}
"""Abbreviations that mean this only in this letter case."""

LABELS: dict[str, str] = {phrase.strip(): kind for kind, words in _WORDS.items() for phrase in words.split(",")}
CHINESE_LABELS: dict[str, str] = {word: kind for kind, words in _CHINESE.items() for word in words.split()}
CHINESE_LABEL = re.compile("|".join(sorted(CHINESE_LABELS, key=len, reverse=True)))
EXACT_LABELS = _EXACT

NUMBER_WORDS = (
    r"numbers?|nos?|nrs?|nums?|nummern?|numéros?|numeros?|numeri|números?|núm|n|ids?|codes?|refs?|réf|reference|référence"
    r"|is|are|was|ist|lautet|lauten|sind|war|est|sont|è|sono|es|son|the|der|die|das|la|le|el|il"
)
"""What may stand between such a word and its number."""
LIST_WORDS = r"and|or|und|oder|sowie|bis|et|ou|e|ed|o|y|to|as well as|à|al"

UNITS = (
    r"pcs?|pieces?|units?|items?|stück|stueck|stk|pezzi|pz|pièces?|unités?|unidades?|uds?|piezas?|boxes|sets?|kartons?"
    r"|mm|cm|km|m|kg|g|ml|l|w|kw|v|mah|ah|lm|lux|k|kelvin|hours?|stunden|rpm|bar|nm"
)
CHINESE_UNITS = "个件台套只根米箱支把盒块片公吨"
