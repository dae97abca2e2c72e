"""Films of a scan in a folder per finding."""

from __future__ import annotations

import csv
import dataclasses
import errno
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import DatasetError, OutputError, TrainingStopped
from core.filing import new_file as placing
from core.filing.filer import Filer, FilingResult, failures_in_words, folder_names
from core.filing.log import NAME, FiledList
from core.filing.names import numbered_name, portable_name
from core.films.finder import film_state
from core.scan.results import ScanFile
from core.scan.row import ScanRow
from tests.core.scan.test_row import LABELS, ROW
from tests.scan_folder import ROOT, png, write_films
from tests.small_disk import as_nobody, open_folder, tiny_disk

NAMES = {"covid": "COVID-19", "normal": "Normal"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_films(tmp_path / "in", "a.png", "deep/a.png", "b.png")


def row(folder: Path, file: str, finding: str | None = "covid", **more: str) -> ScanRow:
    """What a scan would have said of a film as it is now."""
    state = film_state(folder / file)
    fields = {"size": state.size, "modified": state.modified, "finding": finding}
    return dataclasses.replace(ROW, file=file, **fields, **more)


def file(
    folder: Path, target: Path, *rows: ScanRow, move: bool = False
) -> FilingResult:
    return Filer(folder, target, NAMES, move=move).file(rows)


def files_in(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir()
    }


def listed(target: Path) -> list[dict[str, str]]:
    with open(target / NAME, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_films_are_copied_into_a_folder_per_finding(
    folder: Path, tmp_path: Path
) -> None:
    rows = [
        row(folder, "a.png"),
        row(folder, "deep/a.png", None),
        row(folder, "b.png", None, error="It is torn."),
    ]
    result = file(folder, tmp_path / "out", *rows)
    assert result.filed == {"COVID-19": 1, "uncertain": 1, "not read": 1}
    assert files_in(tmp_path / "out") == {
        "COVID-19/a.png",
        "uncertain/a.png",
        "not read/b.png",
        NAME,
    }
    assert files_in(folder) == {"a.png", "deep/a.png", "b.png"}


def test_films_of_one_name_are_told_apart_by_a_number(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "deep" / "a.png").write_bytes(png(30))
    rows = [row(folder, "a.png"), row(folder, "deep/a.png")]
    file(folder, tmp_path / "out", *rows)
    assert (tmp_path / "out/COVID-19/a (2).png").read_bytes() == png(30)
    places = [(line["from"], line["to"]) for line in listed(tmp_path / "out")]
    assert places == [
        (f"{folder}/a.png", "COVID-19/a.png"),
        (f"{folder}/deep/a.png", "COVID-19/a (2).png"),
    ]


def test_copies_of_one_film_are_filed_both(folder: Path, tmp_path: Path) -> None:
    rows = [row(folder, "a.png"), row(folder, "deep/a.png")]
    file(folder, tmp_path / "out", *rows, move=True)
    assert files_in(tmp_path / "out/COVID-19") == {"a.png", "a (2).png"}


def test_names_that_differ_in_case_alone_are_told_apart(tmp_path: Path) -> None:
    folder = write_films(tmp_path / "in", "x/A.png", "y/a.png")
    file(
        folder,
        tmp_path / "out",
        *(row(folder, name) for name in ("x/A.png", "y/a.png")),
    )
    assert files_in(tmp_path / "out/COVID-19") == {"A.png", "a (2).png"}


def test_the_list_tells_which_model_said_so(folder: Path, tmp_path: Path) -> None:
    file(folder, tmp_path / "out", row(folder, "a.png"))
    (line,) = listed(tmp_path / "out")
    assert line["model_sha256"] == ROW.model_sha256
    assert line["precision"] == "float32"
    assert (line["how"], line["finding"]) == ("copied", "covid")


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "out/COVID-19/a.png"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"somebody's own")
    file(folder, tmp_path / "out", row(folder, "a.png"), move=True)
    assert other.read_bytes() == b"somebody's own"
    assert other.with_name("a (2).png").read_bytes() == png(200)


def test_a_second_time_does_nothing(folder: Path, tmp_path: Path) -> None:
    rows = [row(folder, name) for name in ("a.png", "deep/a.png", "b.png")]
    file(folder, tmp_path / "out", *rows)
    before = files_in(tmp_path / "out")
    result = file(folder, tmp_path / "out", *rows)
    assert (result.filed.total(), result.there) == (0, 3)
    assert files_in(tmp_path / "out") == before
    assert len(listed(tmp_path / "out")) == 3


def test_what_was_copied_can_be_moved_afterwards(folder: Path, tmp_path: Path) -> None:
    film = row(folder, "a.png")
    file(folder, tmp_path / "out", film)
    result = file(folder, tmp_path / "out", film, move=True)
    assert result.filed == {"COVID-19": 1}
    assert files_in(tmp_path / "out/COVID-19") == {"a.png"}
    assert not (folder / "a.png").exists()


def test_what_was_moved_counts_as_done(folder: Path, tmp_path: Path) -> None:
    film = row(folder, "a.png")
    file(folder, tmp_path / "out", film, move=True)
    result = file(folder, tmp_path / "out", film, move=True)
    assert (result.there, result.failed) == (1, {})


def test_an_unlisted_film_that_is_the_same_counts_as_done(
    folder: Path, tmp_path: Path
) -> None:
    there = tmp_path / "out/COVID-19/a.png"
    there.parent.mkdir(parents=True)
    there.write_bytes(png(200))
    result = file(folder, tmp_path / "out", row(folder, "a.png"))
    assert result.there == 1
    assert files_in(there.parent) == {"a.png"}
    assert len(listed(tmp_path / "out")) == 1


def test_a_move_that_was_killed_before_its_list_reached_the_disk_goes_on(
    folder: Path, tmp_path: Path
) -> None:
    film = row(folder, "a.png")
    file(folder, tmp_path / "out", film, move=True)
    (tmp_path / "out" / NAME).unlink()
    result = file(folder, tmp_path / "out", film, move=True)
    assert (result.there, result.failed) == (1, {})
    assert len(listed(tmp_path / "out")) == 1


def test_times_are_kept(folder: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        os.utime(folder / name, ns=(1, 1_500_000_000_123_456_789))
    file(folder, tmp_path / "out", row(folder, "a.png"))
    file(folder, tmp_path / "out", row(folder, "b.png"), move=True)
    for name in ("a.png", "b.png"):
        found = (tmp_path / "out/COVID-19" / name).stat().st_mtime_ns
        assert found == 1_500_000_000_123_456_789


@pytest.mark.parametrize("move", [False, True])
def test_a_film_that_changed_since_the_scan_stays(
    folder: Path, tmp_path: Path, move: bool
) -> None:
    film = row(folder, "a.png")
    (folder / "a.png").write_bytes(png(10))
    result = file(folder, tmp_path / "out", film, move=move)
    assert result.failed == {"changed since the scan read them": ["a.png"]}
    assert (folder / "a.png").read_bytes() == png(10)
    assert not listed(tmp_path / "out")


def test_a_film_that_is_gone_is_said_and_the_others_filed(
    folder: Path, tmp_path: Path
) -> None:
    rows = [row(folder, "a.png"), row(folder, "b.png")]
    (folder / "a.png").unlink()
    result = file(folder, tmp_path / "out", *rows, move=True)
    assert result.filed.total() == 1
    (said,) = failures_in_words(result, move=True)
    assert said == "Not moved, no longer there: 1 (a.png)."


def test_a_folder_that_is_gone_ends_it(folder: Path, tmp_path: Path) -> None:
    film = row(folder, "a.png")
    filer = Filer(folder, tmp_path / "out", NAMES, move=False)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="no longer there; what was done is kept"):
        filer.file([film])


@pytest.mark.parametrize("target", ["in", "in/sorted", "in/deep/x/y"])
def test_a_target_in_the_folder_is_refused(
    folder: Path, tmp_path: Path, target: str
) -> None:
    with pytest.raises(OutputError, match="would be scanned again"):
        file(folder, tmp_path / target, row(folder, "a.png"))
    assert files_in(folder) == {"a.png", "deep/a.png", "b.png"}


def test_a_link_into_the_folder_is_no_way_around(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(OutputError, match="would be scanned again"):
        file(folder, tmp_path / "link/sorted", row(folder, "a.png"))


def test_a_finding_folder_that_is_the_scanned_one_is_refused(tmp_path: Path) -> None:
    folder = write_films(tmp_path / "COVID-19", "deep/a.png")
    with pytest.raises(OutputError, match="would be scanned again"):
        file(folder, tmp_path, row(folder, "deep/a.png"), move=True)


def test_of_a_link_the_content_is_filed_and_what_it_leads_to_stays(
    folder: Path, tmp_path: Path
) -> None:
    original = write_films(tmp_path / "archive", "x.png") / "x.png"
    (folder / "link.png").symlink_to(original)
    file(folder, tmp_path / "out", row(folder, "link.png"), move=True)
    moved = tmp_path / "out/COVID-19/link.png"
    assert moved.read_bytes() == png(200)
    assert not moved.is_symlink()
    assert original.exists()
    assert not (folder / "link.png").is_symlink()


def test_a_link_that_was_filed_as_one_is_never_the_only_copy(
    folder: Path, tmp_path: Path
) -> None:
    there = tmp_path / "out/COVID-19/a.png"
    there.parent.mkdir(parents=True)
    there.symlink_to(folder / "a.png")
    file(folder, tmp_path / "out", row(folder, "a.png"), move=True)
    assert there.with_name("a (2).png").read_bytes() == png(200)


def test_a_row_cannot_reach_outside_the_folder(folder: Path, tmp_path: Path) -> None:
    secret = write_films(tmp_path, "secret.png") / "secret.png"
    film = row(folder, "../secret.png")
    result = file(folder, tmp_path / "out", film, move=True)
    assert result.failed == {"not in the folder that was scanned": ["../secret.png"]}
    assert secret.exists()


def test_a_move_to_another_disk_compares_before_it_removes(
    folder: Path, tmp_path: Path
) -> None:
    with tiny_disk(tmp_path / "disk", 200) as disk:
        result = file(folder, disk / "out", row(folder, "a.png"), move=True)
        assert result.filed.total() == 1
        assert (disk / "out/COVID-19/a.png").read_bytes() == png(200)
    assert not (folder / "a.png").exists()


def test_a_full_disk_leaves_no_half_film_and_goes_on_later(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "large.png").write_bytes(png(200) + random.Random(1).randbytes(300_000))
    rows = [row(folder, "a.png"), row(folder, "large.png"), row(folder, "b.png")]
    with tiny_disk(tmp_path / "disk", 200) as disk:
        with pytest.raises(OutputError, match="no space left") as caught:
            file(folder, disk / "out", *rows, move=True)
        assert "what was done is kept" in str(caught.value)
        assert files_in(disk / "out") == {"COVID-19/a.png", NAME}
        assert len(listed(disk / "out")) == 1
        result = file(folder, disk / "out", rows[0], rows[2], move=True)
        assert (result.there, result.filed.total()) == (1, 1)
    assert (folder / "large.png").exists()


def test_a_target_that_may_not_be_written_to_is_said() -> None:
    with open_folder() as home:
        folder = write_films(home / "in", "a.png")
        (home / "out").mkdir(mode=0o555)
        with as_nobody(), pytest.raises(OutputError, match="may not be written to"):
            file(folder, home / "out", row(folder, "a.png"))


def test_a_film_stays_where_its_folder_lets_nothing_go() -> None:
    with open_folder() as home:
        folder = write_films(home / "in", "a.png")
        folder.chmod(0o555)
        with as_nobody():
            result = file(folder, home / "out", row(folder, "a.png"), move=True)
        assert result.failed == {
            "in a folder that nothing may be taken out of": ["a.png"]
        }
        assert files_in(home / "out") == {NAME}
        assert (folder / "a.png").exists()


def test_a_film_that_stays_keeps_the_name_of_its_copy() -> None:
    with open_folder() as home:
        folder = write_films(home / "in", "a.png", "deep/a.png")
        (folder / "deep").chmod(0o777)
        rows = [row(folder, "a.png"), row(folder, "deep/a.png")]
        with as_nobody():
            file(folder, home / "out", rows[0])
        folder.chmod(0o555)
        with as_nobody():
            result = file(folder, home / "out", *rows, move=True)
        assert list(result.failed.values()) == [["a.png"]]
        assert files_in(home / "out/COVID-19") == {"a.png", "a (2).png"}
        assert not (folder / "deep/a.png").exists()
        folder.chmod(0o777)


def test_a_disk_without_links_overwrites_nothing_either(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    (folder / "deep/a.png").write_bytes(png(30))
    file(folder, tmp_path / "out", row(folder, "a.png"))
    file(folder, tmp_path / "out", row(folder, "deep/a.png"), move=True)
    assert (tmp_path / "out/COVID-19/a.png").read_bytes() == png(200)
    assert (tmp_path / "out/COVID-19/a (2).png").read_bytes() == png(30)
    stamp = row(folder, "b.png").stamp
    with pytest.raises(FileExistsError):
        placing.copy_new(folder / "b.png", tmp_path / "out/COVID-19/a.png", stamp)


def test_two_filings_into_one_folder_do_not_disturb_each_other(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with FiledList(tmp_path / "out"):
        with pytest.raises(OutputError, match="being filed in .* already"):
            file(folder, tmp_path / "out", row(folder, "a.png"))


def test_a_list_that_is_another_file_is_left_alone(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NAME).write_text("file,price\na,1\n")
    with pytest.raises(OutputError, match="not a list of filed films"):
        file(folder, tmp_path / "out", row(folder, "a.png"))
    assert (tmp_path / "out" / NAME).read_text() == "file,price\na,1\n"


@pytest.mark.parametrize("torn", [b"/x/y,COVID", b"/x/y,COVID\0\0\0", b"\0\0"])
def test_a_torn_line_is_taken_off(folder: Path, tmp_path: Path, torn: bytes) -> None:
    file(folder, tmp_path / "out", row(folder, "a.png"))
    with open(tmp_path / "out" / NAME, "ab") as lines:
        lines.write(torn)
    file(folder, tmp_path / "out", row(folder, "b.png"))
    names = [line["to"] for line in listed(tmp_path / "out")]
    assert names == ["COVID-19/a.png", "COVID-19/b.png"]


def test_the_line_of_a_film_that_did_not_come_is_taken_off(
    folder: Path, tmp_path: Path
) -> None:
    film = row(folder, "a.png")
    file(folder, tmp_path / "out", film)
    (tmp_path / "out/COVID-19/a.png").unlink()  # as if killed before it had its name
    file(folder, tmp_path / "out", film)
    assert len(listed(tmp_path / "out")) == 1
    assert files_in(tmp_path / "out/COVID-19") == {"a.png"}


def test_a_wish_to_stop_is_heard_between_films(folder: Path, tmp_path: Path) -> None:
    calls: Iterator[int] = iter(range(9))

    def check() -> None:
        if next(calls) == 2:
            raise TrainingStopped("Stopped.")

    rows = [row(folder, name) for name in ("a.png", "deep/a.png", "b.png")]
    filer = Filer(folder, tmp_path / "out", NAMES, move=True)
    with pytest.raises(TrainingStopped):
        filer.file(rows, check)
    assert files_in(tmp_path / "out/COVID-19") == {"a.png", "a (2).png"}
    result = file(folder, tmp_path / "out", *rows, move=True)
    assert (result.there, result.filed.total()) == (2, 1)


_CHILD = """
import sys
from pathlib import Path
from core.filing.filer import Filer
from core.scan.results import read_rows
folder, target, rows = map(Path, sys.argv[1:])
filer = Filer(folder, target, {"covid": "COVID-19"}, move=True)
print("ready", flush=True)
filer.file(read_rows(rows, ("covid", "normal")))
"""


def child(*words: Path) -> subprocess.Popen[bytes]:
    """A filing that can be killed, about to begin."""
    started = subprocess.Popen(
        [sys.executable, "-c", _CHILD, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert started.stdout is not None
    started.stdout.readline()
    return started


@pytest.mark.slow
@pytest.mark.parametrize("other_disk", [False, True])
def test_kills_lose_no_film_and_file_none_twice(
    tmp_path: Path, other_disk: bool
) -> None:
    rng = random.Random(3)
    memory = Path("/dev/shm") if other_disk else tmp_path
    if not memory.is_dir():
        pytest.skip("there is no second disk here")
    with tempfile.TemporaryDirectory(dir=memory) as home:
        folder, target, rows = Path(home) / "in", tmp_path / "out", tmp_path / "r.csv"
        films = {f"{n:04d}.png": png(200) + n.to_bytes(4, "big") for n in range(600)}
        folder.mkdir()
        with ScanFile(rows, LABELS) as file:
            for name, content in films.items():
                (folder / name).write_bytes(content)
                file.append(row(folder, name))
        kills = 0
        while True:
            with child(folder, target, rows) as process:
                left = len(files_in(folder))
                try:
                    process.wait(rng.uniform(0, 0.05) if kills < 8 else None)
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    kills += 1
            assert len(files_in(folder)) <= left
        assert process.returncode == 0
        assert kills
        assert not files_in(folder)
        found = target / "COVID-19"
        assert {name: (found / name).read_bytes() for name in files_in(found)} == films
        places = [line["to"] for line in listed(target)]
        assert sorted(places) == [f"COVID-19/{name}" for name in films]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("a.png", "a.png"),
        ("COVID-19 / other: <x>?", "COVID-19 _ other_ _x__"),
        ("CON", "_CON"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("com1 .png", "_com1.png"),
        ("CONIN$.txt", "_CONIN$.txt"),
        (".a.png", ".a.png"),
        ("console.png", "console.png"),
        ("end. ", "end"),
        (" ..", "film"),
        ("", "film"),
        ("tab\tand\nend.png", "tab_and_end.png"),
        ("bad\udcff.png", "bad_.png"),
        ("Lunge rechts \u00fc.png", "Lunge rechts \u00fc.png"),
        ("u\u0308.png", "\u00fc.png"),
    ],
)
def test_a_name_is_made_good_for_every_system(name: str, made: str) -> None:
    assert portable_name(name) == made


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\U0001fac1"])
def test_a_long_name_is_cut_and_keeps_its_suffix(letter: str) -> None:
    name = numbered_name(portable_name(letter * 300 + ".png"), 12345)
    assert name.endswith(" (12345).png")
    assert len(name.encode()) <= 255


def test_a_film_with_a_long_name_is_filed(folder: Path, tmp_path: Path) -> None:
    names = ["x" * 251 + ".png", "deep/" + "x" * 251 + ".png"]
    write_films(folder, *names)
    result = file(folder, tmp_path / "out", *(row(folder, name) for name in names))
    assert result.filed.total() == 2


def test_no_two_findings_share_a_folder() -> None:
    names = {"a": "Uncertain", "b": "A/B", "c": "A:B", "d": "..", "e": "..."}
    folders = folder_names(names)
    assert folders["uncertain"] == "uncertain"
    assert folders["a"] == "Uncertain (2)"
    assert len({folder.casefold() for folder in folders.values()}) == 8


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_in_place_of_a_film_does_not_hang_it(
    folder: Path, tmp_path: Path
) -> None:
    os.mkfifo(folder / "pipe.png")
    result = file(folder, tmp_path / "out", row(folder, "pipe.png"))
    assert result.failed == {"no ordinary files": ["pipe.png"]}


def test_progress_is_told(folder: Path, tmp_path: Path) -> None:
    told: list[int] = []
    told_by: Callable[[int], None] = told.append
    rows = [row(folder, "a.png"), row(folder, "b.png")]
    Filer(folder, tmp_path / "out", NAMES, move=False).file(rows, count=told_by)
    assert told == [1, 2]
