"""The packages for Linux: a .deb, and a .tar.gz that installs for one user."""

from __future__ import annotations

import gzip
import os
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from man_page import NAME, man_page

from core import __version__

ROOT: Final = Path(__file__).resolve().parent.parent
_FILES: Final = ROOT / "packaging" / "linux"
#: Where the package puts the program.
_HOME: Final = "opt/hilum"
_PACKAGES: Final = {"full": "hilum", "reader": "hilum-reader"}
_WHAT: Final = {
    "full": "reads chest X-rays and trains on your own",
    "reader": "reads chest X-rays (without training)",
}


def make_deb(edition: str) -> Path:
    """Make the Debian package.

    Raises:
        subprocess.CalledProcessError: dpkg-deb failed.
    """
    architecture = _said_by("dpkg", "--print-architecture")
    name = f"{_PACKAGES[edition]}_{__version__}_{architecture}.deb"
    tree = ROOT / "build" / edition / "deb"
    shutil.rmtree(tree, ignore_errors=True)
    _link_tree(ROOT / "dist" / edition / "hilum", tree / _HOME)
    _write_shared(tree / "usr/share", f"/{_HOME}/hilum")
    programs = tree / "usr/bin"
    programs.mkdir()
    (programs / "hilum").symlink_to(f"/{_HOME}/hilum")
    (programs / NAME).symlink_to(f"/{_HOME}/core")
    notes = tree / "usr/share/doc" / _PACKAGES[edition]
    notes.mkdir(parents=True)
    shutil.copy(ROOT / "LICENSE", notes / "copyright")
    _write_control(tree, edition, architecture)
    for path in [tree, *tree.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    target = ROOT / "dist" / name
    command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z10", "--build"]
    subprocess.run([*command, str(tree), str(target)], check=True)
    shutil.rmtree(tree)
    return target


def make_tarball(edition: str) -> Path:
    """Make the archive with an install script, for other distributions."""
    name = f"{_PACKAGES[edition]}-{__version__}-linux-{platform.machine()}"
    tree = ROOT / "build" / edition / name
    shutil.rmtree(tree, ignore_errors=True)
    _link_tree(ROOT / "dist" / edition / "hilum", tree / "hilum")
    _write_shared(tree / "share", "@HILUM@")
    for script in ("install.sh", "uninstall.sh"):
        shutil.copy(_FILES / script, tree / script)
        (tree / script).chmod(0o755)
    shutil.copy(ROOT / "LICENSE", tree / "LICENSE")
    target = ROOT / "dist" / f"{name}.tar.gz"
    with tarfile.open(target, "w:gz", compresslevel=6) as archive:
        archive.add(tree, name, filter=_owned_by_root)
    shutil.rmtree(tree)
    return target


def _write_shared(share: Path, program: str) -> None:
    """What the desktop looks for: entry, kinds of files, icons, manual pages."""
    entry = (_FILES / "hilum.desktop").read_text("utf-8").replace("@HILUM@", program)
    (share / "applications").mkdir(parents=True)
    (share / "applications" / "hilum.desktop").write_text(entry, "utf-8")
    (share / "mime/packages").mkdir(parents=True)
    shutil.copy(_FILES / "hilum.xml", share / "mime/packages/hilum.xml")
    for icon in (ROOT / "resources/icons").glob("hilum-*.png"):
        size = icon.stem.rpartition("-")[2]
        folder = share / "icons/hicolor" / f"{size}x{size}" / "apps"
        folder.mkdir(parents=True)
        shutil.copy(icon, folder / "hilum.png")
    manual = share / "man/man1"
    manual.mkdir(parents=True)
    window = (_FILES / "hilum.1").read_text("utf-8").replace("@VERSION@", __version__)
    for page, text in ((NAME, man_page()), ("hilum", window)):
        packed = gzip.compress(text.encode("utf-8"), mtime=0)
        (manual / f"{page}.1.gz").write_bytes(packed)


def _write_control(tree: Path, edition: str, architecture: str) -> None:
    other = next(name for key, name in _PACKAGES.items() if key != edition)
    installed = sum(f.lstat().st_size for f in tree.rglob("*") if not f.is_dir())
    text = (
        (_FILES / "control")
        .read_text("utf-8")
        .format(
            package=_PACKAGES[edition],
            other=other,
            version=__version__,
            architecture=architecture,
            kilobytes=installed // 1024,
            glibc=platform.libc_ver()[1],
            what=_WHAT[edition],
        )
    )
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(text, "utf-8")


def _link_tree(source: Path, target: Path) -> None:
    """Copy without taking the room twice."""
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _said_by(*command: str) -> str:
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
