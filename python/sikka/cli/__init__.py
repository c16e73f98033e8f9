"""The command line: `sikka demo`, `sikka serve` and the others of `sikka.cli.main.COMMANDS`."""

from sikka.cli.main import main

__all__ = ["main"]
