"""Make libraries lighter on Linux (x86-64): stand-ins for some, the rest stripped.

The wheel of OpenCV is linked to FFmpeg, which films have no use for, to libaom, the
same for AVIF pictures, and to an OpenBLAS of its own beside SciPy's: 70 MB. In their
places go libraries of the same names, of a few kilobytes, in which a function of
FFmpeg or libaom ends the program, and one of OpenBLAS goes on to SciPy's, which is
built alike. Qt brings 25 MB of ICU's tables of all languages; in their place goes the
empty table that ICU itself is built with where its data is kept elsewhere.

It takes gcc and binutils. tests/frozen_*.py try what was made.
"""

from __future__ import annotations

import re
import subprocess
import sysconfig
import zlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_REPLACED: Final = "libavcodec libavformat libavutil libswscale libaom libopenblas"
#: What nobody needs then; of where it would be packed.
NEEDLESS: Final = (
    r"opencv_\w+\.libs/lib(swresample|crypto|ssl|vpx|drm|gfortran|quadmath)"
)
# Vendored libraries, which their wheels' makers have rewritten: strip breaks some.
_NOT_STRIPPED: Final = r"\.libs/|openvino/libs/"
# Source: ICU, stubdata.cpp: a data header of type "ToCP" with no entries.
_NO_DATA: Final = """
.globl {name}
.type {name}, @object
.size {name}, 56
.section .rodata
.balign 16
{name}:
.short 32
.byte 0xda, 0x27
.short 20, 0
.byte 0, 0, 2, 0
.ascii "ToCP"
.byte 1, 0, 0, 0
.fill 36, 1, 0
"""


def make_stand_ins(folder: Path) -> dict[str, Path]:
    """Compile them from what the running Python has installed.

    Args:
        folder: Where to put them.

    Returns:
        Where a library would be packed -> what to pack there instead.

    Raises:
        subprocess.CalledProcessError: A tool failed; it said why.
        OSError: There is no gcc, nm or strip.
    """
    folder.mkdir(parents=True, exist_ok=True)
    packages = Path(sysconfig.get_path("platlib"))
    opencv = _one(packages / "cv2", "cv2")
    libraries = packages / "opencv_python_headless.libs"
    scipys = _one(packages / "scipy.libs", "libscipy_openblas")
    made = {}
    for name in _REPLACED.split():
        real = _one(libraries, name)
        user = _one(libraries, "libavif") if name == "libaom" else opencv
        forward_to = scipys if name == "libopenblas" else None
        target = folder / real.name
        _write_functions(target, _wanted(user, real), forward_to)
        made[f"{libraries.name}/{real.name}"] = target
    where = "PyQt5/Qt5/lib"
    tables = _one(packages / where, "libicudata")
    (symbol,) = [s for s in _symbols(tables, "--defined-only") if s.endswith("_dat")]
    target = folder / tables.name
    _compile(target, _NO_DATA.format(name=symbol))
    made[f"{where}/{tables.name}"] = target
    return made


def stripped(library: Path, folder: Path) -> Path:
    """A copy without symbols that only a debugger reads, or the library itself."""
    if ".so" not in library.name or re.search(_NOT_STRIPPED, str(library)):
        return library
    made_of = f"{library} {library.stat().st_mtime_ns}"
    copy = folder / f"{zlib.crc32(made_of.encode()):08x}-{library.name}"
    if not copy.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["strip", "--strip-unneeded", "-o", str(copy), str(library)]
        subprocess.run(command, check=True)
    return copy


def _one(folder: Path, name: str) -> Path:
    (found,) = folder.glob(f"{name}[-.p]*so*")
    return found


def _symbols(library: Path, *options: str) -> list[str]:
    command = ["nm", "--dynamic", "--format=just-symbols", *options, str(library)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


def _wanted(user: Path, library: Path) -> list[str]:
    """What `user` takes from `library`, each with its version: name@VERSION."""
    plain = ("--defined-only", "--without-symbol-versions")
    defined = set(_symbols(library, *plain))
    undefined = _symbols(user, "--undefined-only")
    return [one for one in undefined if one.partition("@")[0] in defined]


def _write_functions(
    target: Path, wanted: Iterable[str], forward_to: Path | None
) -> None:
    """Make a library of functions that end the program, or go on to `scipy_` ones."""
    versions = defaultdict(list)
    lines = [".text\n"]
    for name, _, version in (one.partition("@") for one in wanted):
        versions[version.lstrip("@")].append(name)
        body = f"jmp *scipy_{name}@GOTPCREL(%rip)" if forward_to else "ud2"
        lines.append(f".globl {name}\n.type {name}, @function\n{name}: {body}\n")
    options: list[str | Path] = []
    if forward_to:
        options = [forward_to, "-Wl,-rpath,$ORIGIN/../scipy.libs"]
    elif versions.keys() != {""}:
        script = target.with_name(target.name + ".map")
        nodes = "".join(
            f"{version} {{ global: {'; '.join(names)}; }};\n"
            for version, names in versions.items()
        )
        script.write_text(nodes, "ascii")
        options = [f"-Wl,--version-script={script}"]
    _compile(target, "".join(lines), *options)


def _compile(target: Path, assembly: str, *options: str | Path) -> None:
    source = target.with_name(target.name + ".s")
    source.write_text(assembly + '.section .note.GNU-stack,"",@progbits\n', "ascii")
    name = f"-Wl,-soname,{target.name}"
    command = ["gcc", "-shared", "-nostdlib", "-o", target, source, name, *options]
    subprocess.run(list(map(str, command)), check=True)
