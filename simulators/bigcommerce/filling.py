"""What the BigCommerce stores and the B2B edition hold, made from a world."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

from simulators import money
from simulators.bigcommerce import order_documents, portal, shipment_documents
from simulators.bigcommerce.line_notes import fill_line_notes
from simulators.bigcommerce.refund_amounts import OFFLINE_PROVIDERS
from simulators.state import Document, Transaction
from simulators.world import Company, Contact, Order, Product, Store, World


def fill(transaction: Transaction, world: World) -> None:
    """Put customers, companies, catalogue, orders, quotes and portal invoices."""
    stores = {store.key: store for store in world.stores}
    for tier in world.tiers:
        document = {"id": tier.id, "name": tier.name, "is_default": False, "is_group_for_guests": False}
        document |= {"category_access": {"type": "all"}}
        transaction.put("bigcommerce.customer_groups", tier.id, {"store": tier.store, "data": document})
    for company in world.companies:
        record = {"store": company.store, "data": company_document(company, world)}
        record["credit"] = {
            "creditEnabled": company.credit.enabled,
            "creditCurrency": stores[company.store].currency,
            "availableCredit": float(company.credit.available),
            "limitPurchases": company.credit.limit_purchases,
            "creditHold": company.credit.hold,
        }
        terms = company.payment_terms
        record["payment_terms"] = {"isEnabled": terms.enabled, "paymentTerms": terms.days}
        transaction.put("bigcommerce.companies", company.id, record)
    for contact in world.contacts:
        transaction.put("bigcommerce.customers", contact.id, _record(contact.store, customer_document(contact, world)))
        if contact.company is not None:
            transaction.put("bigcommerce.users", contact.id, _record(contact.store, user_document(contact)))
        for company in contact.further_companies:
            further = {**user_document(contact), "id": 900_000_000 + contact.id * 1000 + company, "companyId": company}
            transaction.put("bigcommerce.users", further["id"], _record(contact.store, further))
    for product in world.products:
        document = product_document(product, stores[product.store])
        transaction.put("bigcommerce.products", product.id, _record(product.store, document))
    for order in world.orders:
        _fill_order(transaction, world, order, stores[order.store])
    for quote in world.quotes:
        document = portal.quote_document(quote, world, stores[quote.store])
        transaction.put("bigcommerce.quotes", quote.id, _record(quote.store, document))
    portal.fill_invoices(transaction, world)


def _record(store: str, document: Document) -> Document:
    return {"store": store, "data": document}


def _fill_order(transaction: Transaction, world: World, order: Order, store: Store) -> None:
    buyer = order_documents.Buyer.of(world, order)
    products = {product.sku: product for product in world.products if product.store == order.store}
    lines = [
        order_documents.order_line(order, position, line, products[line.sku], buyer.tax_rate)
        for position, line in enumerate(order.lines, 1)
    ]
    document = order_documents.order_document(order, store, buyer, lines)
    address = order_documents.shipping_address(order, buyer, document["items_total"])
    record: Document = {
        "store": order.store,
        "data": document,
        "products": lines,
        "addresses": [address],
        "messages": [message_document(order, position) for position in range(len(order.messages))],
        "payment": order.payment.model_dump(mode="json"),
    }
    for shipment in order.shipments:
        items = [
            {"order_product_id": order_documents.line_id(order, item.line), "quantity": item.quantity}
            for item in shipment.items
        ]
        draft = {"tracking_number": shipment.tracking_number, "items": items, "comments": ""}
        draft |= shipment_documents.provider_fields(shipment.carrier)
        number = transaction.next_number("bigcommerce.shipments", 5001)
        shipped = shipment_documents.add_shipment(record, draft, number, shipment.shipped_at)
        transaction.put("bigcommerce.shipments", number, {"store": order.store, "data": shipped})
    status = order.status_id if order.status_id is not None else _derived_status(order, record, buyer)
    document["status_id"], document["status"] = status, order_documents.STATUS_NAMES[status]
    document["date_modified"] = money.rfc2822(_last_moment(order))
    invoice = next((position for position, item in enumerate(world.invoices, 1) if item.order == order.id), None)
    record["b2b"] = b2b_order_document(order, record, buyer, invoice)
    fill_line_notes(transaction, order)
    if order.payment.state == "settled" and money.decimal(document["total_inc_tax"]):
        number = transaction.next_number("bigcommerce.transactions", 7001)
        paid = transaction_document(number, record, "purchase", money.decimal(document["total_inc_tax"]), order.created)
        transaction.put("bigcommerce.transactions", number, {"store": order.store, "data": paid})
    elif order.payment.state == "authorized":
        number = transaction.next_number("bigcommerce.transactions", 7001)
        amount = money.decimal(document["total_inc_tax"])
        held = transaction_document(number, record, "authorization", amount, order.created)
        transaction.put("bigcommerce.transactions", number, {"store": order.store, "data": held})
    transaction.put("bigcommerce.orders", order.id, record)


def _last_moment(order: Order):
    return max([order.created, *(shipment.shipped_at for shipment in order.shipments)])


def _derived_status(order: Order, record: Document, buyer: order_documents.Buyer) -> int:
    shipped, total = record["data"]["items_shipped"], record["data"]["items_total"]
    if shipped and shipped < total:
        return 3
    if shipped:
        delivered = all(shipment.events and shipment.events[-1].status_code == "DE" for shipment in order.shipments)
        return 10 if delivered else 2
    on_account = buyer.company is not None and buyer.company.payment_terms.enabled
    return 7 if order.payment.state == "unpaid" and not on_account else 11


def transaction_document(number: int, record: Document, event: str, amount: Decimal, moment) -> Document:
    """One element of GET /v3/orders/{id}/transactions (specification: orders.v3.yml)."""
    provider = record["payment"]["provider_id"]
    return {
        "id": number,
        "order_id": str(record["data"]["id"]),
        "event": event,
        "method": "offline" if provider in OFFLINE_PROVIDERS else "credit_card",
        "amount": money.number(amount),
        "currency": record["data"]["currency_code"],
        "gateway": provider if provider in OFFLINE_PROVIDERS else "stripe",
        "gateway_transaction_id": f"ch_{number:010d}",
        "test": False,
        "status": "ok",
        "fraud_review": False,
        "reference_transaction_id": number,
        "date_created": money.iso_offset(moment),
        "payment_method_id": record["payment"]["provider_id"],
        "payment_instrument_token": None,
        "avs_result": {"code": "", "message": "", "street_match": "", "postal_match": ""},
        "cvv_result": {"code": "", "message": ""},
        "credit_card": {"card_type": "visa", "card_iin": "424242", "card_last4": "4242"},
        "gift_certificate": None,
        "store_credit": None,
        "offline": None,
        "custom": None,
    }


def message_document(order: Order, position: int) -> Document:
    """A message that the order had from the start."""
    message = order.messages[position]
    return written_message(
        order.id * 10 + position + 1, order.id, order.contact or 0, message.subject, message.message, message.at
    )


def written_message(
    number: int, order_id: int, customer_id: int, subject: str, words: str, at: datetime, *, staff_id: int = 0
) -> Document:
    """One element of GET /v2/orders/{id}/messages, by the customer or, with `staff_id`, by the merchant."""
    return {
        "id": number,
        "order_id": order_id,
        "staff_id": staff_id,
        "customer_id": customer_id,
        "type": "admin" if staff_id else "customer",
        "subject": subject,
        "message": words,
        "status": "read" if staff_id else "unread",
        "is_flagged": False,
        "date_created": money.rfc2822(at),
        "customer": {"id": customer_id},
    }


def company_document(company: Company, world: World) -> Document:
    """GET /companies/{id} of the B2B edition; status is a string there."""
    tier = next((tier for tier in world.tiers if tier.id == company.tier), None)
    created = str(money.unix(min((o.created for o in world.orders), default=money.now()) - timedelta(days=400)))
    return {
        "companyId": company.id,
        "companyName": company.name,
        "companyEmail": company.email,
        "companyPhone": company.phone,
        "companyStatus": company.status,
        "catalogId": "",
        "catalogName": "",
        "bcGroupId": str(company.tier or ""),
        "bcGroupName": tier.name if tier else "",
        "priceListAssign": [],
        "extraFields": [{"fieldName": name, "fieldValue": value} for name, value in company.extra_fields.items()],
        "uuid": str(uuid5(NAMESPACE_URL, f"company-{company.id}")),
        "createdAt": created,
        "updatedAt": created,
    }


def customer_document(contact: Contact, world: World) -> Document:
    """One element of GET /v3/customers."""
    company = next((company for company in world.companies if company.id == contact.company), None)
    created = min((order.created for order in world.orders), default=money.now()) - timedelta(days=300)
    return {
        "id": contact.id,
        "email": contact.email,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "company": company.name if company else "",
        "phone": contact.phone,
        "registration_ip_address": "",
        "notes": "",
        "tax_exempt_category": "E" if company and company.tax_exempt else "",
        "customer_group_id": (company.tier if company else None) or 0,
        "date_created": money.iso(created),
        "date_modified": money.iso(created),
        "address_count": 1,
        "attribute_count": 0,
        "authentication": {"force_password_reset": False},
        "accepts_product_review_abandoned_cart_emails": False,
        "origin_channel_id": 1,
        "channel_ids": [1],
        "store_credit_amounts": [{"amount": 0.0}],
    }


def user_document(contact: Contact) -> Document:
    """One element of GET /users of the B2B edition."""
    return {
        "id": 900000 + contact.id,
        "customerId": contact.id,
        "companyId": contact.company,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "email": contact.email,
        "phoneNumber": contact.phone,
        "role": contact.role,
        "companyRoleId": contact.role + 1,
        "companyRoleName": ("Admin", "Senior Buyer", "Junior Buyer")[contact.role],
        "uuid": str(uuid5(NAMESPACE_URL, f"user-{contact.id}")),
        "extraFields": [],
        "channelList": [{"channelId": 1, "channelName": "Default Storefront", "iconUrl": ""}],
        "createdAt": 1735689600,
        "updatedAt": 1735689600,
    }


def product_document(product: Product, store: Store) -> Document:
    """One element of GET /v3/catalog/products; its only variant is made of it."""
    return {
        "id": product.id,
        "name": product.name,
        "type": "physical",
        "sku": product.sku,
        "description": "",
        "weight": product.weight_grams / 1000,
        "price": float(product.price),
        "calculated_price": float(product.price),
        "cost_price": 0.0,
        "inventory_level": product.stock,
        "inventory_tracking": "product",
        "is_visible": True,
        "availability": "available",
        "base_variant_id": product.variant_id or product.id,
        "brand_id": 0,
        "custom_url": {"url": f"/{product.sku.lower()}/", "is_customized": False},
    }


def b2b_order_document(order: Order, record: Document, buyer: order_documents.Buyer, invoice: int | None) -> Document:
    """GET /orders/{bcOrderId} of the B2B edition, where the purchase order number lives. `invoice` is its number there."""
    document = record["data"]
    return {
        "id": 800000 + order.id,
        "bcOrderId": order.id,
        "totalIncTax": float(document["total_inc_tax"]),
        "usdIncTax": float(document["total_inc_tax"]),
        "poNumber": order.po_number,
        "status": document["status"],
        "customStatus": document["status"],
        "statusCode": document["status_id"],
        "cartId": document["cart_id"],
        "items": document["items_total"],
        "companyId": buyer.company.id if buyer.company else 0,
        "currencyCode": document["currency_code"],
        "money": [],
        "isArchived": False,
        "channelId": 1,
        "channelName": "Default Storefront",
        "isInvoiceOrder": 1 if invoice else 0,
        "invoiceId": invoice,
        "extraFields": [],
        "createdAt": money.unix(order.created),
        "updatedAt": money.unix(order.created),
    }
