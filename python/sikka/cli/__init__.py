"""The command line: `sikka demo | serve | worker | migrate | merchants | keys | audit | doctor`."""

from sikka.cli.main import main

__all__ = ["main"]
