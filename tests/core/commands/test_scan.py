"""`core scan` from end to end."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from core.__main__ import main
from core.jobs.events import (
    JobFailed,
    JobStopped,
    JobSucceeded,
    Progressed,
    parse_event,
)
from core.model.bundle import ModelBundle
from core.scan import store as scans
from core.scan.record import ScanRecord
from core.scan.results import ScanFile
from tests.scan_folder import (
    files_of,
    fork_server,
    png,
    scan_in_fork,
    start_scan,
    write_films,
)
from tests.small_disk import as_nobody, open_folder, tiny_disk
from tests.tiny_bundle import write_tiny_bundle

Scan = Callable[..., int]


@pytest.fixture
def signals_kept() -> object:
    """Put back what a command does to the signals of this process."""
    kept = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in kept.items():
        signal.signal(name, handler)


@pytest.fixture
def scan(tiny_bundle: ModelBundle, signals_kept: object) -> Scan:
    """`core scan` in this process, with the tiny model."""

    def run(*words: str | Path) -> int:
        return main(["scan", "--model", str(tiny_bundle.path), *map(str, words)])

    return run


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table(
    scan: Scan, tiny_bundle: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "a.png", "deep/b.png")
    write_films(folder, "dark.png", level=20)
    (folder / "notes.txt").write_text("no film")
    assert scan(folder, "--out", tmp_path / "r.csv") == 0
    rows = rows_of(tmp_path / "r.csv")
    found = [(row["file"], row["finding"]) for row in rows]
    assert found == [
        ("a.png", "covid"),
        ("dark.png", "normal"),
        ("deep/b.png", "covid"),
    ]
    assert {row["model_sha256"] for row in rows} == {tiny_bundle.sha256}
    said = capsys.readouterr()
    assert "Films: 3, with a verdict: 3" in said.out
    assert "COVID-19              2   67 % (21 to 94)" in said.out
    assert "Left out: 1 file that is no film." in said.err
    assert "Left out: 1 file that is no film." in said.out


def test_hidden_films_are_counted_everywhere_or_read(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    names = [f"..dots{number}.png" for number in range(45)]
    folder = write_films(tmp_path / "in", "a.png", *names)
    out, summary, page = (tmp_path / name for name in ("r.csv", "s.json", "r.html"))
    assert scan(folder, "--out", out, "--json", summary, "--report", page) == 0
    said = capsys.readouterr()
    assert files_of(out) == ["a.png"]
    assert "Left out: 45 hidden files." in said.err
    assert (
        "Left out: 45 hidden files.\nHidden files are read with --hidden." in said.out
    )
    assert "Left out: 45 hidden files." in page.read_text("utf-8")
    counts = json.loads(summary.read_text("utf-8"))["left_out"]
    assert counts["hidden_files"] == 45
    assert counts["in_words"] == "Left out: 45 hidden files."
    words = ["--out", out, "--json", summary, "--resume", "--hidden"]
    assert scan(folder, *words) == 0
    assert sorted(files_of(out)) == sorted([*names, "a.png"])
    counts = json.loads(summary.read_text("utf-8"))["left_out"]
    assert (counts["hidden_files"], counts["in_words"]) == (0, "")


def test_a_folder_of_hidden_films_alone_says_so(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", ".a.png")
    assert scan(folder, "--out", tmp_path / "r.csv") == 2
    said = capsys.readouterr().err
    assert "1 hidden file" in said
    assert "--hidden" in said


def test_films_that_cannot_be_read_give_status_4(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    (folder / "b.png").write_bytes(b"")
    assert scan(folder, "--out", tmp_path / "r.csv") == 4
    assert rows_of(tmp_path / "r.csv")[1]["error"].startswith('"b.png" is empty.')
    assert "not read              1" in capsys.readouterr().out


def test_a_folder_that_cannot_be_listed_gives_status_4(
    tiny_bundle: ModelBundle, capsys: pytest.CaptureFixture, signals_kept: object
) -> None:
    with open_folder() as folder:
        shutil.copytree(tiny_bundle.path, folder / "model")
        write_films(folder / "in", "a.png", "closed/b.png")
        (folder / "in" / "closed").chmod(0)
        words = ["scan", f"{folder / 'in'}", "--out", f"{folder / 'r.csv'}"]
        with as_nobody():
            status = main([*words, "--model", str(folder / "model")])
        (folder / "in" / "closed").chmod(0o755)
    assert status == 4
    said = capsys.readouterr().err
    assert "The folder closed cannot be listed: Permission denied." in said


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder.mkdir(), "There is no film in"),
        (lambda folder: None, "There is no folder called"),
        (lambda folder: folder.write_text("x"), "is a file, not a folder"),
    ],
)
def test_a_folder_that_cannot_serve_leaves_no_file(
    scan: Scan,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    make: Callable[[Path], None],
    said: str,
) -> None:
    make(tmp_path / "in")
    assert scan(tmp_path / "in", "--out", tmp_path / "r.csv") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "r.csv").exists()


@pytest.mark.parametrize("name", ["--out", "--jsonl", "--xlsx", "--report"])
def test_no_result_is_replaced_unasked(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture, name: str
) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    there = tmp_path / "there"
    there.write_text("precious")
    out = ["--out", tmp_path / "r.csv"] if name != "--out" else []
    assert scan(folder, *out, name, there) == 2
    assert "there exists already" in capsys.readouterr().err
    assert there.read_text() == "precious"
    if name != "--out":
        assert scan(folder, *out, name, there, "--resume") == 2
        said = capsys.readouterr().err
        assert "or move it away first" in said
        assert "--overwrite" not in said
    assert scan(folder, *out, name, there, "--overwrite") == 0
    assert there.read_bytes() != b"precious"


def test_two_results_cannot_go_to_one_file(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    same = tmp_path / "r"
    assert scan(folder, "--out", same, "--report", same) == 2
    assert "would go to one file" in capsys.readouterr().err


def test_a_scan_goes_on_with_new_films_only(scan: Scan, tmp_path: Path) -> None:
    folder = write_films(tmp_path / "in", "b.png")
    assert scan(folder, "--out", tmp_path / "r.csv") == 0
    write_films(folder, "a.png", "c.png")
    assert scan(folder, "--out", tmp_path / "r.csv", "--resume") == 0
    assert files_of(tmp_path / "r.csv") == ["b.png", "a.png", "c.png"]


def test_going_on_and_beginning_anew_contradict_each_other(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = write_films(tmp_path / "in", "a.png"), tmp_path / "r.csv"
    assert scan(folder, "--out", out) == 0
    rows = out.read_bytes()
    assert scan(folder, "--out", out, "--resume", "--overwrite") == 2
    assert "--overwrite discards it" in capsys.readouterr().err
    assert out.read_bytes() == rows


def test_a_finished_scan_is_exported_by_going_on(scan: Scan, tmp_path: Path) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    assert scan(folder, "--out", tmp_path / "r.csv") == 0
    before = (tmp_path / "r.csv").read_bytes()
    words = ["--resume", "--jsonl", tmp_path / "r.jsonl"]
    assert scan(folder, "--out", tmp_path / "r.csv", *words) == 0
    assert (tmp_path / "r.csv").read_bytes() == before
    assert json.loads((tmp_path / "r.jsonl").read_text())["path"] == "a.png"


def test_a_scan_does_not_go_on_with_another_model(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    scan(folder, "--out", tmp_path / "r.csv")
    other = write_tiny_bundle(tmp_path / "other", shift=1.0)
    words = ["--out", tmp_path / "r.csv", "--resume"]
    assert scan(folder, *words, "--model", other.path) == 2
    assert "was made with another model, Tiny" in capsys.readouterr().err
    assert scan(folder, *words, "--precision", "bfloat16") == 2
    assert "was made in float32, not in bfloat16" in capsys.readouterr().err


def test_a_scan_does_not_go_on_with_another_folder(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    scan(write_films(tmp_path / "in", "a.png"), "--out", tmp_path / "r.csv")
    other = write_films(tmp_path / "other", "b.png")
    assert scan(other, "--out", tmp_path / "r.csv", "--resume") == 2
    assert "lists no film of" in capsys.readouterr().err
    assert files_of(tmp_path / "r.csv") == ["a.png"]


def test_a_scan_of_the_window_goes_on_after_all_its_films_were_sorted_away(
    scan: Scan, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    record = ScanRecord(
        folder=folder,
        started=datetime(2026, 1, 2, 3, 4, 5).astimezone(),
        model=tiny_bundle.card.name,
        bundle=tiny_bundle.path,
        model_sha256=tiny_bundle.sha256,
        card_labels=tuple(tiny_bundle.card.labels),
    )
    results = scans.new_scan(record).results
    scan(folder, "--out", results)
    (folder / "a.png").unlink()
    write_films(folder, "b.png")
    assert scan(folder, "--out", results, "--resume") == 0
    assert files_of(results) == ["a.png", "b.png"]


def test_films_that_changed_or_went_between_are_said_to_have(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "a.png", "b.png", "c.png")
    scan(folder, "--out", tmp_path / "r.csv")
    write_films(folder, "a.png", level=3)
    (folder / "b.png").unlink()
    assert scan(folder, "--out", tmp_path / "r.csv", "--resume") == 0
    said = capsys.readouterr().err
    assert "Changed since the scan: 1 film (a.png)." in said
    assert "No longer there: 1 film (b.png)." in said
    assert "Going on: 2 of 2 films read before." in said


def test_folders_that_are_labels_make_it_a_measurement(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", *(f"covid/{n}.png" for n in range(8)))
    write_films(folder, *(f"Normal/{n}.png" for n in range(6)), level=20)
    write_films(folder, "Normal/6.png", "Normal/7.png", "else/0.png")
    words = ["--out", tmp_path / "r.csv", "--labels-from-folders"]
    assert scan(folder, *words) == 0
    said = capsys.readouterr().out
    assert "Normal films (8 read) called Normal 75 % (41 to 93), COVID-19 25 %" in said
    assert "not COVID-19 75 % (41 to 93)" in said
    assert "Without a label, so not measured: 1 film" in said
    assert "Accuracy: 0.875 (" in said
    assert " COVID-19 8 0 0 Pneumonia 0 0 0 Normal 2 0 6" in " ".join(said.split())


def test_labels_can_come_from_a_list(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "a.png", "deep/b.png", "c.png")
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\nin/a.png,covid\nin/deep/b.png,normal\n")
    assert scan(folder, "--out", tmp_path / "r.csv", "--labels", labels) == 0
    said = capsys.readouterr().out
    assert "Normal films (1 read) called Normal 0 %" in said
    assert "Without a label, so not measured: 1 film" in said


def test_a_list_of_other_films_is_refused_with_where_its_paths_start(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    write_films(tmp_path, "a.png")
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\na.png,covid\n")
    assert scan(folder, "--out", tmp_path / "r.csv", "--labels", labels) == 2
    said = capsys.readouterr().err
    assert "Paths in the list start from the folder that it lies in." in said
    assert not (tmp_path / "r.csv").exists()


def test_folders_that_are_no_labels_are_refused_before_the_scan(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "left/a.png")
    words = ["--out", tmp_path / "r.csv", "--labels-from-folders"]
    assert scan(folder, *words) == 2
    assert "labels are: covid, pneumonia, normal." in capsys.readouterr().err
    assert not (tmp_path / "r.csv").exists()


def test_a_full_disk_is_one_sentence_and_what_was_done_stays(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", *(f"{n:04}.png" for n in range(200)))
    with tiny_disk(tmp_path / "disk", 16) as disk:
        out = disk / "r.csv"
        assert scan(folder, "--out", out) == 2
        assert "no space left to write r.csv; what was done is kept" in (
            capsys.readouterr().err
        )
        done = files_of(out)
        assert 10 < len(done) < 200
        shutil.copy(out, tmp_path / "r.csv")
    assert scan(folder, "--out", tmp_path / "r.csv", "--resume") == 0
    assert files_of(tmp_path / "r.csv") == [f"{n:04}.png" for n in range(200)]


def test_a_second_scan_into_the_same_file_is_refused(
    scan: Scan, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    with ScanFile(tmp_path / "r.csv", ("covid", "pneumonia", "normal")):
        assert scan(folder, "--out", tmp_path / "r.csv", "--resume") == 2
    assert "Another scan is writing r.csv." in capsys.readouterr().err


@pytest.mark.slow
def test_two_scans_of_one_folder_do_not_disturb_each_other(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder = write_films(tmp_path / "in", *(f"{n:03}.png" for n in range(60)))
    model = ["--model", tiny_bundle.path]
    children = [
        start_scan(folder, "--out", folder / f"{n}.csv", *model) for n in range(2)
    ]
    for number, child in enumerate(children):
        child.communicate(timeout=60)
        assert child.returncode == 0
        assert files_of(folder / f"{number}.csv") == [f"{n:03}.png" for n in range(60)]


def slow_folder(folder: Path) -> Path:
    """Films that take a second or more together."""
    folder.mkdir()
    (folder / "0000.png").write_bytes(png(200, 2048))
    for number in range(1, 120):
        os.link(folder / "0000.png", folder / f"{number:04}.png")
    return folder


@pytest.mark.slow
def test_the_word_stop_ends_a_scan_and_keeps_what_was_done(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder, out = slow_folder(tmp_path / "in"), tmp_path / "r.csv"
    words = [folder, "--out", out, "--model", tiny_bundle.path, "--events"]
    child = start_scan(*words)
    assert child.stdout is not None
    assert child.stdin is not None
    for line in child.stdout:
        if isinstance(parse_event(line), Progressed):
            break
    child.stdin.write("stop\n")
    child.stdin.flush()
    events = [parse_event(line) for line in child.stdout]
    assert child.wait(30) == 3
    assert events[-1] == JobStopped()
    done = files_of(out)
    assert 0 < len(done) < 120
    child.communicate()
    again = start_scan(*words, "--resume")
    again.communicate(timeout=120)
    assert again.returncode == 0
    assert files_of(out)[: len(done)] == done
    assert len(files_of(out)) == 120


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are a Unix matter")
def test_control_c_ends_a_scan_and_keeps_what_was_done(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    folder, out = slow_folder(tmp_path / "in"), tmp_path / "r.csv"
    child = start_scan(folder, "--out", out, "--model", tiny_bundle.path)
    while not out.exists() or out.stat().st_size < 2000:
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 3
    assert "The scan was stopped; what was done is kept. Go on with the same" in said
    assert 0 < len(files_of(out)) < 120


@pytest.mark.slow
def test_a_program_hears_events(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    folder = write_films(tmp_path / "in", "a.png")
    out = tmp_path / "r.csv"
    for words, last in (
        ([folder, "--out", out], JobSucceeded(str(out))),
        ([folder, "--out", out], JobFailed),
    ):
        child = start_scan(*words, "--model", tiny_bundle.path, "--events")
        assert child.stdout is not None
        events = [parse_event(line) for line in child.stdout]
        child.communicate(timeout=60)
        assert None not in events
        assert events[-1] == last or isinstance(events[-1], JobFailed)


def _killed_after(words: list[str], wait_s: float) -> int | None:
    """Scan in a child and kill it after a while; its status, if it was faster."""
    child = fork_server().Process(target=scan_in_fork, args=(words,), daemon=True)
    child.start()
    child.join(wait_s)
    child.kill()
    child.join()
    status = child.exitcode
    child.close()
    return None if status == -signal.SIGKILL else status


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork server")
def test_no_film_is_lost_or_listed_twice_by_50_kills(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    names = [f"{n // 20}/{n:04}.png" for n in range(120)]
    folder = write_films(tmp_path / "in", *names)
    (folder / "0" / "0007.png").write_bytes(b"no film")
    words = [str(folder), "--model", str(tiny_bundle.path), "--resume"]
    for name in ("warm.csv", "first.csv"):  # the server loads the core at first
        began = time.monotonic()
        assert _killed_after([*words, "--out", str(tmp_path / name)], 60) == 4
        whole = time.monotonic() - began
    expected = (tmp_path / "first.csv").read_bytes()
    rng = random.Random(7)
    kills = rounds = within = 0
    while kills < 50:
        out, rounds = tmp_path / f"{rounds}.csv", rounds + 1
        status = None
        while status is None and kills < 50:
            wait_s = rng.uniform(0.2, 0.8) * whole
            status = _killed_after([*words, "--out", str(out)], wait_s)
            kills += status is None
            lines = out.read_bytes() if out.exists() else b""
            # Valid after every kill: a head, whole rows, in order, none twice.
            cut = lines.rfind(b"\n") + 1
            assert expected.startswith(lines[:cut])
            within += 0 < lines.count(b"\n") < 120
        if status is None:
            status = _killed_after([*words, "--out", str(out)], 60)
        assert status == 4
        assert out.read_bytes() == expected
    assert within > 10, "few of the kills met a scan at work"
