"""`python -m sikka` is `sikka`."""

from sikka.cli import main

main()
