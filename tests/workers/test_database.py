"""What a command says of the database: what an operator can mend on one line, a defect as it is."""

import pytest
import sqlalchemy as sql
from sqlalchemy.exc import ProgrammingError

from workers import database
from workers.errors import CommandError
from workers.settings import load_settings


async def asked(database_url: str, statement: str) -> None:
    settings = load_settings().model_copy(update={"database_url": database_url})
    async with database.opened(settings) as opened, opened.begin() as connection:
        await connection.execute(sql.text(statement))


@pytest.mark.parametrize("statement", ["SELECT 1 FROM a_later_table", "SELECT a_later_column FROM cases"])
async def test_tables_of_another_version_are_named_so(database_url: str, statement: str) -> None:
    with pytest.raises(CommandError, match="run `casework migrate`"):
        await asked(database_url, statement)


async def test_a_statement_that_is_wrong_is_a_defect(database_url: str) -> None:
    with pytest.raises(ProgrammingError):
        await asked(database_url, "SELEKT 1")


async def test_a_database_that_is_not_there(database_url: str) -> None:
    gone = sql.make_url(database_url).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(CommandError, match=r'cannot be reached \(.*database "nowhere" does not exist\)'):
        await asked(gone, "SELECT 1")
