"""How each provider says no: 429 and 500 in its own words and with its own headers."""

from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse, Response

RETRY_SECONDS = 2

_TOO_MANY: dict[str, Any] = {
    "qapla": {"error": {"result": "KO", "error": "Too Many Requests"}},
    "twilio": {"code": 20429, "message": "Too Many Requests", "status": 429},
    "whatsapp": {"error": {"message": "Rate limit hit", "type": "OAuthException", "code": 130429}},
    "ebay": {"errors": [{"errorId": 2001, "domain": "ACCESS", "message": "Too many requests."}]},
    "tiktok": {"code": 36009002, "message": "Too many requests"},
    "ringcentral": {"errorCode": "CMN-301", "message": "Request rate exceeded"},
    "threecx": {"error": {"code": "TooManyRequests", "message": "The request could not be served."}},
}
_BROKEN: dict[str, Any] = {
    "qapla": {"error": {"result": "KO", "error": "Internal Server Error"}},
    "twilio": {"code": 20500, "message": "An internal server error has occurred", "status": 500},
    "whatsapp": {"error": {"message": "Something went wrong", "type": "OAuthException", "code": 131000}},
    "ebay": {"errors": [{"errorId": 2003, "domain": "ACCESS", "message": "Internal error"}]},
    "tiktok": {"code": 36009003, "message": "Internal error"},
    "ringcentral": {"errorCode": "CMN-201", "message": "Service Temporary Unavailable"},
    "threecx": {"error": {"code": "InternalServerError", "message": "The request could not be served."}},
}


def rate_limited(provider: str) -> Response:
    """429 as the provider sends it, asking for a pause of two seconds."""
    if provider == "bigcommerce":
        headers = {
            "X-Rate-Limit-Time-Window-Ms": "30000",
            "X-Rate-Limit-Time-Reset-Ms": str(RETRY_SECONDS * 1000),
            "X-Rate-Limit-Requests-Quota": "150",
            "X-Rate-Limit-Requests-Left": "0",
            "X-Retry-After": str(RETRY_SECONDS),
        }
        body: Any = {"status": 429, "title": "Too many requests", "type": "https://developer.bigcommerce.com/errors"}
        return JSONResponse(body, 429, headers)
    if provider == "xero":
        headers = {
            "Retry-After": str(RETRY_SECONDS),
            "X-Rate-Limit-Problem": "minute",
            "X-MinLimit-Remaining": "0",
            "X-DayLimit-Remaining": "4000",
            "X-AppMinLimit-Remaining": "9000",
        }
        return Response("", 429, headers)
    if provider in _TOO_MANY:
        return JSONResponse(_TOO_MANY[provider], 429, {"Retry-After": str(RETRY_SECONDS)})
    return JSONResponse(
        shipstation_error("rate_limit_exceeded", "API rate limit exceeded"), 429, {"Retry-After": str(RETRY_SECONDS)}
    )


def server_error(provider: str) -> Response:
    """500 in the provider's own form; nothing was done."""
    if provider == "bigcommerce":
        return JSONResponse({"status": 500, "title": "Internal Server Error", "type": "about:blank"}, 500)
    if provider == "xero":
        body = {"ErrorNumber": 500, "Type": "InternalException", "Message": "An error occurred in Xero."}
        return JSONResponse(body, 500)
    if provider in _BROKEN:
        return JSONResponse(_BROKEN[provider], 500)
    return JSONResponse(shipstation_error("unspecified", "An internal error occurred", error_type="system"), 500)


def shipstation_error(code: str, message: str, field: str | None = None, error_type: str = "business_rules") -> dict[str, Any]:
    """The error document of ShipStation (specification: error_response_body)."""
    error = {"error_source": "shipengine", "error_type": error_type, "error_code": code, "message": message}
    if field:
        error["field_name"] = field
    return {"request_id": str(uuid4()), "errors": [error]}
