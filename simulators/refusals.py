"""How each provider says no: 429 and 500 in its own words and with its own headers."""

from typing import Any
from uuid import uuid4

from starlette.responses import JSONResponse, Response

RETRY_SECONDS = 2


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
    if provider == "ringcentral":
        return JSONResponse(
            {"errorCode": "CMN-301", "message": "Request rate exceeded"}, 429, {"Retry-After": str(RETRY_SECONDS)}
        )
    if provider == "threecx":
        return JSONResponse(_threecx_error("TooManyRequests"), 429, {"Retry-After": str(RETRY_SECONDS)})
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
    if provider == "ringcentral":
        return JSONResponse({"errorCode": "CMN-201", "message": "Service Temporary Unavailable"}, 500)
    if provider == "threecx":
        return JSONResponse(_threecx_error("InternalServerError"), 500)
    return JSONResponse(shipstation_error("unspecified", "An internal error occurred", error_type="system"), 500)


def _threecx_error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "The request could not be served."}}


def shipstation_error(code: str, message: str, field: str | None = None, error_type: str = "business_rules") -> dict[str, Any]:
    """The error document of ShipStation (specification: error_response_body)."""
    error = {"error_source": "shipengine", "error_type": error_type, "error_code": code, "message": message}
    if field:
        error["field_name"] = field
    return {"request_id": str(uuid4()), "errors": [error]}
