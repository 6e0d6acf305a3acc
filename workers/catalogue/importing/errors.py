"""Why a file cannot be imported at all. Texts are whole sentences for whoever sent it."""


class FileError(Exception):
    """Nothing of the file was imported. `line` is where the trouble is, if it is at a line."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(message)


class FileTooLarge(FileError):
    """The file is larger than is read."""
