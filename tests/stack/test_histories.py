"""What an operator reads in Temporal: every step of a case says what it is, and the details say where the case stands."""

import asyncio

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle

from tests.stack.clients import HAMBURG, Api, Simulators, unique
from tests.stack.goods_back import GoodsBack
from tests.stack.running import Running

STEPS = (
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_MARKER_RECORDED,
)
"""Activities, timers, and local activities, which leave a marker."""

pytestmark = pytest.mark.stack


async def _handle(stack: Running, workflow_id: str) -> WorkflowHandle:
    client = await Client.connect(f"127.0.0.1:{stack.ports.temporal}")
    return client.get_workflow_handle(workflow_id)


def _summary(event: HistoryEvent) -> str:
    return event.user_metadata.summary.data.decode().strip('"')


async def _summaries(handle: WorkflowHandle) -> list[str]:
    """The summary of every step."""
    return [_summary(event) async for event in handle.fetch_history_events() if event.event_type in STEPS]


async def _details(handle: WorkflowHandle) -> str:
    """The current details, as the Web UI asks for them."""
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


async def test_ticket_reads_like_a_case_file(stack: Running, api: Api) -> None:
    subject = f"Where is order 10404? {unique()}"

    def lead() -> dict[str, str]:
        ticket = api.opened(api.say("It is late.", subject=subject))
        api.applied(ticket["id"], "reply", text="It comes on Monday.")
        api.applied(ticket["id"], "snooze", until="2100-01-01T08:00:00Z")
        return ticket

    ticket = await asyncio.to_thread(lead)
    handle = await _handle(stack, ticket["workflow_id"])
    summaries = await _summaries(handle)
    assert all(summaries), summaries
    assert "Read, triage and look up the order" in summaries
    assert "Send admin's reply" in summaries
    assert any("due" in summary and "UTC; look again" in summary for summary in summaries), "a timer says what it waits for"
    assert await (await handle.describe()).static_summary() == f"ticket {ticket['number']} of northwind-tools"
    details = await _details(handle)
    assert f"Ticket {ticket['number']}: wismo, order 10404, " in details
    written = str((await handle.fetch_history()).to_json())
    assert subject not in written, "what a customer wrote enters no history"
    assert "It comes on Monday" not in written, "nor what an agent wrote"
    assert "snoozed (waiting)" in details
    assert any(f"Owner: {owner}, queue delivery" in details for owner in HAMBURG)
    assert "resolution: due" in details


async def test_return_reads_like_a_case_file(stack: Running, api: Api, simulators: Simulators) -> None:
    def lead() -> GoodsBack:
        returning = GoodsBack(api, simulators, 10414, lines=1)
        returning.approve()
        return returning

    returning = await asyncio.to_thread(lead)
    handle = await _handle(stack, f"rma-{returning.number}")
    summaries = await _summaries(handle)
    assert all(summaries), summaries
    assert "Buy the return label and mail it to the customer" in summaries
    assert any(summary.startswith("approval due") for summary in summaries), "a timer says what it waits for"
    details = await _details(handle)
    assert "awaiting goods (open)" in details
    assert "parcel: due" in details
