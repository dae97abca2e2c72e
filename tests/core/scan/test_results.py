"""The CSV file of a scan."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from core.errors import OutputError
from core.scan.export import write_csv
from core.scan.results import ScanFile, read_rows
from tests.core.scan.test_row import FAILED, LABELS, ROW
from tests.small_disk import as_nobody, largest_file, open_folder, tiny_disk


def append(file: ScanFile, *names: str) -> None:
    for name in names:
        file.append(dataclasses.replace(ROW, file=name))


def write(path: Path, *names: str, **options: bool) -> None:
    with ScanFile(path, LABELS, **options) as file:
        append(file, *names)


def names(path: Path) -> list[str]:
    return [row.file for row in read_rows(path, LABELS)]


def test_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.csv"
    with ScanFile(path, LABELS) as file:
        file.append(ROW)
        file.append(FAILED)
        assert file.rows == 2
        assert list(file.read()) == [ROW, FAILED]


def test_a_row_can_be_read_once_it_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with ScanFile(path, LABELS) as file:
        file.append(ROW)
        assert names(path) == [ROW.file]


def test_a_file_that_exists_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        ScanFile(path, LABELS)
    assert path.read_text() == "precious"


def test_a_file_is_begun_anew_when_told(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write(path, "a", "b")
    write(path, "c", overwrite=True)
    assert names(path) == ["c"]


def test_a_scan_goes_on_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write(path, "a")
    write(path, "b", resume=True)
    assert names(path) == ["a", "b"]


def test_going_on_with_nothing_is_a_beginning(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write(path, "a", resume=True)
    assert names(path) == ["a"]


@pytest.mark.slow
def test_wherever_it_was_cut_it_goes_on_with_whole_rows(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write(path, "a", 'b,"\n', "c")
    whole = path.read_bytes()
    expected = list(read_rows(path, LABELS))
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        with ScanFile(path, LABELS, resume=True) as file:
            for row in expected[file.rows :]:
                file.append(row)
        assert path.read_bytes() == whole


@pytest.mark.parametrize("tail", [b"d,covid,Looks", b"\0" * 99, b"d,co\0\0\0", b"\0\n"])
def test_what_a_power_cut_leaves_is_taken_off(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "r.csv"
    write(path, "a", "b")
    with open(path, "ab") as file:
        file.write(tail)
    write(path, "c", resume=True)
    assert names(path) == ["a", "b", "c"]


def test_a_file_that_was_edited_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write(path, "a", "b")
    edited = path.read_bytes().replace(b"\na,", b"\nmy note\na,")
    path.write_bytes(edited)
    with pytest.raises(OutputError, match="Line 2 of r.csv"):
        ScanFile(path, LABELS, resume=True)
    assert path.read_bytes() == edited


@pytest.mark.parametrize("text", ["file,label\n", "precious", "file,finding,x\n"])
def test_another_file_is_not_taken_for_a_scan(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(OutputError, match="not what a scan with"):
        ScanFile(path, LABELS, resume=True)
    assert path.read_text() == text


def test_an_export_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write_csv(path, [ROW], {name: name for name in LABELS})
    with pytest.raises(OutputError, match="r.csv is not what a scan") as caught:
        ScanFile(path, LABELS, resume=True)
    assert "Choose the file that the scan wrote" in caught.value.hint


def test_a_scan_with_other_labels_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "r.csv", "a")
    with pytest.raises(OutputError, match="this model's labels"):
        ScanFile(tmp_path / "r.csv", ("covid", "other"), resume=True)


def test_two_scans_do_not_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with ScanFile(path, LABELS) as file:
        file.append(ROW)
        for options in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(OutputError, match="Another scan is writing"):
                ScanFile(path, LABELS, **options)
        file.append(FAILED)
    assert list(read_rows(path, LABELS)) == [ROW, FAILED]


def test_a_full_disk_leaves_whole_rows(tmp_path: Path) -> None:
    with tiny_disk(tmp_path / "disk", 16) as disk:
        path = disk / "r.csv"
        with ScanFile(path, LABELS) as file:
            with pytest.raises(OutputError, match="no space left.*is kept"):
                append(file, *map(str, range(10_000)))
            assert path.read_bytes().endswith(b"\n")
            assert names(path) == [str(number) for number in range(file.rows)]
            assert file.rows > 20


def test_a_file_at_its_limit_leaves_whole_rows(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with largest_file(700), ScanFile(path, LABELS) as file:
        with pytest.raises(OutputError, match="no space left") as caught:
            append(file, *"abcdefgh")
    assert "--resume" in caught.value.advice
    assert names(path) == list("abcdefgh"[: file.rows])


def test_a_disk_without_room_for_the_head_keeps_nothing(tmp_path: Path) -> None:
    with largest_file(10), pytest.raises(OutputError):
        ScanFile(tmp_path / "r.csv", LABELS)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_may_not_be_written_to_is_said() -> None:
    with open_folder() as folder:
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(OutputError, match="may not be written to"):
            ScanFile(folder / "r.csv", LABELS)
        folder.chmod(0o777)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        ScanFile(tmp_path, LABELS, overwrite=True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_pipe_in_its_place_does_not_hang_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.csv")
    with pytest.raises(OutputError):
        ScanFile(tmp_path / "r.csv", LABELS, overwrite=True)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be read"):
        list(read_rows(tmp_path / "r.csv", LABELS))
