"""Which files of a folder are films."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from core.errors import DatasetError, TrainingStopped
from core.films.finder import FilmState, film_stem, find_films, is_wanted
from tests.scan_folder import png, write_films
from tests.small_disk import as_nobody, open_folder


def names(folder: Path) -> list[str]:
    return [film.file for film in find_films(folder).films]


def test_films_are_listed_in_the_order_of_their_paths(tmp_path: Path) -> None:
    write_films(tmp_path, "b/2.png", "a.png", "b/1.png", "b/c/0.png", "B.png")
    assert names(tmp_path) == ["B.png", "a.png", "b/1.png", "b/2.png", "b/c/0.png"]


def test_a_film_is_told_by_its_content(tmp_path: Path) -> None:
    write_films(tmp_path, "IM0001", "scan.dat")
    (tmp_path / "notes.txt").write_text("no film")
    (tmp_path / "table.csv").write_text("file,label\n")
    (tmp_path / "bare").write_bytes(b"\0" * 128 + b"DICM" + b"\2\0\0\0UL\4\0")
    listing = find_films(tmp_path)
    assert [film.file for film in listing.films] == ["IM0001", "bare", "scan.dat"]
    assert +listing.left_out == {"not_films": 2}


def test_a_file_that_claims_to_be_a_film_is_listed(tmp_path: Path) -> None:
    for name in ("broken.PNG", "empty.dcm", "text.jpeg"):
        (tmp_path / name).write_bytes(b"" if "empty" in name else b"text")
    assert names(tmp_path) == ["broken.PNG", "empty.dcm", "text.jpeg"]


def test_hidden_files_and_folders_are_skipped(tmp_path: Path) -> None:
    write_films(tmp_path, ".hidden.png", ".git/a.png", "a/._b.png", "a/b.png")
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    listing = find_films(tmp_path)
    assert [film.file for film in listing.films] == ["a/b.png"]
    assert +listing.left_out == {
        "hidden_files": 2,
        "hidden_folders": 1,
        "not_films": 2,
    }


def test_45_films_with_dots_in_front_are_counted_and_read_if_wanted(
    tmp_path: Path,
) -> None:
    dotted = [f"..dots{number}.png" for number in range(45)]
    write_films(tmp_path, "a.png", ".cache/b.png", *dotted)
    (tmp_path / "._a.png").write_bytes(b"\x00\x05\x16\x07" + bytes(60))
    listing = find_films(tmp_path)
    assert [film.file for film in listing.films] == ["a.png"]
    assert listing.left_out.in_words() == (
        "Left out: 46 hidden files, 1 hidden folder with all in it."
    )
    every = find_films(tmp_path, hidden=True)
    files = [film.file for film in every.films]
    assert files == sorted([*dotted, ".cache/b.png", "a.png"])
    assert +every.left_out == {"not_films": 1}, "what macOS wrote is no film"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_whatever_else_is_left_out_is_counted_with_the_reason(tmp_path: Path) -> None:
    folder = write_films(tmp_path / "in", "a.png", "deep/b.png")
    os.mkfifo(folder / "pipe")
    (folder / "gone").symlink_to("nowhere")
    (folder / "self").symlink_to("self")
    (folder / "deep" / "up").symlink_to("..")
    (folder / "again").symlink_to("deep")
    listing = find_films(folder)
    assert [film.file for film in listing.films] == ["a.png", "deep/b.png"]
    assert +listing.left_out == {
        "not_files": 1,
        "repeated_links": 2,
        "broken_links": 2,
    }
    said = listing.left_out.in_words()
    for words in ("1 pipe", "2 links to folders that", "2 links that lead nowhere"):
        assert words in said


def test_links_in_a_ring_are_survived_and_no_folder_is_listed_twice(
    tmp_path: Path,
) -> None:
    folder = write_films(tmp_path / "in", "real/a.png", "real/deep/b.png")
    (folder / "again").symlink_to("real")
    (folder / "real" / "deep" / "up").symlink_to("../..")
    (folder / "above").symlink_to("..")
    (folder / "self").symlink_to("self")
    assert names(folder) == ["real/a.png", "real/deep/b.png"]


def test_a_link_to_a_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    elsewhere = write_films(tmp_path / "elsewhere", "a.png")
    folder = write_films(tmp_path / "in", "b.png")
    (folder / "z").symlink_to(elsewhere)
    assert names(folder) == ["b.png", "z/a.png"]


def test_links_to_one_film_are_films_each(tmp_path: Path) -> None:
    write_films(tmp_path, "a.png")
    (tmp_path / "b.png").symlink_to("a.png")
    os.link(tmp_path / "a.png", tmp_path / "c.png")
    assert names(tmp_path) == ["a.png", "b.png", "c.png"]


def test_a_link_to_nowhere_is_listed_if_it_claims_to_be_a_film(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("nowhere.png")
    (tmp_path / "b").symlink_to("nowhere")
    (film,) = find_films(tmp_path).films
    assert (film.file, film.state) == ("a.png", None)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_pipes_do_not_hang_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.png")
    assert names(tmp_path) == ["pipe.png"]


def test_a_folder_that_cannot_be_listed_is_told() -> None:
    with open_folder() as folder:
        write_films(folder, "a.png", "closed/b.png")
        (folder / "closed").chmod(0)
        with as_nobody():
            listing = find_films(folder)
        assert [film.file for film in listing.films] == ["a.png"]
        assert listing.closed == {"closed": "Permission denied"}
        (folder / "closed").chmod(0o755)


def test_a_folder_deeper_than_python_recurses_is_listed(tmp_path: Path) -> None:
    inside = tmp_path / "/".join("d" * 150)
    inside.mkdir(parents=True)
    (inside / "a.png").write_bytes(png(10))
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(_depth() + 60)
    try:
        (film,) = find_films(tmp_path).films
    finally:
        sys.setrecursionlimit(before)
    assert film.file == "d/" * 150 + "a.png"


def _depth() -> int:
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", "There is no folder called"),
        ("null\0byte", "There is no folder called"),
        ("file.png", "file.png is a file, not a folder"),
    ],
)
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str, said: str) -> None:
    write_films(tmp_path, "file.png")
    with pytest.raises(DatasetError, match=said):
        find_films(tmp_path / name)


def test_listing_can_be_stopped(tmp_path: Path) -> None:
    def stop() -> None:
        raise TrainingStopped("stop")

    with pytest.raises(TrainingStopped):
        find_films(tmp_path, stop)


def test_a_single_file_is_wanted_as_in_a_listing(tmp_path: Path) -> None:
    write_films(tmp_path, "a", "b.png", ".c.png")
    (tmp_path / "d.txt").write_text("no")
    (tmp_path / "e.png").mkdir()
    wanted = [path.name for path in sorted(tmp_path.iterdir()) if is_wanted(path)]
    assert wanted == ["a", "b.png"]


def test_the_time_of_a_change_is_told_to_the_microsecond() -> None:
    state = FilmState(1, 1_700_000_000_123_456_789)
    assert state.modified == "2023-11-14T22:13:20.123456Z"
    assert FilmState(1, 10**30).modified == str(10**30)


def test_nothing_is_cut_from_a_name_that_is_a_uid() -> None:
    names = ("a.PNG", "b.dcm", "1.2.840.55.3.7", "1.2.840.55.3.8")
    assert [film_stem(Path(name)) for name in names] == ["a", "b", *names[2:]]
