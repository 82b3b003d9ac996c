"""Declares the return."""

from workflows._kit.contract import Unblock
from workflows._kit.process import Process
from workflows.rma.contract import DECISIONS, StartReturn
from workflows.rma.workflow import ReturnWorkflow

PROCESS = Process(
    name="rma",
    title="Return",
    description="Goods that come back: approval, label, receipt, inspection, refund or credit note, agreement of the books.",
    workflow=ReturnWorkflow,
    decisions=(*DECISIONS, Unblock),
    start=StartReturn,
)
