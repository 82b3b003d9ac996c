"""The one error that commands show as a line instead of a traceback."""


class CommandError(Exception):
    """Something the operator can put right. The message says on one line what is wrong and what to do."""
