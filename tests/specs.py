"""The providers' official specifications as judges of requests and answers, for simulators and clients alike.

The files are not part of the project: the folder is read from CASEWORK_SPECS, by default `../shared/specs` beside the
project. Without it `judge` and whatever needs it are skipped. What is repaired at load time, and why, is said at each
repair. A client test hangs the judge below its own client:

    httpx.AsyncClient(transport=JudgedTransport(httpx.AsyncHTTPTransport()))
"""

import functools
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

FOLDER = Path(os.environ.get("CASEWORK_SPECS") or Path(__file__).parents[2] / "shared" / "specs")
SERVER = "http://provider"
UNDECLARED = {400, 401, 403, 404, 409, 422, 429, 500, 503}
"""Statuses that a specification may leave out; an answer with one of these is let through where it is not declared."""

_REMOTE = "https://raw.githubusercontent.com/bigcommerce/docs/main/"
_B2B = "docs/b2b-edition/specs/api-v3"

FILES: dict[str, tuple[str, ...]] = {
    "bigcommerce-v2": (
        "bigcommerce/reference/orders.v2.oas2.yml",
        "bigcommerce/reference/customers.v2.yml",
        "bigcommerce/reference/store_information.v2.yml",
    ),
    "bigcommerce-v3": (
        "bigcommerce/reference/orders.v3.yml",
        "bigcommerce/reference/customers.v3.yml",
        "bigcommerce/reference/webhooks.v3.yml",
        "bigcommerce/reference/channels.v3.yml",
        "bigcommerce/reference/inventory.v3.yml",
        "bigcommerce/reference/catalog/products_catalog.v3.yml",
        "bigcommerce/reference/catalog/product-variants_catalog.v3.yml",
    ),
    "bigcommerce-b2b": tuple(
        f"bigcommerce/{_B2B}/{name}"
        for name in ("company/company.yaml", "payment/payment.yaml", "user/user.yaml", "order/order.yaml", "quote/quote.yaml")
    ),
    "bigcommerce-b2b-invoices": (f"bigcommerce/{_B2B}/invoice-management.yaml",),
    "shipstation": ("carriers/shipengine/openapi.yaml",),
    "xero": ("xero/xero_accounting.yaml",),
    "threecx": ("channels/3cx/xapi.calls.yaml",),
    "twilio": ("channels/twilio/twilio_api_v2010.messages.json",),
    "whatsapp": ("channels/whatsapp/business-messaging-api_v23.0.messages.yaml",),
}

_DOORS = (
    (re.compile(r"/twilio(?P<path>/2010-04-01/.*)$"), "twilio"),
    (re.compile(r"/whatsapp(?P<path>/v\d+\.\d+/.*)$"), "whatsapp"),
    (re.compile(r"/stores/[^/]+/v2(?P<path>/.*)$"), "bigcommerce-v2"),
    (re.compile(r"/stores/[^/]+/v3(?P<path>/.*)$"), "bigcommerce-v3"),
    (re.compile(r"/api/v3/io/ip(?P<path>/.*)$"), "bigcommerce-b2b-invoices"),
    (re.compile(r"/api/v3/io(?P<path>/.*)$"), "bigcommerce-b2b"),
    (re.compile(r"/api\.xro/2\.0(?P<path>/.*)$"), "xero"),
    (re.compile(r"/xapi/v1(?P<path>/.*)$"), "threecx"),
    (re.compile(r"(?P<path>/v1/.*)$"), "shipstation"),
)


_UNSPECIFIED = re.compile(r"/qapla/")
"""Qapla' publishes samples and no specification; `qapla_sample` has those."""


def qapla_sample(name: str) -> Any:
    """A sample payload that Qapla' publishes."""
    return json.loads((FOLDER / "carriers" / "qapla" / name).read_bytes())


@dataclass(frozen=True)
class Specification:
    """One specification file: as openapi-core reads it, and as a plain document."""

    file: str
    openapi: OpenAPI
    document: dict[str, Any]


def available() -> bool:
    """Whether the folder of specifications is there."""
    return FOLDER.is_dir()


def require() -> None:
    """Skip the running test where the specifications are not there."""
    if not available():
        pytest.skip(f"the official specifications are not there: set CASEWORK_SPECS (looked in {FOLDER})")


@functools.cache
def specifications(provider: str) -> tuple[Specification, ...]:
    """The specifications of a provider: a key of FILES."""
    return tuple(_load(name) for name in FILES[provider])


def _load(name: str) -> Specification:
    path = FOLDER / name
    document = _inlined(_read(path), path)
    document["servers"] = [{"url": SERVER}]
    for item in document["paths"].values():
        item.pop("servers", None)
    _repair(document, path.name)
    _walk(document, "")
    # No check of the specification itself: several break the rules of OpenAPI in places that do not matter here.
    config = Config(spec_validator_cls=None)  # pyright: ignore[reportArgumentType]
    return Specification(name, OpenAPI.from_dict(document, config=config), document)


@functools.cache
def _read(path: Path) -> Any:
    if path.suffix == ".json":
        return json.loads(path.read_bytes())  # pairs of surrogates in escapes are JSON and no YAML
    return yaml.load(path.read_bytes(), yaml.CSafeLoader)


def _inlined(value: Any, path: Path) -> Any:
    """References to other files put in place; the B2B files refer to each other and to their own repository."""
    if isinstance(value, list):
        return [_inlined(item, path) for item in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if not isinstance(reference, str) or reference.startswith("#"):
        return {str(key): _inlined(item, path) for key, item in value.items()}
    file, _, fragment = reference.partition("#")
    root = FOLDER / "bigcommerce"
    target = root / file[len(_REMOTE) :] if file.startswith(_REMOTE) else (path.parent / file).resolve()
    found = _read(target)
    for key in filter(None, fragment.split("/")):
        found = found[key]
    return _inlined(found, target)


def _repair(document: dict[str, Any], name: str) -> None:
    components = document.get("components", {})
    if name == "orders.v3.yml":
        # Its oneOf refuses every ORDER and FEE item, because two branches match.
        items = components["schemas"]["ItemsRefund"]
        items["anyOf"] = items.pop("oneOf")
    if name == "orders.v2.oas2.yml":
        # The enum lists bare names only, though field:asc is the documented way.
        components["parameters"]["sort"]["schema"].pop("enum")
    if name in ("orders.v2.oas2.yml", "customers.v2.yml"):
        for path in document["paths"].values():
            # V2 lists answer 204 past their end; the files say so for shipments only.
            if "get" in path:
                path["get"]["responses"].setdefault("204", {"description": "nothing on this page"})
    if name in ("company.yaml", "order.yaml", "quote.yaml", "user.yaml", "payment.yaml", "invoice-management.yaml"):
        # Security stands as OR with the deprecated token, or with a misspelt name; both headers are what is sent.
        schemes = {header: {"type": "apiKey", "in": "header", "name": header} for header in ("X-Auth-Token", "X-Store-Hash")}
        document.setdefault("components", {})["securitySchemes"] = schemes
        document["security"] = [{header: [] for header in schemes}]
        for path in document["paths"].values():
            for operation in path.values():
                if isinstance(operation, dict):
                    operation.pop("security", None)
    if name == "business-messaging-api_v23.0.messages.yaml":
        # Each kind of message forbids the fields that all have, so that no message would be valid.
        _drop_closed(document)
    if name in ("invoice-management.yaml", "webhooks.v3.yml"):
        # Their lists demand an element, yet a search may find none.
        for path in document["paths"].values():
            _drop_fewest(path.get("get", {}).get("responses"))
        _drop_fewest(components.get("responses"))
    if name == "openapi.yaml":
        # ShipStation composes with allOf while both sides forbid further fields, so that no body would be valid.
        _drop_closed(document)


def _drop_fewest(value: Any) -> None:
    if isinstance(value, dict):
        value.pop("minItems", None)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _drop_fewest(item)


def _drop_closed(value: Any) -> None:
    if isinstance(value, dict):
        if value.get("additionalProperties") is False:
            del value["additionalProperties"]
        if value.get("type") == "boolean,":
            value["type"] = "boolean"
        if value.get("nullable") and "allOf" in value:
            # nullable stands beside allOf whose branches are not, which would forbid the null that it allows.
            value["anyOf"] = [{"nullable": True, "enum": [None]}, {"allOf": value.pop("allOf")}]
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _drop_closed(item)


def _walk(value: Any, key: str | int) -> None:
    if isinstance(value, dict):
        if key == "consignments" and "oneOf" in value:
            # A link to consignments also passes as consignments, so that oneOf would refuse every order.
            value["anyOf"] = value.pop("oneOf")
        if key == "cartId" and value.get("type") == "integer":
            value["type"] = "string"
        if value.get("format") == "time":
            # The B2B files say "time" and mean Unix seconds.
            del value["format"]
        if isinstance(value.get("examples"), list):
            del value["examples"]
        if value.get("type") == "integer" and isinstance(value.get("default"), str):
            value["default"] = int(value["default"])
        if value.get("type") == "array" and "default" in value and not isinstance(value["default"], list):
            value["default"] = [value["default"]]
        for exclusive, limit in (("exclusiveMaximum", "maximum"), ("exclusiveMinimum", "minimum")):
            if isinstance(value.get(exclusive), bool) and limit not in value:
                del value[exclusive]
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for name, item in items:
        _walk(item, name)


def door(url: httpx.URL) -> tuple[str, str]:
    """Which provider's specifications a URL belongs to, and its path there; raises LookupError for a foreign one."""
    for pattern, provider in _DOORS:
        if match := pattern.search(url.path):
            return provider, match["path"]
    raise LookupError(f"{url} belongs to no specification")


def judge(request: httpx.Request, response: httpx.Response) -> None:
    """Raise AssertionError where a request or its answer breaks the provider's specification.

    The response must have been read. Beyond the specification's own demands, fields that it does not document are
    refused in a successful answer. Bodies other than JSON are not looked into.
    """
    provider, path = door(request.url)
    asked = MockRequest(
        SERVER,
        request.method.lower(),
        path,
        args=dict(parse_qsl(request.url.query.decode(), keep_blank_values=True)),
        headers=dict(request.headers),
        data=request.content or None,
        content_type=request.headers.get("content-type", "application/json"),
    )
    specification = _specification_of(provider, asked, request)
    refused = response.status_code >= 400
    try:
        if not refused:
            specification.openapi.validate_request(asked)
        schema = response_schema(specification, request.method, path, response.status_code)
        if schema is None and (response.status_code in UNDECLARED or not _is_json(response)):
            return
        if not response.content and response.status_code == 204:
            return
        answered = MockResponse(
            response.content, response.status_code, dict(response.headers), response.headers.get("content-type", "")
        )
        if _is_json(response):
            specification.openapi.validate_response(asked, answered)
    except OpenAPIError as error:
        raise AssertionError(f"{request.method} {request.url} {response.status_code}: {_told(error)}") from error
    if not refused and schema is not None and _is_json(response):
        unknown = list(undocumented(specification, schema, response.json()))
        assert not unknown, f"{request.method} {request.url}: not in {specification.file}: {', '.join(unknown)}"


def _told(error: BaseException) -> str:
    causes = [getattr(found, "message", str(found)) for found in getattr(error.__cause__, "schema_errors", ())]
    return "; ".join(causes) or f"{error!r} {error.__cause__!r}"


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def _specification_of(provider: str, asked: MockRequest, request: httpx.Request) -> Specification:
    for specification in specifications(provider):
        if _operation(specification, request.method, asked.path) is not None:
            return specification
    raise AssertionError(f"{request.method} {request.url} is in no specification of {provider}")


def _operation(specification: Specification, method: str, path: str) -> dict[str, Any] | None:
    best: dict[str, Any] | None = None
    fewest = 99
    for template, item in specification.document["paths"].items():
        pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in item and template.count("{") < fewest:
            best, fewest = item[method.lower()], template.count("{")
    return best


def response_schema(specification: Specification, method: str, path: str, status: int) -> dict[str, Any] | None:
    """The schema that a specification gives for an answer, or None where it gives none."""
    operation = _operation(specification, method, path) or {}
    response = resolved(specification, operation.get("responses", {}).get(str(status)))
    content = response.get("content", {})
    media = next((content[kind] for kind in content if "json" in kind), None)
    return media.get("schema") if media else None


def resolved(specification: Specification, value: Any) -> dict[str, Any]:
    """A schema or component with its local reference followed."""
    while isinstance(value, dict) and "$ref" in value:
        found: Any = specification.document
        for key in value["$ref"][2:].split("/"):
            found = found[key.replace("~1", "/").replace("~0", "~")]
        value = found
    return value or {}


def documented(specification: Specification, schema: Any) -> dict[str, list[Any]]:
    """Every field that a schema documents, over all branches of allOf, oneOf and anyOf, with its schemas."""
    schema = resolved(specification, schema)
    fields: dict[str, list[Any]] = {}
    for name, field in (schema.get("properties") or {}).items():
        fields.setdefault(name, []).append(field)
    for joint in ("allOf", "oneOf", "anyOf"):
        for branch in schema.get(joint) or ():
            for name, found in documented(specification, branch).items():
                fields.setdefault(name, []).extend(found)
    return fields


def elements(specification: Specification, schema: Any) -> list[Any]:
    """The schemas that an array schema gives for its elements, over all branches."""
    schema = resolved(specification, schema)
    found = [schema["items"]] if schema.get("items") else []
    for joint in ("allOf", "oneOf", "anyOf"):
        for branch in schema.get(joint) or ():
            found += elements(specification, branch)
    return found


def undocumented(specification: Specification, schema: Any, value: Any, where: str = "") -> Iterator[str]:
    """The fields of a JSON value that its schema does not know, by their place."""
    if isinstance(value, list):
        inner = elements(specification, schema)
        for item in value[:3] if inner else ():
            yield from undocumented(specification, {"allOf": inner}, item, f"{where}[]")
    elif isinstance(value, dict):
        fields = documented(specification, schema)
        for name, item in value.items() if fields else ():
            if name not in fields:
                yield f"{where}.{name}"
            else:
                yield from undocumented(specification, {"allOf": fields[name]}, item, f"{where}.{name}")


def absent(specification: Specification, schema: Any, value: dict[str, Any]) -> set[str]:
    """The documented fields that a JSON object leaves out."""
    return set(documented(specification, schema)) - set(value)


class JudgedTransport(httpx.AsyncBaseTransport):
    """An httpx transport that judges every exchange; statuses in `let_through` are not judged (faults)."""

    def __init__(self, inner: httpx.AsyncBaseTransport, let_through: Iterable[int] = (429, 500, 503)) -> None:
        self._inner = inner
        self._let_through = set(let_through)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, read and judge."""
        await request.aread()
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if available() and response.status_code not in self._let_through and not _UNSPECIFIED.search(request.url.path):
            judge(request, response)
        return response

    async def aclose(self) -> None:
        """Close the transport below."""
        await self._inner.aclose()
