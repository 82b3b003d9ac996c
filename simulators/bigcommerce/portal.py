"""What companies see in the portal of the B2B edition: quotes, invoices and receipts."""

from decimal import Decimal

from simulators import money
from simulators.bigcommerce import order_documents
from simulators.state import Document, Transaction
from simulators.world import Quote, Store, World, at_noon


def quote_document(quote: Quote, world: World, store: Store) -> Document:
    """GET /rfq/{id} of the B2B edition; the list gives a part of it."""
    contact = next(contact for contact in world.contacts if contact.id == quote.contact)
    company = next((company for company in world.companies if company.id == contact.company), None)
    products = {product.sku: product for product in world.products if product.store == quote.store}
    lines = []
    for line in quote.lines:
        product = products[line.sku]
        lines.append(
            {
                "productId": product.id,
                "productName": product.name,
                "variantId": product.variant_id or product.id,
                "sku": product.sku,
                "basePrice": float(product.price),
                "offeredPrice": float(line.offered_price),
                "discount": float(product.price - line.offered_price),
                "quantity": line.quantity,
                "options": [],
            }
        )
    net = sum((line.offered_price * line.quantity for line in quote.lines), Decimal(0))
    return {
        "quoteId": quote.id,
        "quoteNumber": quote.number,
        "quoteTitle": quote.title,
        "referenceNumber": quote.reference,
        "status": quote.status,
        "bcOrderId": str(quote.order or ""),
        "orderId": str(800000 + quote.order if quote.order else ""),
        "company": company.name if company else "",
        "salesRep": quote.sales_representative,
        "createdBy": f"{contact.first_name} {contact.last_name}",
        "createdAt": money.unix(quote.created),
        "updatedAt": money.unix(quote.created),
        "expiredAt": money.unix(quote.expires),
        "channelId": 1,
        "channelName": "Default Storefront",
        "subtotal": float(net),
        "grandTotal": float(net),
        "totalAmount": float(net),
        "discount": 0.0,
        "taxTotal": 0.0,
        "shippingTotal": 0.0,
        "notes": "",
        "legalTerms": "",
        "currency": {"currencyCode": store.currency, "decimalPlaces": 2},
        "extraFields": [],
        "productList": lines,
        "trackingHistory": [
            {"date": money.unix(said.at), "role": f"{said.by}: {said.name}", "message": said.text} for said in quote.messages
        ],
        "contactInfo": {
            "name": f"{contact.first_name} {contact.last_name}",
            "email": contact.email,
            "companyName": company.name if company else "",
            "phoneNumber": contact.phone,
        },
        "companyInfo": {"companyId": company.id if company else 0, "companyName": company.name if company else ""},
    }


def fill_invoices(transaction: Transaction, world: World) -> None:
    """Put the invoices of companies, and a receipt where something of one is paid."""
    orders = {order.id: order for order in world.orders}
    for number, invoice in enumerate(world.invoices, 1):
        order = orders[invoice.order]
        buyer = order_documents.Buyer.of(world, order)
        if buyer.company is None:
            continue
        products = {product.sku: product for product in world.products if product.store == order.store}
        total = sum(
            (
                money.cents((line.price if line.price is not None else products[line.sku].price) * (1 + buyer.tax_rate))
                * line.quantity
                for line in order.lines
            ),
            money.cents(order.shipping * (1 + buyer.tax_rate)),
        )
        store = next(store for store in world.stores if store.key == order.store)
        document = {
            "id": number,
            "customerId": str(buyer.company.id),
            "externalCustomerId": f"BC-{buyer.company.id}",
            "externalId": str(order.id),
            "invoiceNumber": invoice.number,
            "type": "invoice",
            "dueDate": money.unix(at_noon(invoice.due_date)),
            "status": 2 if invoice.paid >= total else 1 if invoice.paid else 0,
            "orderNumber": str(order.id),
            "purchaseOrderNumber": order.po_number,
            "isPendingPayment": 0,
            "originalBalance": {"code": store.currency, "value": f"{total:.2f}"},
            "openBalance": {"code": store.currency, "value": f"{max(total - invoice.paid, Decimal(0)):.2f}"},
            "customerName": buyer.company.name,
            "createdAt": str(money.unix(at_noon(invoice.date))),
            "updatedAt": str(money.unix(at_noon(invoice.date))),
            "channelId": "1",
            "channelName": "Default Storefront",
            "termsConditions": "Payable as agreed.",
        }
        transaction.put("bigcommerce.invoices", number, {"store": order.store, "data": document})
        if invoice.paid:
            receipt = _receipt_line(number, document, store.hash, min(invoice.paid, total))
            transaction.put("bigcommerce.receipt_lines", number, {"store": order.store, "data": receipt})


def _receipt_line(number: int, invoice: Document, store_hash: str, paid: Decimal) -> Document:
    """One element of GET /ip/receipt-lines: what one receipt paid of one invoice."""
    moment = int(invoice["createdAt"])
    return {
        "id": number,
        "createdAt": moment,
        "updatedAt": moment,
        "storeHash": store_hash,
        "customerId": invoice["customerId"],
        "externalId": "",
        "externalCustomerId": invoice["externalCustomerId"],
        "receiptId": 5000 + number,
        "invoiceId": invoice["id"],
        "amount": {"code": invoice["originalBalance"]["code"], "value": f"{paid:.4f}"},
        "paymentStatus": 3,
        "paymentType": "Bank transfer",
        "invoiceNumber": invoice["invoiceNumber"],
        "paymentId": 7000 + number,
        "referenceNumber": f"TR-{7000 + number}",
        "transactionType": "Paid",
    }
