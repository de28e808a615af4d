"""The command line of the domain: everything that needs no web server.

Each command is loaded when it is called, since all of them together take a second or two to load.
"""

from typing import Final

COMMANDS: Final = {
    "migrate": "irl.cli.operating:migrate",
    "invite": "irl.cli.operating:invite",
    "operator": "irl.cli.operating:operator",
    "mail": "irl.cli.operating:mail",
    "charity": "irl.cli.operating:charity",
    "reports": "irl.cli.reports:reports",
    "settle": "irl.cli.settling:settle",
    "audit": "irl.cli.settling:audit",
    "recompute": "irl.cli.settling:recompute",
    "payouts": "irl.cli.payouts:payouts",
    "reconcile": "irl.cli.reconcile:reconcile",
    "clock": "irl.cli.clock:clock",
}
"""By the name of a command, where it is; `api.cli` adds those that need the web or the scanner."""
