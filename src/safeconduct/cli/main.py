"""The entry point: commands by noun, errors as sentences, exit codes as the contract says."""

import os
import sys
from collections.abc import Sequence

from cyclopts import App
from cyclopts.exceptions import CycloptsError
from rich.console import Console

from safeconduct import __version__
from safeconduct.kernel.errors import SafeconductError

USAGE = 2

app = App(
    name="safeconduct",
    help="A joint security management system for parties who do not fully trust each other.",
    version=__version__,
)
app.command("safeconduct.cli.agreement:app", name="agreement")
app.command("safeconduct.cli.demo:demo", name="demo")
app.command("safeconduct.cli.evidence:app", name="evidence")
app.command("safeconduct.cli.federation:app", name="federation")
app.command("safeconduct.cli.identity:app", name="identity")
app.command("safeconduct.cli.ledger:app", name="ledger")
app.command("safeconduct.cli.node:app", name="node")
app.command("safeconduct.cli.standards:app", name="standards")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    code = run(arguments)
    if "granian" in sys.modules:
        # The stores are closed and the log is whole. The server's own threads may still end while
        # Python takes itself down, and then abort the process (seen as SIGABRT after a good stop);
        # so it ends here, where everything that matters is on disk.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. A stack trace at a user is a defect."""
    talk = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        result = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except SafeconductError as error:
        talk.print(
            f"[bold]{'state unknown' if error.exit_code == 3 else 'refused'}:[/bold]", end=" "
        )
        talk.print(error.sentence(), markup=False)
        return error.exit_code
    except CycloptsError as error:
        talk.print(f"usage: {error}", markup=False)
        return USAGE
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        what = error.filename or "a file"
        talk.print(f"refused: {what}: {error.strerror or error}. check the path.", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    return result if isinstance(result, int) else 0
