"""Where things are, and files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core import paths
from core.errors import BundleError, OutputError
from core.files import atomic_folder, atomic_write
from core.paths import core_command
from tests.small_disk import as_nobody, largest_file, open_folder, tiny_disk

OLD = b"the old content"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_user_folders_lie_below_the_home_of_the_program(isolated_home: Path) -> None:
    found = {paths.user_data_dir(), paths.user_config_dir(), paths.user_log_dir()}
    assert found == {isolated_home / name for name in ("data", "config", "log")}


def test_user_folders_are_the_system_s_without_a_home_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HILUM_HOME")
    found = [paths.user_data_dir(), paths.user_config_dir(), paths.user_log_dir()]
    assert len(set(found)) >= 2
    assert all(path.is_absolute() and "Hilum" in str(path) for path in found)


def test_resources_lie_beside_core() -> None:
    assert paths.resources_dir() == Path(paths.__file__).parents[1] / "resources"
    assert paths.default_bundle_dir().parent == paths.resources_dir()


def test_resources_of_a_packaged_program_lie_where_it_unpacked_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert paths.resources_dir() == tmp_path / "resources"


def test_samples_are_listed_in_a_fixed_order() -> None:
    films = paths.sample_films()
    assert films
    assert films == sorted(films)
    assert all(film.suffix == ".png" for film in films)


def test_core_command_starts_the_command_line() -> None:
    root = Path(paths.__file__).parents[1]
    command = [*core_command(), "--help"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "predict" in done.stdout


def test_core_command_of_a_packaged_program_is_its_neighbour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    (program,) = core_command()
    assert Path(program).parent == Path(sys.executable).parent
    assert Path(program).stem == "core"


def test_atomic_write_makes_the_file_and_its_folder(tmp_path: Path) -> None:
    target = tmp_path / "new" / "röntgen.csv"
    with atomic_write(target) as partial:
        partial.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert names(target.parent) == [target.name]


def test_atomic_write_gives_a_neighbour_of_the_same_kind(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "film.png") as partial:
        assert partial.parent == tmp_path
        assert partial.suffix == ".png"
        partial.touch()


def test_atomic_write_takes_a_name_as_long_as_the_system_allows(
    tmp_path: Path,
) -> None:
    target = tmp_path / ("x" * 251 + ".csv")
    with atomic_write(target) as partial:
        partial.write_bytes(b"whole")
    assert target.read_bytes() == b"whole"


@pytest.mark.skipif(sys.platform == "win32", reason="an open file is not replaced")
def test_atomic_write_does_not_change_the_file_under_its_readers(
    tmp_path: Path,
) -> None:
    target = tmp_path / "result.csv"
    target.write_bytes(OLD)
    with open(target, "rb") as reader:
        with atomic_write(target) as partial:
            partial.write_bytes(b"new")
        assert reader.read() == OLD
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, BundleError])
def test_atomic_write_leaves_the_old_file_when_the_writer_fails(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    target = tmp_path / "result.csv"
    target.write_bytes(OLD)

    def write() -> None:
        with atomic_write(target) as partial:
            partial.write_bytes(b"half")
            raise failure("stopped")

    with pytest.raises(failure):
        write()
    assert target.read_bytes() == OLD
    assert names(tmp_path) == ["result.csv"]


def write_much(target: Path) -> None:
    with atomic_write(target) as partial:
        partial.write_bytes(bytes(200_000))


def test_atomic_write_on_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", size_kib=64) as disk:
        target = disk / "result.csv"
        target.write_bytes(OLD)
        with pytest.raises(OutputError, match=r"no space left .*result\.csv") as caught:
            write_much(target)
        assert "nothing was changed" in caught.value.hint
        assert target.read_bytes() == OLD
        assert names(disk) == ["result.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_atomic_write_to_a_full_device_says_so(tmp_path: Path) -> None:
    target = tmp_path / "result.csv"

    def write() -> None:
        with atomic_write(target) as partial:
            partial.symlink_to("/dev/full")
            partial.write_bytes(b"anything")

    with pytest.raises(OutputError, match="no space left") as caught:
        write()
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert names(tmp_path) == []


def test_atomic_write_of_a_file_too_large_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "result.csv"
    target.write_bytes(OLD)
    said = r"no space left to write result\.csv"
    with largest_file(4096), pytest.raises(OutputError, match=said):
        write_much(target)
    assert target.read_bytes() == OLD
    assert names(tmp_path) == ["result.csv"]


def test_atomic_write_into_a_folder_that_is_read_only_says_so() -> None:
    with open_folder() as folder:
        target = folder / "result.csv"
        target.write_bytes(OLD)
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(OutputError, match="may not be written") as e:
            write_much(target)
        assert "Choose another folder" in e.value.hint
        assert target.read_bytes() == OLD
        assert names(folder) == ["result.csv"]
        folder.chmod(0o777)


def test_atomic_write_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(OutputError):
        write_much(tmp_path / "file" / "result.csv")
    assert names(tmp_path) == ["file"]


def test_atomic_write_does_not_replace_a_folder(tmp_path: Path) -> None:
    target = tmp_path / "result.csv"
    target.mkdir()
    with pytest.raises(OutputError):
        write_much(target)
    assert target.is_dir()
    assert names(tmp_path) == ["result.csv"]


def fill(target: Path, content: bytes = b"new") -> None:
    with atomic_folder(target, is_own=lambda old: names(old) == ["card.json"]) as new:
        (new / "card.json").write_bytes(content)


def test_atomic_folder_is_made_whole(tmp_path: Path) -> None:
    fill(tmp_path / "new" / "model")
    assert (tmp_path / "new" / "model" / "card.json").read_bytes() == b"new"
    assert names(tmp_path / "new") == ["model"]


def test_atomic_folder_replaces_all_of_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    fill(target)
    fill(target, b"newer")
    assert (target / "card.json").read_bytes() == b"newer"
    assert names(target) == ["card.json"]
    assert names(tmp_path) == ["model"]


def test_atomic_folder_does_not_replace_what_is_not_its_own(model: Path) -> None:
    (model / "thesis.txt").write_bytes(OLD)
    with pytest.raises(OutputError, match="holds other files") as caught:
        fill(model)
    assert "Choose another name" in caught.value.hint
    assert names(model) == ["card.json", "thesis.txt"]
    assert names(model.parent) == ["model"]


def test_atomic_folder_looks_again_before_it_replaces(model: Path) -> None:
    def write() -> None:
        with atomic_folder(model, is_own=lambda old: len(names(old)) == 1):
            (model / "thesis.txt").write_bytes(OLD)  # it came meanwhile

    with pytest.raises(OutputError, match="holds other files"):
        write()
    assert names(model) == ["card.json", "thesis.txt"]
    assert names(model.parent) == ["model"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that is there already."""
    fill(tmp_path / "model", OLD)
    return tmp_path / "model"


def test_atomic_folder_keeps_the_old_one_when_the_writer_fails(model: Path) -> None:
    def write() -> None:
        with atomic_folder(model, is_own=lambda old: True) as folder:
            (folder / "card.json").write_bytes(b"half")
            raise BundleError("The graph is damaged.")

    with pytest.raises(BundleError):
        write()
    assert (model / "card.json").read_bytes() == OLD
    assert names(model.parent) == ["model"]


def test_atomic_folder_keeps_the_old_one_on_a_full_disk(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", size_kib=64) as disk:
        fill(disk / "model", OLD)
        with pytest.raises(OutputError, match="no space left"):
            fill(disk / "model", bytes(200_000))
        assert (disk / "model" / "card.json").read_bytes() == OLD
        assert names(disk) == ["model"]


def test_atomic_folder_puts_the_old_one_back_when_the_new_cannot_take_its_place(
    model: Path,
) -> None:
    def write() -> None:
        with atomic_folder(model, is_own=lambda old: True) as folder:
            folder.rmdir()  # as a cleaner of temporary folders would

    with pytest.raises(OutputError):
        write()
    assert (model / "card.json").read_bytes() == OLD
    assert names(model.parent) == ["model"]


def test_atomic_folder_never_removes_the_only_copy(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moves = []
    move = os.replace

    def move_once(source: Path, target: Path) -> None:
        moves.append(source)
        if len(moves) > 1:
            raise PermissionError(errno.EACCES, "a virus scanner holds it")
        move(source, target)

    monkeypatch.setattr(os, "replace", move_once)
    with pytest.raises(OutputError):
        fill(model)
    (kept,) = model.parent.iterdir()
    assert (kept / "card.json").read_bytes() == OLD


def test_atomic_folder_does_not_replace_a_file(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.write_bytes(OLD)
    with pytest.raises(OutputError, match="model could not be written"):
        fill(target)
    assert target.read_bytes() == OLD
    assert names(tmp_path) == ["model"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own")
@pytest.mark.parametrize("write", [fill, write_much])
def test_a_link_is_neither_followed_nor_replaced(
    write: Callable[[Path], None], model: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(model if write is fill else model / "card.json")
    with pytest.raises(OutputError, match="link is a link") as caught:
        write(link)
    assert str(link.resolve()) in caught.value.hint
    assert link.is_symlink()
    assert (model / "card.json").read_bytes() == OLD
    assert names(tmp_path) == ["link", "model"]
