"""What the Xero organisation holds at the start: one contact a company and the invoices of a world."""

from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5

from simulators import money
from simulators.bigcommerce.order_documents import Buyer
from simulators.state import Document, Transaction
from simulators.world import Company, Contact, Invoice, Order, World, at_noon
from simulators.xero import documents

SALES_ACCOUNT = "200"


def identifier(kind: str, name: str | int) -> str:
    """The fixed id of something that comes from the world, the same at every load."""
    return str(uuid5(NAMESPACE_URL, f"xero-{kind}-{name}"))


def fill(transaction: Transaction, world: World) -> None:
    """Put contacts, then invoices."""
    for company in world.companies:
        document = contact_of_company(company, world)
        transaction.put("xero.contacts", document["ContactID"], {"store": company.store, "data": document})
    for contact in world.contacts:
        if contact.company is None:
            document = contact_of_person(contact)
            transaction.put("xero.contacts", document["ContactID"], {"store": contact.store, "data": document})
    orders = {order.id: order for order in world.orders}
    for invoice in world.invoices:
        document = invoice_document(world, invoice, orders[invoice.order])
        record = {"store": orders[invoice.order].store, "order_id": invoice.order, "data": document}
        transaction.put("xero.invoices", document["InvoiceID"], record)
        if invoice.paid:
            payment = documents.payment_document(
                identifier("payment", invoice.number), "ACCRECPAYMENT", invoice.paid, at_noon(invoice.date)
            )
            payment["Invoice"] = {"InvoiceID": document["InvoiceID"], "InvoiceNumber": invoice.number}
            transaction.put("xero.payments", payment["PaymentID"], {"store": record["store"], "data": payment})


def contact_of_company(company: Company, world: World) -> Document:
    """GET /Contacts of a company, with its people as contact persons."""
    document = _contact(identifier("contact", company.id), company.name, company.email)
    people = [contact for contact in world.contacts if contact.company == company.id]
    document["ContactNumber"] = f"BC-{company.id}"
    document["TaxNumber"] = company.tax_number
    document["ContactPersons"] = [
        {"FirstName": p.first_name, "LastName": p.last_name, "EmailAddress": p.email, "IncludeInEmails": False}
        for p in people[:5]  # Xero keeps five contact persons at most
    ]
    address = company.address
    document["Addresses"] = [
        {
            "AddressType": "STREET",
            "AddressLine1": address.street,
            "City": address.city,
            "PostalCode": address.postal_code,
            "Country": address.country,
        }
    ]
    if company.payment_terms.enabled:
        document["PaymentTerms"] = {"Sales": {"Day": company.payment_terms.days, "Type": "DAYSAFTERBILLDATE"}}
    return document


def contact_of_person(contact: Contact) -> Document:
    """GET /Contacts of a private buyer."""
    name = f"{contact.first_name} {contact.last_name}"
    document = _contact(identifier("contact", f"person-{contact.id}"), name, contact.email)
    return document | {"FirstName": contact.first_name, "LastName": contact.last_name}


def _contact(contact_id: str, name: str, email: str) -> Document:
    return {
        "ContactID": contact_id,
        "ContactStatus": "ACTIVE",
        "Name": name,
        "EmailAddress": email,
        "IsSupplier": False,
        "IsCustomer": True,
        "ContactPersons": [],
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "HasAttachments": False,
        "HasValidationErrors": False,
        "UpdatedDateUTC": money.xero_date(money.now()),
    }


def invoice_document(world: World, invoice: Invoice, order: Order) -> Document:
    """GET /Invoices/{id}: the lines of the order and its shipping, tax on top of net amounts."""
    buyer = Buyer.of(world, order)
    products = {product.sku: product for product in world.products if product.store == order.store}
    tax_type = _tax_type(world, buyer)
    lines = []
    for position, line in enumerate(order.lines, 1):
        price = line.price if line.price is not None else products[line.sku].price
        description = line.name or products[line.sku].name
        drawn = _line(f"{order.id}-{position}", description, line.quantity, price, buyer.tax_rate, tax_type)
        lines.append(drawn | {"ItemCode": line.sku})
    if order.shipping:
        lines.append(_line(f"{order.id}-shipping", "Shipping", 1, order.shipping, buyer.tax_rate, tax_type))
    net = sum((money.decimal(line["LineAmount"]) for line in lines), Decimal(0))
    tax = sum((money.decimal(line["TaxAmount"]) for line in lines), Decimal(0))
    due = max(net + tax - invoice.paid, Decimal(0))
    name = buyer.company.name if buyer.company else f"{buyer.billing['first_name']} {buyer.billing['last_name']}"
    key = buyer.company.id if buyer.company else f"person-{order.contact}" if order.contact else "guest"
    return {
        "Type": "ACCREC",
        "InvoiceID": identifier("invoice", invoice.number),
        "InvoiceNumber": invoice.number,
        "Reference": order.po_number or f"Order {order.id}",
        "Contact": {"ContactID": identifier("contact", key), "Name": name},
        "Date": money.xero_date(at_noon(invoice.date)),
        "DueDate": money.xero_date(at_noon(invoice.due_date)),
        "Status": "PAID" if due == 0 else "AUTHORISED",
        "LineAmountTypes": "Exclusive",
        "LineItems": lines,
        "SubTotal": money.number(net),
        "TotalTax": money.number(tax),
        "Total": money.number(net + tax),
        "AmountDue": money.number(due),
        "AmountPaid": money.number(min(invoice.paid, net + tax)),
        "AmountCredited": 0.0,
        "CurrencyCode": next(store.currency for store in world.stores if store.key == order.store),
        "CurrencyRate": 1.0,
        "SentToContact": True,
        "HasAttachments": False,
        "HasErrors": False,
        "IsDiscounted": False,
        "Payments": [],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "UpdatedDateUTC": money.xero_date(at_noon(invoice.date)),
    }


def _tax_type(world: World, buyer: Buyer) -> str:
    if buyer.tax_rate == 0:
        return "EXEMPTOUTPUT"
    return next((rate.tax_type for rate in world.ledger.tax_rates if rate.rate == buyer.tax_rate), "OUTPUT2")


def _line(key: str, description: str, quantity: int, price: Decimal, rate: Decimal, tax_type: str) -> Document:
    net = price * quantity
    # Tax as the store rounds it, by the piece, so that both books agree to the cent.
    tax = (money.cents(price * (1 + rate)) - price) * quantity
    return {
        "LineItemID": identifier("line", key),
        "Description": description,
        "Quantity": float(quantity),
        "UnitAmount": float(price),
        "LineAmount": money.number(net),
        "TaxType": tax_type,
        "TaxAmount": money.number(tax),
        "AccountCode": SALES_ACCOUNT,
        "Tracking": [],
    }
