"""The migrations make what the tables say."""

import sqlalchemy as sql
from alembic import command

from storage.engine import with_driver
from storage.migrate import configuration


def test_migrations_equal_the_tables(database_url: str) -> None:
    engine = sql.create_engine(with_driver(database_url))
    with engine.begin() as connection:
        command.check(configuration(connection))
    engine.dispose()


def test_the_roster_can_be_taken_back_and_made_again(database_url: str) -> None:
    engine = sql.create_engine(with_driver(database_url))
    with engine.begin() as connection:
        command.downgrade(configuration(connection), "0009")
        assert "absences" not in sql.inspect(connection).get_table_names()
        command.upgrade(configuration(connection), "0010")
        assert {"absences", "extra_shifts", "presence"} <= set(sql.inspect(connection).get_table_names())
    engine.dispose()
