#!/usr/bin/env python
"""Entry point of every management command; `manage.py up` starts the whole service."""

import os
import sys


def _data_dir_from(arguments: list[str]) -> str | None:
    """`--data-dir` names the embedded servers' folder. The settings need it before a command parses its options."""
    for position, argument in enumerate(arguments):
        if argument.startswith("--data-dir="):
            return argument.partition("=")[2]
        if argument == "--data-dir" and position + 1 < len(arguments):
            return arguments[position + 1]
    return None


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if data_dir := _data_dir_from(sys.argv):
        os.environ["AIJOBS_DATA_DIR"] = os.path.abspath(data_dir)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
