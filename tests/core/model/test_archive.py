"""A bundle as one file: it comes back as it was, or nothing appears at all."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import BundleError, OutputError
from core.model.archive import pack_bundle, unpack_bundle
from core.model.bundle import CARD, GRAPH, GRAPH_WEIGHTS, ModelBundle, read_bundle
from tests.small_disk import largest_file, tiny_disk

ROOT = Path(__file__).resolve().parents[3]
Members = dict[str, bytes]


@pytest.fixture
def packed(tiny_bundle: ModelBundle, tmp_path: Path) -> Path:
    file = tmp_path / "model.hilum"
    pack_bundle(tiny_bundle, file)
    return file


def repacked(packed: Path, change: Callable[[Members], None]) -> Path:
    """The file with other members."""
    with zipfile.ZipFile(packed) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed


def refused(file: Path, match: str) -> None:
    """The file is refused with a hint, and leaves nothing behind."""
    target = file.parent / "unpacked"
    before = sorted(path.name for path in file.parent.iterdir())
    with pytest.raises(BundleError, match=match) as caught:
        unpack_bundle(file, target)
    assert caught.value.hint
    assert file.name in str(caught.value)
    assert sorted(path.name for path in file.parent.iterdir()) == before


def test_bundle_comes_back_as_it_was(
    packed: Path, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    made = unpack_bundle(packed, tmp_path / "Modell Größe")
    assert made == read_bundle(tmp_path / "Modell Größe")
    assert made.sha256 == tiny_bundle.sha256
    assert made.card == tiny_bundle.card
    for path in tiny_bundle.path.iterdir():
        assert (made.path / path.name).read_bytes() == path.read_bytes()


def test_same_bundle_gives_the_same_file(
    packed: Path, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bundle.path, copy)
    for path in copy.iterdir():
        path.touch()
    pack_bundle(read_bundle(copy), tmp_path / "again.hilum")
    assert (tmp_path / "again.hilum").read_bytes() == packed.read_bytes()


def test_only_what_the_card_lists_is_packed(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tiny_bundle.path, copy)
    (copy / "patients.txt").write_text("private")
    pack_bundle(read_bundle(copy), tmp_path / "m.hilum")
    with zipfile.ZipFile(tmp_path / "m.hilum") as archive:
        assert set(archive.namelist()) == {CARD, GRAPH, GRAPH_WEIGHTS}


def test_nothing_is_replaced_unasked(
    packed: Path, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="exists already"):
        pack_bundle(tiny_bundle, packed)
    unpack_bundle(packed, tmp_path / "model")
    with pytest.raises(OutputError, match="exists already"):
        unpack_bundle(packed, tmp_path / "model")
    pack_bundle(tiny_bundle, packed, overwrite=True)
    unpack_bundle(packed, tmp_path / "model", overwrite=True)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_file_that_was_cut_short_is_refused(packed: Path, share: float) -> None:
    data = packed.read_bytes()
    packed.write_bytes(data[: int(len(data) * share)])
    refused(packed, "cut short")


def test_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "film.hilum"
    file.write_bytes(b"\x89PNG and more")
    refused(file, "not a Hilum model")


def test_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="cannot be opened"):
        unpack_bundle(tmp_path / "nothing.hilum", tmp_path / "x")
    with pytest.raises(BundleError, match="cannot be opened"):
        unpack_bundle(tmp_path, tmp_path / "x")


def test_archive_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.docx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    refused(file, "not a Hilum model")


def test_flipped_byte_is_refused(packed: Path) -> None:
    data = bytearray(packed.read_bytes())
    at = data.index(b"model.bin") + 40
    data[at] ^= 0xFF
    packed.write_bytes(data)
    refused(packed, "damaged")


def test_file_that_is_not_as_its_card_describes_is_refused(packed: Path) -> None:
    repacked(packed, lambda members: members.update({GRAPH_WEIGHTS: b"other"}))
    refused(packed, f"{GRAPH_WEIGHTS} is not the file its card describes")


def test_file_that_is_missing_or_unexpected_is_refused(packed: Path) -> None:
    whole = packed.read_bytes()
    repacked(packed, lambda members: members.pop(GRAPH))
    refused(packed, "model.xml is missing")
    packed.write_bytes(whole)
    repacked(packed, lambda members: members.update({"run.py": b"print()"}))
    refused(packed, r"run\.py, which its card does not list")


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "/etc/outside.txt",
        "a/b.txt",
        "C:\\outside.txt",
        "c:outside",
        "..",
        ".hidden",
        "nul.txt",
        "a\nb",
        "é.txt",
    ],
)
def test_name_that_leads_elsewhere_is_refused(packed: Path, name: str) -> None:
    repacked(packed, lambda members: members.update({name: b"x"}))
    refused(packed, "damaged")


def test_link_is_refused(packed: Path) -> None:
    link = zipfile.ZipInfo("evil.txt")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(packed, "a link or a folder")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", [GRAPH, GRAPH.upper()])
def test_file_that_is_there_twice_is_refused(packed: Path, name: str) -> None:
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(name, b"other")
    refused(packed, "a file twice")


def test_archive_of_very_many_files_is_refused(packed: Path) -> None:
    repacked(packed, lambda members: members.update({f"f{i}": b"" for i in range(99)}))
    refused(packed, "102 files")


def test_bomb_is_refused_before_it_is_unpacked(packed: Path) -> None:
    repacked(packed, lambda members: members.update({GRAPH: bytes(50_000_000)}))
    refused(packed, "larger than it can be")


def test_archive_that_would_fill_the_disk_is_refused(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.model.archive.MAX_BYTES", 1000)
    refused(packed, "would take more")


def test_newer_container_and_newer_card_are_refused_for_their_version(
    packed: Path,
) -> None:
    whole = packed.read_bytes()
    packed.write_bytes(whole.replace(b"bundle, format 1", b"bundle, format 2"))
    refused(packed, "newer Hilum .format 2.; this one, .*, reads up to format 1")

    def newer(members: Members) -> None:
        card = json.loads(members[CARD])
        members[CARD] = json.dumps({**card, "format_version": 9}).encode()

    packed.write_bytes(whole)
    refused(repacked(packed, newer), "newer Hilum .format 9.")


@pytest.mark.parametrize("card", [b"", b"[]", b"{", b'{"format_version": 1}', b"\xff"])
def test_card_that_is_no_card_is_refused(packed: Path, card: bytes) -> None:
    repacked(packed, lambda members: members.update({CARD: card}))
    with pytest.raises(BundleError, match="card|damaged") as caught:
        unpack_bundle(packed, packed.parent / "out")
    assert caught.value.hint
    assert not (packed.parent / "out").exists()


def test_archive_packed_by_hand_serves_too(packed: Path, tmp_path: Path) -> None:
    repacked(packed, lambda members: None)
    assert unpack_bundle(packed, tmp_path / "out").card.name == "Tiny test model"


def test_full_disk_is_said_and_leaves_nothing(
    tiny_bundle: ModelBundle, packed: Path, tmp_path: Path
) -> None:
    with largest_file(500), pytest.raises(OutputError):
        pack_bundle(tiny_bundle, tmp_path / "other.hilum")
    assert not (tmp_path / "other.hilum").exists()
    with tiny_disk(tmp_path / "disk", size_kib=4) as disk:
        with pytest.raises(OutputError, match="no space left"):
            unpack_bundle(packed, disk / "model")
        assert list(disk.iterdir()) == []


@pytest.mark.slow
def test_commands_export_and_import(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    def core(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "core", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

    file = tmp_path / "m.hilum"
    first = ("export", tiny_bundle.path, "--format", "hilum", "--out", file)
    assert core(*first).stdout.strip() == str(file)
    assert core(*first).returncode == 2
    made = core("import", file, "--out", tmp_path / "back")
    assert made.returncode == 0, made.stderr
    assert read_bundle(tmp_path / "back").sha256 == tiny_bundle.sha256
    file.write_bytes(b"no")
    again = core("import", file, "--out", tmp_path / "back", "--overwrite")
    assert again.returncode == 2
    assert "not a Hilum model" in again.stderr
    assert read_bundle(tmp_path / "back").sha256 == tiny_bundle.sha256
