"""Under which licences the parts of the program come.

A build writes them down, since a packaged program no longer knows of packages;
from source they are gathered when they are asked for.
"""

from __future__ import annotations

import dataclasses
import platform
import re
import sysconfig
from collections.abc import Collection, Iterable, Iterator
from importlib import metadata
from pathlib import Path, PurePath
from typing import Final

from core import __version__, paths
from core.files import write_json
from core.json_file import read_json
from core.records import convert

FILE: Final = "licences.json"
#: What `requirements.txt` names that never goes into a build.
NOT_PACKED: Final = ("pytest", "pytest-qt", "pytest-xdist", "jax")
#: What only training and exporting need.
TRAINING: Final = (
    *("keras", "tensorflow", "tensorflow-cpu", "h5py", "protobuf"),
    *("onnx", "onnxruntime", "tf2onnx", "optuna"),
)

_ROOT: Final = Path(__file__).resolve().parents[2]
_REQUIREMENT: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_LICENCE_FILE: Final = re.compile(
    r"(licen[cs]e|copying|notice|authors|third.?party|.*third-party-programs)", re.I
)
_GPL: Final = "GPL"


@dataclasses.dataclass(frozen=True)
class Part:
    """A piece of software that the program consists of.

    `text` is its licence in full; empty where the part does not carry it.
    """

    name: str
    version: str
    licence: str
    text: str


def parts() -> list[Part]:
    """Every part: the program, Python, then the others by name.

    Reads hundreds of files where the build wrote nothing down: not for a thread
    that must answer.
    """
    try:
        return convert(read_json(paths.resources_dir() / FILE), list[Part])
    except FileNotFoundError:
        return gather(())


def write_parts(target: Path, without: Collection[str]) -> None:
    """Write the parts down for `parts` to find in a build.

    The file is packed as `FILE` among the resources; `without` as `gather` has it.
    """
    write_json(target, gather(without))


def gather(without: Collection[str]) -> list[Part]:
    """Find the parts by what the installed packages say of themselves.

    Leaves out packages `without` and what only they need.
    """
    gpl = _text_of([_ROOT / "LICENSE"])
    version = platform.python_version()
    python = Part("Python", version, "PSF-2.0", _text_of(_python_files()))
    wanted = {_normal(name) for name in _required() if _normal(name) not in without}
    found = [_part(each, gpl) for each in _with_needs(wanted)]
    if any(part.name == "QtAwesome" for part in found):
        found.append(_icon_font())
    return [
        Part("Hilum", __version__, "GPL-3.0-or-later", gpl),
        python,
        *sorted(found, key=lambda part: part.name.casefold()),
    ]


def _required() -> Iterator[str]:
    """Names in `requirements.txt`."""
    for line in (_ROOT / "requirements.txt").read_text("utf-8").splitlines():
        if match := _REQUIREMENT.match(line):
            yield match[1]


def _with_needs(names: Iterable[str]) -> list[metadata.Distribution]:
    """The packages of these names that are installed, and what they need."""
    waiting, seen = list(names), set(names)
    found = []
    while waiting:
        try:
            package = metadata.distribution(waiting.pop())
        except metadata.PackageNotFoundError:  # for another system
            continue
        found.append(package)
        for line in package.requires or ():
            match = _REQUIREMENT.match(line)
            if match is None or "extra ==" in line or _normal(match[1]) in seen:
                continue
            seen.add(_normal(match[1]))
            waiting.append(_normal(match[1]))
    return found


def _part(package: metadata.Distribution, gpl: str) -> Part:
    about = package.metadata
    licence = _licence_of(package)
    files = [
        Path(str(package.locate_file(file)))
        for file in package.files or ()
        if _is_licence(PurePath(file))
    ]
    text = _text_of(sorted(files))
    # PyQt5 carries none; it is the one that the program itself comes with.
    if not text and licence.startswith(_GPL):
        text = gpl
    return Part(about["Name"], package.version, licence, text)


def _icon_font() -> Part:
    """The font whose icons are shown; QtAwesome, which brings it, has its name only."""
    apache = [
        Path(str(file.locate()))
        for file in metadata.files("packaging") or ()
        if file.name == "LICENSE.APACHE"
    ]
    text = f"Copyright Remix Design\n\n{_text_of(apache)}"
    return Part("Remix Icon", "2.5.0", "Apache-2.0", text)


def _licence_of(package: metadata.Distribution) -> str:
    about = package.metadata
    for named in about.get_all("License-Expression") or ():
        return str(named)
    stated = "".join(about.get_all("License") or ()).strip()
    if stated and len(stated) <= 60 and "\n" not in stated:
        return stated.rpartition("::")[2].strip()
    classed = [
        line.rpartition("::")[2].strip()
        for line in about.get_all("Classifier") or ()
        if line.startswith("License ::")
    ]
    return ", ".join(classed) or "See its text"


def _is_licence(path: PurePath) -> bool:
    if not _LICENCE_FILE.match(path.name) or path.suffix in (".py", ".pyc", ".h"):
        return False
    # Deeper ones are of examples and headers, which do not go into a build.
    is_recorded = any(part.endswith(".dist-info") for part in path.parts)
    return is_recorded or len(path.parts) <= 2


def _python_files() -> list[Path]:
    folder = Path(sysconfig.get_path("stdlib"))
    names = (folder / "LICENSE.txt", folder.parent / "LICENSE.txt")
    return [path for path in names if path.is_file()][:1]


def _text_of(files: Iterable[Path]) -> str:
    texts = []
    for file in files:
        try:
            text = file.read_text("utf-8", errors="replace").strip()
        except OSError:  # recorded, but not installed
            continue
        if text and text not in texts:
            texts.append(text)
    return "\n\n\n".join(texts)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
