"""What a result of HTTP means for the next attempt, and the words of each provider."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from activities._kit import http
from activities._kit.errors import Ambiguous, NeedsOperator, NotSupported, OutsideError, Rejected, Transient
from activities._kit.http import Call, Dialect
from activities.bigcommerce.dialect import DIALECT as BIGCOMMERCE
from activities.carriers.shipstation import DIALECT as SHIPSTATION
from activities.finance.dialect import DIALECT as XERO

NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
CUT_OFF = (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError, httpx.WriteTimeout)


def answer(status: int, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def failure(call: Call, result: httpx.Response | httpx.RequestError, dialect: Dialect = BIGCOMMERCE) -> OutsideError:
    return http.outside_error(dialect, call, result)


@pytest.mark.parametrize("call", list(Call))
@pytest.mark.parametrize("error", NOTHING_SENT)
def test_nothing_was_sent(call: Call, error: type[httpx.TransportError]) -> None:
    assert type(failure(call, error("no way"))) is Transient


@pytest.mark.parametrize("error", CUT_OFF)
def test_a_cut_connection_leaves_a_write_open(error: type[httpx.TransportError]) -> None:
    assert type(failure(Call.WRITE, error(""))) is Ambiguous
    assert type(failure(Call.SAFE, error(""))) is Transient


@pytest.mark.parametrize(
    ("status", "of_read", "of_write"),
    [
        (400, Rejected, Rejected),
        (401, NeedsOperator, NeedsOperator),
        (403, NeedsOperator, NeedsOperator),
        (404, Rejected, Rejected),
        (408, Transient, Ambiguous),
        (422, Rejected, Rejected),
        (429, Transient, Transient),
        (500, Transient, Ambiguous),
        (502, Transient, Ambiguous),
        (503, Transient, Ambiguous),
        (504, Transient, Ambiguous),
    ],
)
def test_statuses(status: int, of_read: type[OutsideError], of_write: type[OutsideError]) -> None:
    assert type(failure(Call.SAFE, answer(status))) is of_read
    assert type(failure(Call.WRITE, answer(status))) is of_write


def test_a_redirect_is_a_wrong_address() -> None:
    moved = httpx.Response(301, headers={"Location": "http://elsewhere/"})
    assert type(failure(Call.WRITE, moved)) is NeedsOperator


def test_what_retries_and_what_does_not() -> None:
    retried = [error for error in (Transient, Ambiguous, Rejected, NeedsOperator, NotSupported) if not error("").non_retryable]
    assert retried == [Transient, Ambiguous]


@pytest.mark.parametrize(
    ("dialect", "headers", "seconds"),
    [
        (BIGCOMMERCE, {"X_Rate_Limit_Time_Reset_Ms": "4000"}, 4),
        (BIGCOMMERCE, {"X_Retry_After": "7"}, 7),
        (SHIPSTATION, {"Retry_After": "30"}, 30),
        (XERO, {"Retry_After": "12"}, 12),
    ],
)
def test_the_providers_pause_and_a_little_more(dialect: Dialect, headers: dict[str, str], seconds: int) -> None:
    pause = failure(Call.WRITE, answer(429, {}, **headers), dialect).next_retry_delay
    assert pause is not None
    assert timedelta(seconds=seconds) <= pause <= timedelta(seconds=seconds * 1.25)


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "soon"}])
def test_no_readable_pause_leaves_it_to_the_retry_policy(headers: dict[str, str]) -> None:
    assert failure(Call.SAFE, answer(429, {}, **headers)).next_retry_delay is None


@pytest.mark.parametrize(
    ("dialect", "body", "words"),
    [
        (BIGCOMMERCE, [{"status": 404, "message": "The requested resource was not found."}], "resource was not found"),
        (BIGCOMMERCE, {"status": 422, "title": "Invalid", "errors": {"key": "key is required"}}, "Invalid; key is required"),
        (BIGCOMMERCE, {"data": [{"status": 422, "title": "Exceeds the refundable amount"}]}, "Exceeds the refundable"),
        (BIGCOMMERCE, {"data": [{"order_id": 1, "status": 503, "error": "Busy"}], "meta": {}}, "Busy"),
        (BIGCOMMERCE, {"code": 400, "data": {"errMsg": {"company_id": "unknown"}}, "meta": {}}, "company_id: unknown"),
        (SHIPSTATION, {"errors": [{"error_code": "invalid_address", "message": "No such street"}]}, "No such street"),
        (XERO, {"Message": "A", "Elements": [{"ValidationErrors": [{"Message": "Period locked"}]}]}, "Period locked"),
        (XERO, {"Title": "Unauthorized", "Detail": "TokenExpired"}, "TokenExpired"),
    ],
)
def test_the_providers_own_words(dialect: Dialect, body: Any, words: str) -> None:
    assert words in failure(Call.WRITE, answer(422, body), dialect).message


def test_words_that_are_no_json() -> None:
    for dialect in (BIGCOMMERCE, SHIPSTATION, XERO):
        assert "gone fishing" in failure(Call.SAFE, httpx.Response(404, text="gone fishing"), dialect).message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"error_code": "rate_limit_exceeded"}, Transient),
        ({"error_code": "insufficient_funds"}, NeedsOperator),
        ({"error_code": "carrier_disconnected"}, NeedsOperator),
        ({"error_code": "return_label_not_supported"}, NotSupported),
        ({"error_code": "no_rates_returned"}, Rejected),
        ({"error_code": "unspecified", "error_source": "carrier", "error_type": "system"}, Ambiguous),
    ],
)
def test_shipstation_says_more_by_its_codes(error: dict[str, str], expected: type[OutsideError]) -> None:
    assert type(failure(Call.WRITE, answer(400, {"errors": [error]}), SHIPSTATION)) is expected


def test_an_offline_organisation_is_left_alone_for_minutes() -> None:
    offline = failure(Call.WRITE, httpx.Response(503, text="The organisation is offline"), XERO)
    assert isinstance(offline, Transient)
    assert offline.next_retry_delay is not None
    assert offline.next_retry_delay >= timedelta(minutes=2)


async def test_a_refused_connection_to_a_real_port() -> None:
    async with http.open_client() as client:
        with pytest.raises(Transient):
            await http.send(client, BIGCOMMERCE, Call.WRITE, "POST", "http://127.0.0.1:9/")


def test_a_store_that_answers_xml_says_so() -> None:
    told = httpx.Response(200, content=b"<order/>", headers={"content-type": "application/xml"})
    with pytest.raises(Transient, match="the answer is application/xml, not JSON"):
        http.read_json(BIGCOMMERCE, Call.SAFE, told)


def test_something_between_that_answers_for_the_provider() -> None:
    page = httpx.Response(200, text="<html>Please sign in</html>")
    with pytest.raises(Ambiguous, match="not JSON"):
        http.read_json(XERO, Call.WRITE, page)
    with pytest.raises(Transient, match="not JSON"):
        http.read_json(XERO, Call.SAFE, page)
