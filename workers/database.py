"""The database as a command meets it: opened for one piece of work, its failures said on one line."""

import contextlib
from collections.abc import AsyncIterator, Iterator

from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import OperationalError, ProgrammingError

from storage.engine import Database, open_database
from workers.errors import CommandError
from workers.settings import Settings, require_database_url


def on_one_line(error: BaseException | None) -> str:
    """What PostgreSQL's client says over several lines, the first of which names the reason."""
    return " ".join(line.strip() for line in str(error).splitlines())


@contextlib.contextmanager
def failures_told() -> Iterator[None]:
    """Raises CommandError in place of what the database raises where it cannot be reached or is of another version. Anything
    else is a defect, and goes on."""
    try:
        yield
    except OperationalError as error:
        raise CommandError(
            f"the database cannot be reached ({on_one_line(error.orig)}); correct CASEWORK_DATABASE_URL"
        ) from error
    except ProgrammingError as error:
        if not isinstance(error.orig, UndefinedColumn | UndefinedTable):
            raise
        raise CommandError("the database lacks tables of this version; run `casework migrate`") from error


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database of these settings, closed at the end of the block. Raises CommandError as `failures_told` does."""
    database = open_database(require_database_url(settings))
    try:
        with failures_told():
            yield database
    finally:
        await database.close()
