"""Brings the database's tables to the newest shape."""

from pathlib import Path

import sqlalchemy as sql
from alembic import command
from alembic.config import Config

from storage.engine import with_driver

_ADVISORY_LOCK = 4_201_337
"""Any fixed number: two migrations at the same time wait for one another."""


def configuration(connection: sql.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str) -> None:
    """Runs every migration not yet run. Safe to call again, and from several processes at once."""
    engine = sql.create_engine(with_driver(url))
    with engine.begin() as connection:
        connection.execute(sql.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        command.upgrade(configuration(connection), "head")
    engine.dispose()
