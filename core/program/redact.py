"""Reports without patients: what is told of a fault names no film and no person.

A film's name often is a person's, and messages of libraries quote names, paths and
values. So nothing is looked for to be taken out: only words are let through that
the failing code is itself made of, or that are common in messages.
"""

from __future__ import annotations

import builtins
import itertools
import logging
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, TracebackType
from typing import Final

GAP: Final = "…"

_OWN: Final = ("core", "desktop", "packaging")
_ROOT: Final = Path(__file__).resolve().parents[2]
#: Longer numbers are years, dates and numbers of patients.
_MOST_DIGITS: Final = 3
_WORD: Final = re.compile(r"0x[0-9a-f]+|\d[\d.,]*|\w+(?:['-]\w+)*")
_NUMBER: Final = re.compile(r"\d[\d.,]*")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_QUOTED: Final = re.compile(r"(?<!\w)(['\"`])(.*?)\1(?!\w)", re.DOTALL)
#: A path to the end of its line: where it ends cannot be told, names hold spaces.
_PATH: Final = re.compile(r"(?:\b[A-Za-z]:[\\/]|(?<![\w.])~?[\\/]{1,2}(?=\w)).*")
#: What stands before the first word of a sentence, which has a capital letter.
_BEGINNING: Final = re.compile(r"(^|[]:.\n]\s)\s*$")
_GAPS: Final = re.compile(rf"{GAP}(?:[\s.,:;^=_()\[\]-]*{GAP})+")
_FRAME: Final = re.compile(r'File "([^"]*)"')
_SPEC: Final = re.compile(r"%%|%[-#0 +]*[\d.*]*[a-zA-Z]")
_MOST_FRAMES: Final = 40
_MOST_CAUSES: Final = 8

_COMMON: Final = frozenset(
    """
    a abort aborted accept access action active add address after again all allocate
    allocated allocation already an and another any application are argument
    arguments array as ask at attempt attribute available bad be because been before
    being bool both buffer but by byte bytes call called can cannot channel channels
    char check child class close closed code connect connection constructed
    construction convert could count create created current data dead decode deleted
    denied deprecated destroyed device different dimension dimensions directory disk
    display divide division does done dtype during each element elements empty
    encode end enough errno error event exceeded exception exist exists exit
    expected extra failed failure fatal file files first float for format found from
    function given got graph handle has have if ignored illegal image in
    incompatible index infer initialize inner input inputs instance instead int
    integer invalid is it item iteration its kernel key keyword last layer left
    length library limit line list load loaded local lock long loop main maximum
    memory message method minimum missing mode model module must name negative new
    no node not null number object of on one only open operand operands operation
    operator or other out output over overflow parameter parent parse path
    permission pixmap platform plugin plugins point pointer positional precision
    process property range read recursion ref reference registered releasable
    required reshape resource result return running s same segmentation set shape
    shapes should signal size sizes slot so space started still stop str string
    subscriptable such support supported system take takes tensor than that the
    there this thread threads timer timers to too trying tuple type types unable
    underflow unexpected unknown unpack unsupported update usage used using value
    values version void wait was weight while widget width window with without
    wrapped write wrong yet zero Errno QApplication QObject QPainter QPixmap QThread
    QTimer QWidget Qt NoneType Exception Check OpenVINO OpenCV
    """.split()
) | frozenset(name for name in dir(builtins) if not name.startswith("_"))


def safe_traceback(error: BaseException) -> str:
    """A traceback, causes included, whose messages name nothing private."""
    known = set(_COMMON)
    parts: list[str] = []
    for link, joint in itertools.islice(_chain(error), _MOST_CAUSES):
        known |= _words_of_code(link.__traceback__)
        parts.insert(
            0, f"{_frames(link.__traceback__)}{_last_line(link, known)}{joint}"
        )
    return "\n".join(parts)


def safe_text(text: str, known: frozenset[str] | set[str] = _COMMON) -> str:
    """Let through only known words, short numbers and hashes of models."""

    def of_quoted(match: re.Match[str]) -> str:
        mark, inside = match[1], match[2]
        return f"{mark}{inside if inside in known else GAP}{mark}"

    def of_word(match: re.Match[str]) -> str:
        word = match[0]
        if _NUMBER.fullmatch(word):
            is_short = sum(c.isdigit() for c in word) <= _MOST_DIGITS
            return word if is_short else GAP
        is_first = _BEGINNING.search(text[: match.start()]) is not None
        is_known = word in known or (is_first and word.lower() in known)
        return word if is_known or _HASH.fullmatch(word) else GAP

    text = _PATH.sub(GAP, _QUOTED.sub(of_quoted, text))
    return _GAPS.sub(GAP, _WORD.sub(of_word, text))


def safe_record(record: logging.LogRecord) -> str:
    """A line of the log: the program's own words, with what they are about left out."""
    head = f"{record.levelname} {record.name}: "
    if record.name.split(".")[0] not in _OWN or not isinstance(record.msg, str):
        return head + GAP
    values = iter(record.args if isinstance(record.args, tuple) else ())

    def of_place(match: re.Match[str]) -> str:
        spec = match[0]
        return "%" if spec == "%%" else _safe_value(next(values, None), spec)

    line = head + _SPEC.sub(of_place, record.msg)
    if record.exc_info and record.exc_info[0] is not None:
        line += f" ({record.exc_info[0].__name__})"
    return line


def safe_dump(text: str) -> str:
    """What `faulthandler` wrote, with paths of code made short."""
    return _FRAME.sub(lambda match: f'File "{short_path(match[1])}"', text)


def short_path(name: str) -> str:
    """Where a file of code is, without what is above the program or Python."""
    path = Path(name)
    folders = [(_ROOT, ""), (Path(getattr(sys, "_MEIPASS", _ROOT)), "")]
    for kind, shown in (("purelib", "site-packages/"), ("stdlib", "python/")):
        folders.insert(0, (Path(sysconfig.get_path(kind)), shown))
    for folder, shown in folders:
        if path.is_relative_to(folder):
            return shown + path.relative_to(folder).as_posix()
    if name.startswith("<") or not path.is_absolute():
        return name if path.parts[:1] != ("..",) else path.name
    return path.name


def _safe_value(value: object, spec: str) -> str:
    """A value of a line of the log, as its place in the line wants it."""
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, int | float) and spec[-1] in "dfgs":
        return str(spec % value)
    return GAP


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The error and what led to it, last first, with what stands below each."""
    joint = ""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link, joint
        if link.__cause__ is not None:
            link, joint = link.__cause__, "\n\nwhich was the direct cause of:\n"
        elif not link.__suppress_context__:
            link, joint = link.__context__, "\n\nand while that was handled:\n"
        else:
            link = None


def _frames(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    lines = ["Traceback (most recent call last):\n"]
    if len(frames) > _MOST_FRAMES:
        lines.append(f"  {len(frames) - _MOST_FRAMES} calls are left out\n")
    for frame in frames[-_MOST_FRAMES:]:
        place = short_path(frame.filename)
        lines.append(f'  File "{place}", line {frame.lineno}, in {frame.name}\n')
        # From a file of code; what was typed or made up at run time has none.
        if frame.line and not frame.filename.startswith("<"):
            lines.append(f"    {frame.line}\n")
    return "".join(lines)


def _last_line(error: BaseException, known: set[str]) -> str:
    kind = type(error)
    home = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    message = safe_text(str(error), known)
    return f"{home}{kind.__qualname__}: {message}" if message else kind.__qualname__


def _words_of_code(trace: TracebackType | None) -> set[str]:
    """Names and words that the code on a traceback is made of."""
    words: set[str] = set()
    for frame, _ in traceback.walk_tb(trace):
        # What was typed or made up at run time may hold anything.
        if frame.f_code.co_filename.startswith("<"):
            continue
        words |= _words_of(frame.f_code)
    return words


def _words_of(code: CodeType) -> set[str]:
    words = {*code.co_names, *code.co_varnames, *code.co_freevars, code.co_name}
    for constant in code.co_consts:
        if isinstance(constant, str):
            words.update(word for word in _WORD.findall(constant))
    return {word for word in words if not _NUMBER.fullmatch(word)}
