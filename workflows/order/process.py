"""Declares the order lane."""

from workflows._kit.process import Process
from workflows.order.workflow import OrderLane

PROCESS = Process(
    name="order",
    title="Order lane",
    description="All refunds and credit notes of one order, one at a time. Begun by a return, never by hand.",
    workflow=OrderLane,
    decisions=(),
)
