"""Declares the ticket."""

from workflows._kit.contract import Unblock
from workflows._kit.process import Process
from workflows.ticket.contract import DECISIONS
from workflows.ticket.workflow import TicketWorkflow

PROCESS = Process(
    name="ticket",
    title="Ticket",
    description="A customer's matter from the first message to its closing. Begun by a message, never by hand.",
    workflow=TicketWorkflow,
    decisions=(*DECISIONS, Unblock),
)
