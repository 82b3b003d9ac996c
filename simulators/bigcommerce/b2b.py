"""Companies, users, orders, quotes and invoices of the B2B edition's management API."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators import money
from simulators.bigcommerce.access import b2b, b2b_error, b2b_page, of_store, state_of
from simulators.state import Document

LISTED_QUOTE = (
    "quoteId company salesRep updatedAt quoteNumber status bcOrderId orderId channelName createdAt expiredAt createdBy"
    " subtotal channelId quoteTitle referenceNumber currency extraFields"
).split()
"""What the list of quotes tells of each (specification: quote.yaml)."""

ONLY_LISTED = {"quoteId", "company", "salesRep", "updatedAt"}
"""What the list tells and the single answer does not."""

NOT_LISTED = {"isInvoiceOrder", "invoiceId"}
"""What the list of orders does not tell (specification: order.yaml)."""


def _one(data: object, message: str = "SUCCESS") -> Response:
    return JSONResponse({"code": 200, "data": data, "meta": {"message": message}})


def _many(request: Request, documents: Sequence[Document]) -> Response:
    part, pagination = b2b_page(request, documents)
    return JSONResponse({"code": 200, "data": part, "meta": {"message": "SUCCESS", "pagination": pagination}})


def _company_record(request: Request, store: Document) -> Document:
    record = state_of(request).get("bigcommerce.companies", request.path_params["company_id"])
    if record is None or record["store"] != store["key"]:
        raise b2b_error(404, "Company does not exist")
    return record


async def list_companies(request: Request, store: Document) -> Response:
    """GET /companies; in the list bcGroupId is a number, in the single answer a string."""
    found = of_store(request, "companies", store)
    query = request.query_params
    if "customerId" in query:
        users = of_store(request, "users", store)
        owners = {user["companyId"] for user in users if str(user["customerId"]) == query["customerId"]}
        found = [company for company in found if company["companyId"] in owners]
    if "bcOrderId" in query:
        record = state_of(request).get("bigcommerce.orders", query["bcOrderId"])
        owner = record["b2b"]["companyId"] if record and record["store"] == store["key"] else None
        found = [company for company in found if company["companyId"] == owner]
    if "companyStatus" in query:
        found = [company for company in found if company["companyStatus"] == query["companyStatus"]]
    if "bcGroupId" in query:
        found = [company for company in found if company["bcGroupId"] == query["bcGroupId"]]
    if words := query.get("q", "").lower():
        found = [c for c in found if words in f"{c['companyName']} {c['companyEmail']} {c['companyPhone']}".lower()]
    if query.get("isIncludeExtraFields") != "1":
        found = [{name: value for name, value in c.items() if name != "extraFields"} for c in found]
    return _many(request, [{**company, "bcGroupId": int(company["bcGroupId"] or 0)} for company in found])


async def get_company(request: Request, store: Document) -> Response:
    """GET /companies/{companyId}."""
    return _one(_company_record(request, store)["data"])


async def get_credit(request: Request, store: Document) -> Response:
    """GET /companies/{companyId}/credit."""
    return _one(_company_record(request, store)["credit"])


async def get_payment_terms(request: Request, store: Document) -> Response:
    """GET /companies/{companyId}/payment-terms."""
    return _one(_company_record(request, store)["payment_terms"])


async def list_users(request: Request, store: Document) -> Response:
    """GET /users with email, companyId and q."""
    found = of_store(request, "users", store)
    query = request.query_params
    if "email" in query:
        found = [user for user in found if user["email"].lower() == query["email"].lower()]
    if "companyId" in query:
        found = [user for user in found if str(user["companyId"]) == query["companyId"]]
    if words := query.get("q", "").lower():
        found = [u for u in found if words in f"{u['firstName']} {u['lastName']} {u['email']}".lower()]
    return _many(request, found)


async def get_user_of_customer(request: Request, store: Document) -> Response:
    """GET /users/customer/{customerId}."""
    for user in of_store(request, "users", store):
        if user["customerId"] == request.path_params["customer_id"]:
            return _one(user)
    raise b2b_error(404, "User does not exist")


async def list_orders(request: Request, store: Document) -> Response:
    """GET /orders with companyId, bcOrderId and minCreated, the newest first. It has no filter by purchase order number and
    tells only the last year unless a moment is given (specification: order.yaml)."""
    records = [record for record in state_of(request).all("bigcommerce.orders") if record["store"] == store["key"]]
    query = request.query_params
    since = query.get("minCreated", str(money.unix(money.now()) - 365 * 86_400))
    if not since.isdigit():
        raise b2b_error(422, "minCreated must be a Unix timestamp")
    found = [record["b2b"] for record in records if record["b2b"]["updatedAt"] >= int(since)]
    for name in ("companyId", "bcOrderId"):
        if name in query:
            found = [order for order in found if str(order[name]) == query[name]]
    found.sort(key=lambda order: order["updatedAt"], reverse=query.get("orderBy", "DESC") == "DESC")
    left_out = NOT_LISTED if query.get("showExtra") == "true" else NOT_LISTED | {"extraFields"}
    return _many(request, [{name: value for name, value in order.items() if name not in left_out} for order in found])


async def get_order(request: Request, store: Document) -> Response:
    """GET /orders/{bcOrderId}; the specification gives a list of one."""
    record = state_of(request).get("bigcommerce.orders", request.path_params["order_id"])
    if record is None or record["store"] != store["key"]:
        raise b2b_error(404, "Order does not exist")
    # This one answer has no meta (specification: order.yaml).
    return JSONResponse({"code": 200, "data": [record["b2b"]]})


async def list_quotes(request: Request, store: Document) -> Response:
    """GET /rfq: the list sits in data.list beside data.pagination."""
    found = of_store(request, "quotes", store)
    query = request.query_params
    for name in ("quoteNumber", "quoteTitle", "company", "salesRep", "createdBy"):
        if name in query:
            found = [quote for quote in found if query[name].lower() in quote[name].lower()]
    if "status" in query:
        found = [quote for quote in found if str(quote["status"]) == query["status"]]
    if words := query.get("q", "").lower():
        found = [q for q in found if words in f"{q['quoteNumber']} {q['quoteTitle']} {q['company']}".lower()]
    part, pagination = b2b_page(request, found)
    data = {"list": [{name: quote[name] for name in LISTED_QUOTE} for quote in part], "pagination": pagination}
    return JSONResponse({"code": 200, "data": data, "message": "SUCCESS"})


async def get_quote(request: Request, store: Document) -> Response:
    """GET /rfq/{id}; the creation date in the query is demanded, as month/day/year."""
    date = request.query_params.get("date")
    if not date:
        raise b2b_error(422, "date is required")
    for quote in of_store(request, "quotes", store):
        if quote["quoteId"] == request.path_params["quote_id"]:
            created = money.parse_moment(str(quote["createdAt"]))
            if date != created.strftime("%m/%d/%Y"):
                raise b2b_error(404, "Quote does not exist")
            return _one({name: value for name, value in quote.items() if name not in ONLY_LISTED})
    raise b2b_error(404, "Quote does not exist")


async def list_invoices(request: Request, store: Document) -> Response:
    """GET /ip/invoices; customerId is the company's id there."""
    found = of_store(request, "invoices", store)
    query = request.query_params
    if "customerId" in query:
        found = [invoice for invoice in found if invoice["customerId"] == query["customerId"]]
    if "status" in query:
        found = [invoice for invoice in found if str(invoice["status"]) == query["status"]]
    if "externalId[]" in query:
        found = [invoice for invoice in found if invoice["externalId"] in query.getlist("externalId[]")]
    if words := query.get("q"):
        field = query.get("searchBy", "invoiceNumber")
        found = [invoice for invoice in found if words.lower() in str(invoice.get(field, "")).lower()]
    return _many(request, found)


async def list_receipt_lines(request: Request, store: Document) -> Response:
    """GET /ip/receipt-lines; it cannot be searched by the number of an invoice, only by its id."""
    found = of_store(request, "receipt_lines", store)
    query = request.query_params
    if words := query.get("q"):
        field = query.get("searchBy", "invoiceId")
        found = [line for line in found if words == str(line.get(field, ""))]
    return _many(request, found)


def routes() -> list[Route]:
    """The routes below `/bigcommerce/b2b/api/v3/io`."""
    company = "/companies/{company_id:int}"
    return [
        Route("/companies", b2b("companies", list_companies), methods=["GET"]),
        Route(company, b2b("company", get_company), methods=["GET"]),
        Route(f"{company}/credit", b2b("company_credit", get_credit), methods=["GET"]),
        Route(f"{company}/payment-terms", b2b("payment_terms", get_payment_terms), methods=["GET"]),
        Route("/users", b2b("users", list_users), methods=["GET"]),
        Route("/users/customer/{customer_id:int}", b2b("users", get_user_of_customer), methods=["GET"]),
        Route("/orders", b2b("b2b_orders", list_orders), methods=["GET"]),
        Route("/orders/{order_id:int}", b2b("b2b_order", get_order), methods=["GET"]),
        Route("/rfq", b2b("quotes", list_quotes), methods=["GET"]),
        Route("/rfq/{quote_id:int}", b2b("quote", get_quote), methods=["GET"]),
        Route("/ip/receipt-lines", b2b("receipt_lines", list_receipt_lines), methods=["GET"]),
        Route("/ip/invoices", b2b("invoices", list_invoices), methods=["GET"]),
    ]
