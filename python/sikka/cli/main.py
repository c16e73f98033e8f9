"""The command `sikka`: what there is, and the settings that every command shares."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

import sikka
from sikka.cli.exits import Exit, ended_by
from sikka.settings import Settings

# Command -> the module that holds it under the same name. A module is imported when it is
# needed: `sikka --help` should not wait for the whole gateway.
COMMANDS = {
    "demo": "Take one UPI payment from request to webhook, all in one process.",
    "serve": "Serve the API.",
    "worker": "Deliver webhooks, check and expire payments.",
    "migrate": "Bring the database to the present schema.",
    "merchants": "Create, list and show merchants.",
    "keys": "Create, list and revoke API keys; make a master key.",
    "audit": "Verify and read the audit trail.",
    "fraud": "Train, judge and promote models of fraud; say what was fraud.",
    "doctor": "Say what is wrong, and what to do about it.",
}


class LazyGroup(click.Group):
    """Commands that are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature.
        """The commands, in the order in which somebody meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"sikka.cli.{cmd_name}")
        command = getattr(module, cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"sikka.cli.{cmd_name}.{cmd_name} must be a command")
        keep_lines(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def keep_lines(command: click.Command) -> None:
    """Let the lines of examples stand as they are written, here and in all commands below.

    Click wants a backspace before them; a raw docstring, which may hold backslashes of its own,
    has the two characters by which Python writes one.
    """
    command.help = (command.help or "").replace("\\b\n", "\b\n")
    if isinstance(command, click.Group):
        for below in command.commands.values():
            keep_lines(below)


@click.group(
    cls=LazyGroup,
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or setting, 3 try again later.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="SIKKA_CONFIG",
    show_envvar=True,
    help="A YAML file of settings. Variables SIKKA__SECTION__NAME override it.",
)
@click.version_option(sikka.__version__, message="sikka %(version)s")
@click.pass_context
def group(context: click.Context, config: Path | None) -> None:
    r"""Sikka, a payment gateway.

    \b
    Examples:
      sikka demo                        a payment, told as it happens
      sikka --config sikka.yaml serve   the API on server.port
      sikka doctor                      what is wrong, if anything
    """
    context.obj = config


keep_lines(group)


def settings_of(context: click.Context) -> Settings:
    """The settings that the command line and the environment name.

    Raises:
        ConfigurationError: one is missing, unknown or wrong.
    """
    return Settings.load(context.obj, os.environ)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command of the arguments (those of the process if None), and exit."""
    try:
        code = group.main(arguments, prog_name="sikka", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the shell's last line.
        code = ended_by(error)
    sys.exit(int(code) if isinstance(code, int) else Exit.DONE)
