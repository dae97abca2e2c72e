"""The packages install into bare systems, work there, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import paths
from tests.packed_app import (
    PackedApp,
    Screen,
    accept_notice,
    clean_environment,
    drop,
    open_window,
    wait_until,
)

pytest_plugins = ("tests.packed_fixtures",)

FILM, OTHER, *_ = paths.sample_films()
_MIRROR = os.environ.get("HILUM_DEBIAN", "http://deb.debian.org/debian")


def package_of(app: PackedApp, ending: str) -> Path:
    """What `build --package` made of the program."""
    name = "hilum-reader" if app.is_reader else "hilum"
    dist = app.folder.parent.parent
    found = sorted(dist.glob(f"{name}[_-][0-9]*{ending}"))
    if not found:
        pytest.skip(f"there is no {name}{ending} in {dist}")
    return found[-1]


class Root:
    """A Debian system in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str, status: int = 0, **environment: str) -> str:
        """Run a command in it that ends with a status; give what it printed."""
        # To a file: what a command leaves running would keep a pipe open.
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            done = subprocess.run(
                ["chroot", str(self.folder), *words],
                env={
                    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                    "HOME": "/root",
                    "LANG": "C.UTF-8",
                    "DEBIAN_FRONTEND": "noninteractive",
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=240,
            )
            output.seek(0)
            said = output.read()
        assert done.returncode == status, said[-3000:]
        return said

    def files(self) -> set[str]:
        """All there is of Hilum's, but for the user's own."""
        others = ("proc", "root", "srv", "tmp")  # of what runs, and of the test
        tops = [top for top in self.folder.iterdir() if top.name not in others]
        found = (path for top in tops for path in top.rglob("*hilum*"))
        return {str(path.relative_to(self.folder)) for path in found}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Root]:
    """A bare Debian 12."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("needs root and debootstrap")
    folder = tmp_path_factory.mktemp("debian")
    command = ["debootstrap", "--variant=minbase", "bookworm", str(folder), _MIRROR]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"debootstrap failed: {done.stdout[-300:]}")
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
    subprocess.run(["mount", "-t", "proc", "proc", str(folder / "proc")], check=True)
    try:
        yield Root(folder)
    finally:
        subprocess.run(["umount", str(folder / "proc")], check=True)
        shutil.rmtree(folder)


def test_a_bare_system_is_told_what_the_window_lacks(
    app: PackedApp, root: Root
) -> None:
    place = root.folder / "opt/copied"
    shutil.copytree(app.folder, place, symlinks=True, copy_function=os.link)
    try:
        assert "All is well." in root.run("/opt/copied/core", "self-test")
        said = root.run("/opt/copied/hilum", status=2, DISPLAY=":0")
    finally:
        shutil.rmtree(place)
    assert said.startswith("Hilum needs system libraries that are missing.\nHint: ")
    assert "libgl1" in said
    assert said.count("\n") == 2


def test_the_debian_package_installs_starts_and_goes(
    app: PackedApp, root: Root, screen: Screen
) -> None:
    package = package_of(app, ".deb")
    shutil.copy(package, root.folder / "tmp/hilum.deb")
    root.run("apt-get", "update")
    install = ["apt-get", "install", "-y", "--no-install-recommends"]
    desktop = ["desktop-file-utils", "shared-mime-info", "libglib2.0-bin"]
    root.run(*install, "/tmp/hilum.deb", *desktop)

    entry = "/usr/share/applications/hilum.desktop"
    assert not root.run("desktop-file-validate", entry)
    associations = root.folder / "usr/share/applications/mimeinfo.cache"
    for kind in ("application/dicom", "image/png", "application/x-hilum-model"):
        assert f"{kind}=hilum.desktop" in associations.read_text("utf-8")
    assert "All is well." in root.run("hilum-core", "self-test")
    assert (root.folder / "usr/share/man/man1/hilum-core.1.gz").exists()

    accept_notice(root.folder / "srv/hilum")
    for film in (FILM, OTHER):
        shutil.copy(film, root.folder / "srv")
    display = {"DISPLAY": screen.name, "HILUM_HOME": "/srv/hilum"}
    try:
        root.run("gio", "launch", entry, f"/srv/{FILM.name}", **display)
        wait_until(lambda: screen.window_called(FILM.name))
        wait_until(screen.has_heat_map)
        screen.tool("xdotool", "search", "--name", FILM.name, "windowmove", "0", "60")
        inside = Path("/srv") / OTHER.name
        drop(screen, inside, screen.window_called(FILM.name))
        wait_until(lambda: screen.window_called(OTHER.name))
    finally:
        screen.tool("xdotool", "search", "--name", "Hilum", "windowkill")

    name = "hilum-reader" if app.is_reader else "hilum"
    root.run("apt-get", "purge", "-y", name)
    assert root.files() == set()
    assert not (root.folder / "opt/hilum").exists()
    assert "hilum" not in associations.read_text("utf-8")


def test_the_archive_installs_for_one_user_and_goes(
    app: PackedApp, screen: Screen, tmp_path: Path
) -> None:
    home = tmp_path / "a home ü"
    home.mkdir()
    with tarfile.open(package_of(app, ".tar.gz")) as archive:
        archive.extractall(tmp_path, filter="tar")
    (unpacked,) = tmp_path.glob("hilum*")
    environment = {**clean_environment({}), "HOME": str(home)}
    for _ in range(2):  # an upgrade takes the place of what is there
        subprocess.run(["sh", unpacked / "install.sh"], env=environment, check=True)
    shutil.rmtree(unpacked)

    installed = PackedApp(home / ".local/lib/hilum")
    assert installed.run("self-test").returncode == 0
    entry = home / ".local/share/applications/hilum.desktop"
    assert f'Exec="{installed.folder}/hilum" %F' in entry.read_text("utf-8")
    with open_window(installed, screen, FILM):
        wait_until(screen.has_heat_map)

    script = installed.folder / "uninstall.sh"
    subprocess.run(["sh", script], env=environment, check=True)
    assert not [path for path in home.rglob("*") if "hilum" in path.name]
