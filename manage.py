#!/usr/bin/env python
"""Entry point of every management command; `manage.py up` starts the whole service."""

import logging
import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  # whoever starts it with an older one reads a line, not a traceback
    sys.exit(f"AI Jobs needs Python 3.11 or newer, but this is {sys.version.split()[0]}. Start it with `uv run`.")

# They sign and encrypt nothing, so they also work where the data folder cannot be used. `up` creates its keys itself,
# when it has the folder; `doctor` says what is wrong with them.
KEYLESS_COMMANDS = {"help", "makemigrations", "collectstatic", "check", "spectacular", "up", "doctor"}


def take_data_dir(arguments: list[str]) -> tuple[str | None, list[str]]:
    """`--data-dir`, which names the embedded servers' folder, and the other arguments.

    The settings need it before a command parses its options, and it goes with every command, also with
    those (createsuperuser) that do not know it.
    """
    data_dir = None
    others = []
    rest = iter(arguments)
    for argument in rest:
        if argument.startswith("--data-dir="):
            data_dir = argument.partition("=")[2]
        elif argument == "--data-dir" and (value := next(rest, None)) is not None:
            data_dir = value
        else:
            others.append(argument)
    return data_dir, others


def needs_no_key(arguments: list[str]) -> bool:
    return len(arguments) < 2 or arguments[1] in KEYLESS_COMMANDS or not {"-h", "--help"}.isdisjoint(arguments)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    data_dir, arguments = take_data_dir(sys.argv)
    if data_dir == "":
        sys.exit("--data-dir is empty. Name a folder.")
    if data_dir:
        os.environ["AIJOBS_DATA_DIR"] = os.path.realpath(data_dir)
    os.environ["AIJOBS_LOCAL_KEYS"] = "optional" if needs_no_key(arguments) else "required"
    # Else it warns of every attempt to connect, before the command says that it cannot.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        from config.commands import run
    except ModuleNotFoundError as error:
        sys.exit(
            f"The package {error.name} is not installed. Install everything with `uv sync`, or start commands with "
            "`uv run manage.py`."
        )
    run(arguments)


if __name__ == "__main__":
    main()
