"""Which characters the bytes of a file stand for."""

import codecs
import re
from collections.abc import Iterator
from typing import IO, cast

from charset_normalizer import from_bytes

from workers.catalogue.importing.errors import FileError
from workers.catalogue.importing.names import printable
from workers.catalogue.importing.pausing import Pause
from workers.catalogue.importing.spooling import BLOCK
from workers.catalogue.importing.tables import without_marks

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# What spreadsheets and marketplaces write besides Unicode.
LIKELIEST = "cp1252"
_LEGACY = [LIKELIEST, "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030"]
_SAMPLE = 64 * 1024
# Bytes that are not UTF-8, as surrogateescape has them.
_BROKEN = re.compile("[\udc80-\udcff]")


def shown(encoding: str) -> str:
    """As the answer names it: by the name that a Content-Type would have."""
    return encoding.removesuffix("-sig").replace("cp932", "shift_jis").replace("cp125", "windows-125")


# Python knows others besides, which are no character sets of files.
_CHARSETS = re.compile(r"utf[-_](8|16|32)([-_].+)?|ascii|iso8859.+|cp\d+|koi8.+|mac.+|shift.+|euc.+|gb.+|big5.*")
# Everybody who names these means Windows-1252, browsers too.
_MEANT = {"iso8859-1": LIKELIEST, "ascii": LIKELIEST, "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


def known(name: str) -> str:
    """The codec of this name of a Content-Type. Raises FileError."""
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        codec = ""
    if not _CHARSETS.fullmatch(codec):
        raise FileError(
            f"The Content-Type names a charset that is not known: {printable(name)}. Use utf-8, for example."
        )
    return _MEANT.get(codec, codec)


def found(file: IO[bytes], named: str | None, pause: Pause | None) -> str:
    """The encoding of a text file: by its byte order mark, as its sender named it, or as its bytes show.

    UTF-8 with a few broken bytes is UTF-8: their rows are refused, and the others are good.
    """
    file.seek(0)
    first = file.read(_SAMPLE)
    if marked := next((encoding for mark, encoding in _MARKS.items() if first.startswith(mark)), None):
        return marked
    if named:
        return named
    if wide := _wide(first):
        return wide
    good, bad, sample = _as_utf8(file, pause)
    return "utf-8" if good >= bad else _legacy(sample)


def _wide(first: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of the first, Latin letters is zero."""
    sample = first[:400]
    zeros = {part: sample[part::2].count(0) for part in (0, 1)}
    if len(sample) >= 4 and max(zeros.values()) * 4 > len(sample):
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    return None


def _as_utf8(file: IO[bytes], pause: Pause | None) -> tuple[int, int, bytes]:
    """How many characters beyond ASCII are good UTF-8, how many bytes are not, and some lines that have those."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = bad = 0
    sample = b""
    while block := file.read(BLOCK):
        if pause:
            pause()
        if block.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(block)
        broken = len(_BROKEN.findall(text))
        beyond = len(text) - len(text.encode("ascii", "ignore"))
        good, bad = good + beyond - broken, bad + broken
        if broken and len(sample) < _SAMPLE:
            # Whole lines: half a character is no character of any encoding.
            sample += block[block.find(b"\n") + 1 : block.rfind(b"\n") + 1] or block
    return good, bad, sample


def _legacy(sample: bytes) -> str:
    """The library's best guess; but of a few letters many encodings make sense, and Windows-1252 is the likeliest."""
    matches = from_bytes(sample, cp_isolation=_LEGACY)
    best = matches.best()
    if best is None:
        return LIKELIEST
    as_good = (
        each for each in matches if each.chaos <= best.chaos + 0.03 and each.coherence >= best.coherence - 0.05
    )
    likely = any(LIKELIEST in each.could_be_from_charset for each in as_good)
    return LIKELIEST if likely else codecs.lookup(best.encoding).name


def _as_surrogate(error: UnicodeError) -> tuple[str, int]:
    """What surrogateescape does for encodings of single bytes."""
    return "\udcff", cast(UnicodeDecodeError, error).end


_AS_SURROGATE = "ai-jobs-surrogate"
codecs.register_error(_AS_SURROGATE, _as_surrogate)


def decoded(file: IO[bytes], encoding: str) -> Iterator[str]:
    """The text, block by block. Bytes that are none become lone surrogates, which the fields refuse."""
    file.seek(0)
    errors = _AS_SURROGATE if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    while block := file.read(BLOCK):
        yield without_marks(decoder.decode(block))
    yield without_marks(decoder.decode(b"", final=True))
