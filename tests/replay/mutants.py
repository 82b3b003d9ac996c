"""Workflows with a change that open cases would not survive. The gate must catch each of them."""

from temporalio import workflow

from activities.bigcommerce.models import Refund
from activities.lanes.models import SettlementRequest
from activities.records.models import READ_MESSAGE, MessageFacts, MessageReference
from workflows._kit.calls import look_up, look_up_patiently
from workflows._kit.contract import TASK_QUEUE, CaseInput
from workflows.order.contract import LaneInput
from workflows.order.workflow import OrderLane
from workflows.ticket.workflow import TicketWorkflow


@workflow.defn(name="ticket")
class Unchanged(TicketWorkflow):
    """No change: what the gate must let pass."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> str:
        return await self.live()


@workflow.defn(name="ticket")
class AsksOnceMore(TicketWorkflow):
    """Has a look-up added."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> str:
        reference = MessageReference(case_id=start.case_id, message_id=start.case_id, store=start.store)
        await look_up(READ_MESSAGE, reference, MessageFacts, "One look more")
        return await self.live()


@workflow.defn(name="ticket")
class ShowsByActivity(TicketWorkflow):
    """Publishes by a normal activity where it was a local one."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> str:
        return await self.live()

    async def _publish(self) -> None:
        await look_up_patiently("records.publish", self._publication(), None, TASK_QUEUE, "Show")


@workflow.defn(name="ticket")
class ForgetsTime(TicketWorkflow):
    """Starts no timer."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> str:
        return await self.live()

    async def _wait(self) -> None:
        await workflow.wait_condition(lambda: bool(self._arrived or self._learned or self._finished))


@workflow.defn(name="ticket")
class NeverContinues(TicketWorkflow):
    """Ends where it would continue as new."""

    @workflow.init
    def __init__(self, start: CaseInput) -> None:
        super().__init__(start)

    @workflow.run
    async def run(self, start: CaseInput) -> str:
        return await self.live()

    def is_over(self) -> bool:
        return super().is_over() or workflow.info().is_continue_as_new_suggested()


@workflow.defn(name="order")
class CreditsBeforeRefunding(OrderLane):
    """Writes the credit note before it refunds."""

    @workflow.init
    def __init__(self, lane: LaneInput) -> None:
        super().__init__(lane)

    @workflow.run
    async def run(self, lane: LaneInput) -> int:
        return await super().run(lane)

    async def _refund(self, request: SettlementRequest) -> Refund:
        await self._credit(request, None)
        return await super()._refund(request)


MUTANTS: dict[type, str] = {
    AsksOnceMore: "ticket",
    ShowsByActivity: "ticket",
    ForgetsTime: "ticket",
    NeverContinues: "ticket",
    CreditsBeforeRefunding: "order",
}
"""By the process whose workflow they change."""
