"""The commands that connect provider accounts. Imports stay inside, as in `command_line`."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer


def connect(
    provider: Annotated[str, typer.Argument(help="bigcommerce, shipstation, qapla, xero or imap.")],
    name: Annotated[str, typer.Argument(help="The name the playbook uses; of a store its key.")],
    fields: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field, not asked for; may be repeated.")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option(help="A YAML file with fields; it keeps secrets out of the history.")
    ] = None,
    order: Annotated[str | None, typer.Option(help="BigCommerce: the order to show; the newest when not given.")] = None,
) -> None:
    """Connect a provider account: ask for it, try it, and store it sealed. Nothing is stored where something fails."""
    from workers.accounts import connecting
    from workers.accounts.fields import given_fields
    from workers.settings import load_settings

    def ask(field: str, hidden: bool) -> str:
        return typer.prompt(field.replace("_", " "), hide_input=hidden)

    given = given_fields(fields or [], from_file)
    asking = ask if sys.stdin.isatty() else None
    asyncio.run(connecting.connect(load_settings(), provider, name, given, order, asking, typer.echo))


def disconnect(
    provider: Annotated[str, typer.Argument(help="As it was connected.")],
    name: Annotated[str, typer.Argument(help="As it was connected.")],
) -> None:
    """Forget a connected account. Running processes use it until they are restarted."""
    from workers.accounts import connecting
    from workers.settings import load_settings

    asyncio.run(connecting.disconnect(load_settings(), provider, name))
    typer.echo(f"{provider}/{name} is forgotten")


def reseal() -> None:
    """Seal all connected accounts with the newest key of CASEWORK_KEY, so that older ones may be thrown away."""
    from workers.accounts import connecting
    from workers.settings import load_settings

    typer.echo(f"{asyncio.run(connecting.reseal(load_settings()))} accounts are sealed with the newest key")


ALL = (connect, disconnect, reseal)
