"""`hauberk system`: declare a mail system, put it on its hosts, prove it. Each command has a file of its own."""

import typer

from hauberk.cli.system_apply import apply, rollback
from hauberk.cli.system_demo import demo
from hauberk.cli.system_gateway import gateway
from hauberk.cli.system_init import init
from hauberk.cli.system_keys import keys
from hauberk.cli.system_plan import plan, records, rotate
from hauberk.cli.system_prove import probes, prove, report

system = typer.Typer(help="The mail system that passes: declare it, deploy it, prove it.", no_args_is_help=True)
system.command()(init)
system.command()(plan)
system.command()(records)
system.command()(rotate)
system.command()(apply)
system.command()(rollback)
system.command()(gateway)
system.add_typer(keys, name="keys")
system.command()(prove)
system.command()(report)
system.command()(probes)
system.command()(demo)
