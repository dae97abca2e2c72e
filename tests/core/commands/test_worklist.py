"""`core worklist`: what one does with a scan."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from core.__main__ import main
from core.errors import DatasetError
from core.jobs.events import JobFailed, JobSucceeded, Noted, Progressed
from core.model.bundle import ModelBundle
from core.scan.row import encode_cell
from core.scan.worklist import WorkList, read_list
from tests.scan_folder import files_of, write_films
from tests.tiny_bundle import write_tiny_bundle
from tests.training_child import Child

Command = Callable[..., int]


@pytest.fixture
def command(tiny_bundle: ModelBundle) -> object:
    """A command in this process, with the tiny model."""
    kept = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}

    def run(name: str, *words: str | Path) -> int:
        return main([name, "--model", str(tiny_bundle.path), *map(str, words)])

    yield run
    for name, handler in kept.items():
        signal.signal(name, handler)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_films(tmp_path / "in", "covid/a.png", "normal/c.png")
    write_films(folder, "normal/b.png", level=20)
    write_films(folder, "covid/d.png", level=127)
    return folder


@pytest.fixture
def results(command: Command, folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "scan" / "results.csv"
    path.parent.mkdir()
    assert command("scan", folder, "--out", path) == 0
    return path


def test_the_list_is_in_triage_order(
    command: Command, results: Path, tmp_path: Path
) -> None:
    out = tmp_path / "w.csv"
    assert command("worklist", results, "--csv", out) == 0
    assert files_of(out) == [
        "covid/a.png",
        "normal/c.png",
        "covid/d.png",
        "normal/b.png",
    ]
    written = out.read_text("utf-8").splitlines()
    assert len(written) == 5
    for line in results.read_text("utf-8").splitlines():
        assert any(each.startswith(line) for each in written), "columns come after"


def test_chosen_films_come_in_the_order_of_the_list(
    command: Command, results: Path, tmp_path: Path
) -> None:
    (tmp_path / "l.txt").write_text(
        "\ufeffnormal/b.png\r\n\r\ncovid/a.png\r\n", "utf-8"
    )
    out = tmp_path / "w.csv"
    assert command("worklist", results, "--only", tmp_path / "l.txt", "--csv", out) == 0
    assert files_of(out) == ["normal/b.png", "covid/a.png"]


def test_films_that_the_scan_does_not_have_are_said(
    command: Command, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "l.txt").write_text("covid/a.png\nx.png\n")
    out = tmp_path / "w.csv"
    assert command("worklist", results, "--only", tmp_path / "l.txt", "--csv", out) == 4
    assert files_of(out) == ["covid/a.png"]
    assert "Not in results.csv: 1 (x.png)." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"\n \n", "names no film"),
        (b"x.png\n", "None of the films asked for"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_list_that_cannot_serve_is_said(
    command: Command,
    results: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    text: bytes | None,
    said: str,
) -> None:
    if text is not None:
        (tmp_path / "l.txt").write_bytes(text)
    assert command("worklist", results, "--only", tmp_path / "l.txt") == 2
    assert said in capsys.readouterr().err


def test_any_name_can_be_in_a_list(tmp_path: Path) -> None:
    names = ["=a.png", "'b.png", "c\nd.png", "e\\f.png", "g\udcff.png", " h .png"]
    text = "\n".join(encode_cell(name) for name in names)
    (tmp_path / "l.txt").write_text(text, "utf-8")
    assert read_list(tmp_path / "l.txt") == names


def test_every_form_holds_the_same_films(
    command: Command, results: Path, folder: Path, tmp_path: Path
) -> None:
    names = ("w.csv", "w.jsonl", "w.xlsx", "w.html", "w.json")
    flags = ("--csv", "--jsonl", "--xlsx", "--report", "--json")
    files = [tmp_path / name for name in names]
    words = [word for pair in zip(flags, files, strict=True) for word in pair]
    assert command("worklist", results, "--folder", folder, *words) == 0
    order = files_of(files[0])
    lines = files[1].read_text("utf-8").splitlines()
    assert [json.loads(line)["path"] for line in lines] == order
    book = openpyxl.load_workbook(files[2])
    assert [cells[0].value for cells in list(book.active.iter_rows())[1:]] == order
    book.close()
    page = files[3].read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 4
    assert all(name in page for name in order)
    assert json.loads(files[4].read_text("utf-8"))["films"] == 4


def test_a_report_of_chosen_films_says_so(
    command: Command, results: Path, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "l.txt").write_text("covid/a.png\n")
    out = tmp_path / "w.html"
    words = ["--only", tmp_path / "l.txt", "--report", out, "--folder", folder]
    assert command("worklist", results, *words) == 0
    page = out.read_text("utf-8")
    assert "A selection: 1 of the 4 films of the scan." in page
    assert "normal/b.png" not in page


@pytest.mark.slow
def test_the_figures_of_scan_and_worklist_are_the_same(
    command: Command, tiny_bundle: ModelBundle, folder: Path, tmp_path: Path
) -> None:
    results, one, two = (tmp_path / name for name in ("r.csv", "1.json", "2.json"))
    labelled = "--labels-from-folders"
    command("scan", folder, "--out", results, labelled, "--json", one)
    command("worklist", results, labelled, "--json", two)
    figures = json.loads(one.read_text("utf-8"))
    assert not any(figures.pop("left_out").values()), "of the folder, not of its rows"
    assert figures == json.loads(two.read_text("utf-8"))
    assert figures["model_sha256"] == tiny_bundle.sha256
    assert figures["precision"] == "float32"
    covid = figures["by_label"]["covid"]
    assert (covid["films"], covid["called"]["covid"]["n"]) == (2, 1)
    assert covid["in_words"].startswith("COVID-19 films (2 read) called COVID-19 50 %")
    result = figures["evaluation"]
    assert result["n"] == 4
    for name in ("accuracy", "macro_f1", "ece"):
        assert len(result[f"{name}_ci"]) == 2
    assert set(result["per_class"]) == set(tiny_bundle.card.label_names)
    assert figures.pop("temperature") == tiny_bundle.card.temperature  # no rate
    assert_every_rate_has_its_interval(figures)


def assert_every_rate_has_its_interval(fields: object) -> None:
    if isinstance(fields, dict):
        for name, value in fields.items():
            assert not isinstance(value, float) or f"{name}_ci" in fields, name
            assert_every_rate_has_its_interval(value)


def test_figures_grow_with_a_scan_that_goes_on(
    command: Command, results: Path, folder: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "s.json"
    figures.write_text("{}")
    words = ["scan", folder, "--out", results, "--json", figures]
    assert command(*words, "--resume") == 0
    assert json.loads(figures.read_text("utf-8"))["films"] == 4


def test_a_table_that_still_grows_serves(
    command: Command, results: Path, tmp_path: Path
) -> None:
    with open(results, "ab") as file:
        file.write(b"normal/torn.png,nor")
    assert command("worklist", results, "--csv", tmp_path / "w.csv") == 0
    assert len(files_of(tmp_path / "w.csv")) == 4


def test_rows_that_come_later_are_not_among_them(
    command: Command, results: Path, folder: Path
) -> None:
    films = WorkList(results)
    write_films(folder, "later.png")
    assert command("scan", folder, "--out", results, "--resume") == 0
    assert len(list(films)) == len(films) == 4


def test_nothing_is_overwritten_without_asking(
    command: Command, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "w.csv"
    out.write_text("mine")
    assert command("worklist", results, "--csv", out) == 2
    assert out.read_text() == "mine"
    assert "w.csv exists already." in capsys.readouterr().err
    assert command("worklist", results, "--csv", out, "--overwrite") == 0
    assert len(files_of(out)) == 4


def test_the_scan_itself_is_never_written_over(command: Command, results: Path) -> None:
    before = results.read_bytes()
    assert command("worklist", results, "--csv", results, "--overwrite") == 2
    assert results.read_bytes() == before


def test_without_the_folder_there_is_no_filing(
    command: Command, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert command("worklist", results, "--copy-to", tmp_path / "out") == 2
    assert "--folder" in capsys.readouterr().err


def test_films_are_filed_by_finding(
    command: Command,
    results: Path,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    target = tmp_path / "sorted"
    words = ["worklist", results, "--folder", folder]
    assert command(*words, "--copy-to", target) == 0
    assert (target / "COVID-19/a.png").exists()
    assert (target / "Normal/b.png").exists()
    said = capsys.readouterr().out
    assert "Films copied: 4 (COVID-19: 2, Normal: 1, uncertain: 1)." in said
    (folder / "covid/a.png").unlink()
    assert command(*words, "--copy-to", tmp_path / "again") == 4
    said = capsys.readouterr()
    assert "Not copied, no longer there: 1 (covid/a.png)." in said.err
    assert "Left where they are: 1." in said.out


def test_a_report_is_made_before_its_films_are_moved(
    command: Command, results: Path, folder: Path, tmp_path: Path
) -> None:
    page = tmp_path / "w.html"
    words = ["--folder", folder, "--report", page, "--move-to", tmp_path / "sorted"]
    assert command("worklist", results, *words) == 0
    assert page.read_text("utf-8").count("data:image/jpeg") == 4
    assert not list(folder.rglob("*.png"))


def test_another_model_does_not_measure_it(
    command: Command, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    other = write_tiny_bundle(tmp_path / "other", shift=1.0, name="Other")
    out = tmp_path / "w.json"
    words = ["worklist", str(results), "--model", str(other.path), "--json", str(out)]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "was made with another model, Tiny test model." in said


def test_rows_can_be_had_without_their_model(results: Path, tmp_path: Path) -> None:
    assert main(["worklist", str(results), "--csv", str(tmp_path / "w.csv")]) == 0
    assert len(files_of(tmp_path / "w.csv")) == 4


@pytest.mark.parametrize("text", ["", "file,price\n", "\0\0", '"'])
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture, text: str
) -> None:
    (tmp_path / "r.csv").write_text(text)
    assert main(["worklist", str(tmp_path / "r.csv")]) == 2
    assert "r.csv is not the result of a scan." in capsys.readouterr().err


def test_a_scan_that_found_nothing_has_a_list_of_nothing(
    command: Command, results: Path, tmp_path: Path
) -> None:
    with open(results, newline="") as file:
        head = next(csv.reader(file))
    (tmp_path / "r.csv").write_text(",".join(head) + "\n")
    words = ["--csv", tmp_path / "w.csv", "--json", tmp_path / "w.json"]
    assert command("worklist", tmp_path / "r.csv", *words) == 0
    figures = json.loads((tmp_path / "w.json").read_text("utf-8"))
    assert (figures["films"], figures["not_read_share"]) == (0, None)


def test_an_empty_choice_is_refused(results: Path) -> None:
    with pytest.raises(DatasetError):
        WorkList(results, ["nowhere.png"])


@pytest.mark.slow
def test_a_program_hears_how_far_it_is(
    results: Path,
    folder: Path,
    tiny_bundle: ModelBundle,
    tmp_path: Path,
    start: Callable[..., Child],
) -> None:
    child = start(
        *(results, "--folder", folder, "--model", tiny_bundle.path),
        *("--copy-to", tmp_path / "sorted", "--events"),
        command="worklist",
    )
    assert child.finish()[0] == 0
    events = child.events
    assert Progressed("filing", 4, 4) in [
        Progressed(e.stage, e.done, e.total)
        for e in events
        if isinstance(e, Progressed)
    ]
    (noted,) = [event for event in events if isinstance(event, Noted)]
    assert noted.message.startswith("Films copied: 4 (COVID-19: 2")
    assert events[-1] == JobSucceeded(str(tmp_path / "sorted"))


@pytest.mark.slow
def test_a_program_hears_why_not(
    results: Path, folder: Path, start: Callable[..., Child]
) -> None:
    words = (results, "--folder", folder, "--move-to", folder / "x", "--events")
    child = start(*words, command="worklist")
    assert child.finish()[0] == 2
    last = child.events[-1]
    assert isinstance(last, JobFailed)
    assert "would be scanned again" in last.message
