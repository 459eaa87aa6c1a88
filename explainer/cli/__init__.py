"""The command `explainer`: what the pages show, from a shell. docs/command-line.md describes it.

Each command has a file, imported when it is asked for, so that no call waits for what another one needs. The file gives
`add_arguments`, `run`, which returns the exit code, and `ERRORS`: what ends the call with a sentence.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

_COMMANDS = {
    "classify": "label photos; prints one JSON object a line",
    "category": "show a category, or all categories that a word names",
    "search": "find categories by word, number (wnid) or definition",
    "removal": "show the steps of the removal, or what another rule would have kept",
    "models": "list the models and say which are present, or download some",
    "provision": "fetch WordNet and the face detector",
    "key": "make a presenter's key for a workshop",
    "compile": "rebuild a table that ships with the package",
}

_STOPPED = 130  # what a shell calls a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 if some of the work failed, 2 if the call was wrong."""
    given = sys.argv[1:] if arguments is None else arguments
    if arguments is None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    try:
        options = _parser(given).parse_args(given)
        try:
            code: int = options.command.run(options)
        except options.command.ERRORS as error:
            print(f"explainer: {error}", file=sys.stderr)
            return 2
    except KeyboardInterrupt:
        return _STOPPED
    except BrokenPipeError:  # the reader of the output has gone; Python would complain again on exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _stop(number: int, frame: object) -> None:
    """End the call at Ctrl-C. Further ones change nothing: they would cut off what is being written."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _parser(given: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of all commands; of those that are named in a call, with their arguments."""
    parser = argparse.ArgumentParser(prog="explainer", description="How image categories turn people into labels.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, help_ in _COMMANDS.items():
        of_command = commands.add_parser(name, help=help_)
        if name in given[:1]:
            command = import_module(f"{__name__}.{name}")
            command.add_arguments(of_command)
            of_command.set_defaults(command=command, parser=of_command)
    return parser


def at_least_one(text: str) -> int:
    """A number of things as it is given in a call."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
