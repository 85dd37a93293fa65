"""Every error of the command line becomes one sentence on stderr and an exit code.  No traceback unless `--debug`."""

import traceback
from typing import Any

import typer
from typer.exceptions import TyperException

from gateway.cli import console
from gateway.errors import ConfigError, GatewayError, InvalidInput

FAILED, USAGE, INTERRUPTED = 1, 2, 130


def explain(error: Exception, *, debug: bool = False) -> int:
    """Say what went wrong and return the exit code."""
    match error:
        case typer.Abort():
            return INTERRUPTED
        case TyperException():
            return _usage(error)
        case ConfigError() | InvalidInput():
            return _say(str(error), USAGE)
        case GatewayError():
            return _say(str(error), FAILED)
    if debug:
        traceback.print_exception(error)
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename}: " if error.filename else "The system refused: "
        return _say(f"{what}{error.strerror}.", FAILED)
    return _say(
        f"Something unexpected went wrong ({type(error).__name__}); `gateway --debug ...` shows where.",
        FAILED,
    )


def _usage(error: Any) -> int:
    """Say what was typed wrong and which help to ask for; a group without a command shows its help."""
    said = error.format_message()
    if said.startswith("Usage:"):
        return _say(said, USAGE)
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "gateway"
    sentence = " ".join(said.replace("Value error, ", "").split()).rstrip(".")
    joint = " See" if sentence.endswith("?") else "; see"
    return _say(f"{sentence}{joint} `{path} --help`.", getattr(error, "exit_code", USAGE))


def _say(sentence: str, code: int) -> int:
    console.note(sentence)
    return code
