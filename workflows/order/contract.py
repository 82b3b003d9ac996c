"""The order lane. Its update `settle` takes a SettlementRequest and answers a SettlementResult; both are in activities/lanes.

Workflow id `order-<store>-<order>`: made and named by `activities.lanes.models.lane_id`.
"""

from pydantic import BaseModel, ConfigDict


class LaneInput(BaseModel):
    model_config = ConfigDict(frozen=True)

    store: str
    order_id: str
