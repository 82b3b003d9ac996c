"""`python -m bench`: all measurements, or one: `python -m bench life --n 600`."""

import typer

from bench import actions, business_time, context, ingest, intake, lateness, life, money, returns, search

application = typer.Typer(
    help="Measure Casework on this machine. Without a command: all of it.", invoke_without_command=True, add_completion=False
)
application.command("actions")(actions.main)
application.command("life")(life.main)
application.command("intake")(intake.main)
application.command("context")(context.main)
application.command("ingest")(ingest.main)
application.command("lateness")(lateness.main)
application.command("money")(money.main)
application.command("returns")(returns.main)
application.command("search")(search.main)
application.command("business-time")(business_time.main)


@application.callback()
def everything(called: typer.Context) -> None:
    """Measure Casework on this machine. Without a command: all of it; fails when one does."""
    if called.invoked_subcommand is not None:
        return
    failed = False
    for measurement in (actions.main, life.main, intake.main):
        try:
            measurement()
        except typer.Exit as ending:
            failed = failed or bool(ending.exit_code)
    if failed:
        raise typer.Exit(1)


if __name__ == "__main__":
    application()
