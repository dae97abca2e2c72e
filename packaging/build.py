"""Pack Hilum for the system this runs on: `python run.py build`.

Makes dist/EDITION/hilum (dist/EDITION/Hilum.app on macOS) with an environment and
work folders of its own in build/, both of which git ignores.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGING: Final = ROOT / "packaging"
#: Megabytes on Linux, where the libraries are of the kinds counted with.
LIMITS: Final = {"full": 1350, "reader": 560}
#: First words of the paragraphs of requirements.txt that an edition goes without.
_WITHOUT: Final = {
    "full": ("# tests",),
    "reader": ("# tests", "# training"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, then check or make packages if that is asked for.

    Returns:
        The exit status: that of the checks, or 1 when a step failed.
    """
    wishes = _parse(arguments)
    edition: str = wishes.edition
    if not wishes.keep:
        python = make_environment(edition)
        pack(edition, python)
        if sys.platform.startswith("linux"):
            strip(ROOT / "dist" / edition)
        _say_sizes(edition)
    app = ROOT / "dist" / edition
    if wishes.package:
        make_packages(edition)
    return check(app, wishes.rest) if wishes.check else 0


def make_environment(edition: str) -> Path:
    """An environment with what is packed and nothing else: all there is gets in.

    Returns:
        Its Python.
    """
    folder = ROOT / "build" / edition
    wanted = requirements(edition) + (PACKAGING / "requirements.txt").read_text("utf-8")
    listed, stamp = folder / "requirements.txt", folder / "environment" / "made-of.txt"
    is_windows = os.name == "nt"
    python = (
        folder / "environment" / ("Scripts/python.exe" if is_windows else "bin/python")
    )
    wanted = f"# Python {sys.version}\n{wanted}".replace("\r", "")
    if stamp.exists() and stamp.read_text("utf-8") == wanted:
        return python
    _say(f"Making an environment for the {edition} edition.")
    folder.mkdir(parents=True, exist_ok=True)
    listed.write_text(wanted, "utf-8")
    _run([sys.executable, "-m", "venv", "--clear", folder / "environment"])
    install = [python, "-m", "pip", "install", "--no-input", "--quiet"]
    _run([*install, "--progress-bar", "off", "-r", listed])
    stamp.write_text(wanted, "utf-8")
    return python


def requirements(edition: str) -> str:
    """The paragraphs of requirements.txt that an edition is made of.

    Raises:
        SystemExit: A paragraph that is to be left out is not there.
    """
    text = (ROOT / "requirements.txt").read_text("utf-8")
    paragraphs = text.split("\n\n")
    for start in _WITHOUT[edition]:
        if not any(paragraph.startswith(start) for paragraph in paragraphs):
            raise SystemExit(f"requirements.txt has no paragraph {start!r} any more.")
    kept = [p for p in paragraphs if not p.startswith(_WITHOUT[edition])]
    return "\n\n".join(kept) + "\n"


def pack(edition: str, python: Path) -> None:
    """Run PyInstaller."""
    work, dist = ROOT / "build" / edition, ROOT / "dist" / edition
    environment = {
        **os.environ,
        "HILUM_EDITION": edition,
        "HILUM_SCRATCH": str(work / "scratch"),
        "PYTHONPATH": "",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    (work / "scratch").mkdir(parents=True, exist_ok=True)
    command = [python, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", dist, "--workpath", work / "work", ROOT / "build.spec"]
    _say("Packing, which takes some minutes.")
    _run(command, environment)


def strip(folder: Path) -> None:
    """Take from libraries the symbols that only a debugger reads."""
    libraries = [
        path
        for path in folder.rglob("*.so*")
        # What wheels' makers have rewritten, it would break.
        if not (path.is_symlink() or re.search(r"\.libs/|openvino/libs/", str(path)))
    ]
    _run(["strip", "--strip-unneeded", *libraries])


def make_packages(edition: str) -> None:
    """Make what is installed on this system."""
    if sys.platform.startswith("linux"):
        sys.path[:0] = [str(ROOT), str(PACKAGING)]
        from linux_packages import make_deb, make_tarball

        made = [make_deb(edition), make_tarball(edition)]
    elif sys.platform == "darwin":
        name = f"hilum-{edition}-{_version()}-macos-{platform.machine()}.dmg"
        made = [ROOT / "dist" / name]
        _run(["sh", PACKAGING / "macos" / "make_dmg.sh", edition, made[0]])
    else:
        made = [ROOT / "dist"]
        told = [f"/DEdition={edition}", f"/DVersion={_version()}"]
        _run([_inno_setup(), *told, PACKAGING / "windows" / "hilum.iss"])
    for path in made:
        size = f", {path.stat().st_size / 1e6:.0f} MB" if path.is_file() else ""
        _say(f"Made {path.relative_to(ROOT)}{size}.")


def check(app: Path, more: Sequence[str]) -> int:
    """Drive what was built: a line per check, and how to repeat what failed."""
    files = sorted(map(str, (ROOT / "tests").glob("frozen_*.py")))
    environment = {**os.environ, "HILUM_APP": str(app / "hilum")}
    command = [sys.executable, "-m", "pytest", "-v", "--tb=short", *files, *more]
    status = subprocess.call(command, cwd=ROOT, env=environment)
    if status:
        _say(
            f"To repeat one: HILUM_APP={app / 'hilum'} python run.py test "
            "tests/frozen_FILE.py::NAME"
        )
    return status


def _version() -> str:
    sys.path.insert(0, str(ROOT))
    from core import __version__

    return __version__


def _inno_setup() -> str:
    """Its compiler, which its own installer puts on no path."""
    folder = Path(os.environ.get("ProgramFiles(x86)", "C:/Program Files (x86)"))
    usual = folder / "Inno Setup 6" / "ISCC.exe"
    return shutil.which("iscc") or str(usual)


def _say_sizes(edition: str) -> None:
    """Print what takes the room, and stop where it is more than it may be."""
    folder = ROOT / "dist" / edition
    sizes: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            parts = path.relative_to(folder).parts
            inner = (
                parts[parts.index("_internal") + 1 :] if "_internal" in parts else ()
            )
            name = inner[0].split(".libs")[0].lower() if len(inner) > 1 else "the rest"
            sizes[parts[-1] if len(parts) == 2 else name] += path.stat().st_size
    total = sum(sizes.values()) / 1e6
    _say(f"The {edition} edition takes {total:.0f} MB:")
    for name, size in sizes.most_common(16):
        _say(f"{size / 1e6:8.1f}  {name}")
    if sys.platform.startswith("linux") and total > LIMITS[edition]:
        raise SystemExit(f"That is more than the {LIMITS[edition]} MB it may take.")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python run.py build", description=__doc__)
    parser.add_argument("--edition", choices=["full", "reader"], default="full")
    parser.add_argument("--package", action="store_true", help="and installers")
    parser.add_argument("--check", action="store_true", help="and drive what was built")
    parser.add_argument("--keep", action="store_true", help="what was built before")
    wishes, wishes.rest = parser.parse_known_args(arguments)
    if wishes.rest and not wishes.check:
        parser.error(f"unrecognized arguments: {' '.join(wishes.rest)}")
    return wishes


def _run(
    command: Sequence[str | Path], environment: dict[str, str] | None = None
) -> None:
    done = subprocess.run(list(map(str, command)), env=environment)
    if done.returncode:
        raise SystemExit(f"{Path(command[0]).name} failed; see above.")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
