#!/usr/bin/env python
"""Entry point of every management command; `manage.py up` starts the whole service."""

import os
import sys

# They sign and encrypt nothing, so they also work where the data folder cannot be used.
KEYLESS_COMMANDS = {"help", "makemigrations", "collectstatic"}


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
    if needs_no_key(arguments):
        os.environ["AIJOBS_KEYLESS_COMMAND"] = "1"
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(arguments)
    except ImproperlyConfigured as error:
        # The operator's mistake, in a line: a traceback would hide it.
        sys.exit(str(error))


if __name__ == "__main__":
    main()
