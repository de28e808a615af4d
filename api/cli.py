"""The script `irl`: the commands of the domain, and those that need more rooms than it."""

from __future__ import annotations

import importlib
from typing import Final

import click

from irl.cli import COMMANDS

_ALL: Final = COMMANDS | {
    "scan": "scanner.shell:scan",
    "serve": "api.commands:serve",
    "demo": "api.commands:demo",
}


class _LoadedWhenCalled(click.Group):
    """A group that knows its commands by name and loads the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's words
        return sorted(_ALL)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _ALL:
            return None
        module, _, name = _ALL[cmd_name].partition(":")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found


@click.group(cls=_LoadedWhenCalled, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run flattr in real life: each command reads the settings IRL_… from the environment."""
