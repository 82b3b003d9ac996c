"""Fill the providers from a world document."""

from pathlib import Path

from simulators import money
from simulators.bigcommerce import filling as bigcommerce_filling
from simulators.qapla import filling as qapla_filling
from simulators.shipstation import filling as shipstation_filling
from simulators.state import State
from simulators.world import World
from simulators.xero import filling as xero_filling

DEMO_WORLD = Path(__file__).parent / "demo_world.json"
KEPT = {"mailbox.messages", "sequences"}
"""What stays when the world is replaced: mail that was sent, and numbers that were given out."""


def read_world(file: Path) -> World:
    """The world document in a file; raises pydantic.ValidationError naming what is wrong and where."""
    return World.model_validate_json(file.read_bytes())


def replace_world(state: State, world: World) -> None:
    """Replace everything that the providers hold, all or nothing."""
    world = world.moved_to(money.now())
    with state.transaction() as transaction:
        for collection in state.collections():
            if collection not in KEPT:
                transaction.clear(collection)
        for store in world.stores:
            transaction.put("stores", store.hash, store.model_dump(mode="json"))
        transaction.put("accounts", "shipstation", world.carriers.model_dump(mode="json"))
        transaction.put("accounts", "qapla", world.qapla.model_dump(mode="json"))
        transaction.put("accounts", "xero", world.ledger.model_dump(mode="json"))
        for provider, account in world.channels.model_dump(mode="json").items():
            transaction.put("accounts", provider, account)
        bigcommerce_filling.fill(transaction, world)
        shipstation_filling.fill(transaction, world)
        qapla_filling.fill(transaction, world)
        xero_filling.fill(transaction, world)


def empty_world() -> World:
    """One store without products, companies or orders, so that every door answers."""
    return World.model_validate(
        {"stores": [{"key": "empty", "hash": "empty", "name": "Empty store", "access_token": "empty-token"}]}
    )
