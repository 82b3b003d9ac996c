"""`python -m workers` is the command `casework`."""

from workers.command_line import main

main()
