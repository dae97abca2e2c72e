"""Wrong arguments of every command: a sentence and status 2, never a traceback."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from core.__main__ import main
from core.files import write_json
from core.model.bundle import REPORT, ModelBundle, write_bundle
from tests.core.commands.test_scan import signals_kept  # noqa: F401 - a fixture
from tests.core.reports.test_text import make_report
from tests.phantoms import write_phantom_set
from tests.scan_folder import write_films

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest with splits and sources; its folder has no other films."""
    return write_phantom_set(tmp_path_factory.mktemp("data"), per_label=3, size=64)


@pytest.fixture
def run(capsys: pytest.CaptureFixture, signals_kept: object) -> Run:  # noqa: F811
    """A command in this process -> its status and all that it said."""

    def command(*words: str | Path) -> tuple[int, str]:
        try:
            status = main([*map(str, words)])
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out + said.err

    return command


@pytest.fixture
def reported(tiny_bundle: ModelBundle, tmp_path: Path) -> ModelBundle:
    """A model with a report on its test films, and the validation films' figures."""
    report = make_report()
    report["validation"] = {**report["result"], "n": 17}
    return with_report(tiny_bundle, tmp_path, report)


def with_report(bundle: ModelBundle, folder: Path, report: object) -> ModelBundle:
    write_json(folder / REPORT, report)  # type: ignore[arg-type]
    files = {name: bundle.path / name for name in bundle.card.files}
    files[REPORT] = folder / REPORT
    return write_bundle(folder / "reported", bundle.card, files)


def test_without_films_the_splits_of_the_report_are_printed_and_no_others(
    run: Run, reported: ModelBundle, tmp_path: Path
) -> None:
    status, said = run("evaluate", reported.path)
    assert (status, "Films: 30" in said) == (0, True)
    assert run("evaluate", reported.path, "--split", "test") == (0, said)
    out = tmp_path / "val.json"
    status, said = run("evaluate", reported.path, "--split", "val", "--json", out)
    assert (status, "Films: 17" in said) == (0, True)
    assert json.loads(out.read_text("utf-8"))["split"] == "val"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--split", "nosuch"], "holds the splits val, test alone"),
        (["--split", "all"], "holds the splits val, test alone"),
        (["--split", "val", "--report", "OUT"], "a page of the split test alone"),
        (["--pool", "a=b"], "its own pools alone"),
    ],
)
def test_without_films_nothing_else_is_answered(
    words: list[str], expected: str, run: Run, reported: ModelBundle, tmp_path: Path
) -> None:
    out = tmp_path / "r.html"
    words = [str(out) if word == "OUT" else word for word in words]
    status, said = run("evaluate", reported.path, *words)
    assert status == 2
    assert expected in said
    assert "--data" in said
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--split", "nosuch"], "Its splits are: test, train, val"),
        (["--pool", "a=nowhere"], "names sources that the films do not have: nowhere"),
        (["--pool", "a=phantom-a:flu"], "names labels that the films do not have: flu"),
        (["--pool", "a=phantom-a:"], "cannot be written as"),
        (["--pool", "a=phantom-a++"], "cannot be written as"),
        (["--pool", " =phantom-a"], "cannot be written as"),
    ],
)
def test_with_films_splits_and_pools_must_be_there(
    words: list[str], expected: str, run: Run, tiny_bundle: ModelBundle, data: Path
) -> None:
    status, said = run("evaluate", tiny_bundle.path, "--data", data, *words)
    assert (status, expected in said) == (2, True), said


def test_data_without_splits_is_measured_whole_and_says_so(
    run: Run, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    films = write_films(tmp_path / "in", "covid/a.png", "normal/b.png")
    out = tmp_path / "r.json"
    words = ["evaluate", tiny_bundle.path, "--data", films]
    assert run(*words, "--json", out)[0] == 0
    assert json.loads(out.read_text("utf-8"))["split"] == "all"
    status, said = run(*words, "--split", "val")
    assert (status, "names no splits" in said) == (2, True)


def other_labels(report: dict[str, object]) -> None:
    report["model"]["labels"].pop()  # type: ignore[index]


def other_figures(report: dict[str, object]) -> None:
    rates = report["result"]["per_class"]  # type: ignore[index]
    rates["flu"] = rates.pop("covid")


def other_matrix(report: dict[str, object]) -> None:
    report["result"]["confusion_matrix"].pop()  # type: ignore[index]


def other_mistake(report: dict[str, object]) -> None:
    report["result"]["mistakes"][0]["called"] = "flu"  # type: ignore[index]


def other_history(report: dict[str, object]) -> None:
    report["history"] = [{"phase": 1}]


def other_curves(report: dict[str, object]) -> None:
    report["result"]["curves"]["covid"]["roc"] = [[0]]  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    [
        other_labels,
        other_figures,
        other_matrix,
        other_mistake,
        other_history,
        other_curves,
    ],
)
def test_a_report_of_other_labels_than_its_card_is_refused(
    change: Callable[[dict[str, object]], None],
    run: Run,
    tiny_bundle: ModelBundle,
    tmp_path: Path,
) -> None:
    report = json.loads(json.dumps(make_report()))
    change(report)
    bundle = with_report(tiny_bundle, tmp_path, report)
    status, said = run("evaluate", bundle.path, "--report", tmp_path / "r.html")
    assert (status, "does not fit its card" in said) == (2, True), said
    assert run("card", bundle.path)[0] == 0, "the card itself is whole"


@pytest.mark.parametrize("change", [other_figures, other_matrix])
def test_a_card_with_figures_of_other_labels_is_refused(
    change: Callable[[dict[str, object]], None],
    run: Run,
    tiny_bundle: ModelBundle,
    tmp_path: Path,
) -> None:
    report = json.loads(json.dumps(make_report()))
    change(report)
    card = msgspec.structs.replace(tiny_bundle.card, metrics={"test": report["result"]})
    files = {name: tiny_bundle.path / name for name in tiny_bundle.card.files}
    bundle = write_bundle(tmp_path / "m", card, files)
    status, said = run("card", bundle.path)
    assert (status, "not of its labels" in said) == (2, True), said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["audit", "DATA", "--seed", "-4"], "from 0 to 4294967294"),
        (["audit", "DATA", "--seed", "99999999999999"], "from 0 to 4294967294"),
        (["audit", "DATA", "--seed", "4294967295"], "from 0 to 4294967294"),
        *(
            (["audit", "DATA", f"--{name}", value], "above 0 and below 0.5")
            for name in ("validation", "test")
            for value in ("0", "-1", "0.5", "7", "nan", "inf")
        ),
        (["audit", "DATA", "--labels", "covid,,normal"], "Every label must have"),
        (["audit", "DATA", "--labels", "covid, flu"], "no film labelled flu"),
        (["audit", "DATA", "--patient-pattern", "("], "cannot be understood"),
        *(
            (
                ["calibrate", "M", "--data", "DATA", "--out", "OUT", f"--films={n}"],
                "from 1",
            )
            for n in ("0", "-1", "x", "", "1e3", "9" * 99)
        ),
        (["compare", "M", "M", "--data", "DATA", "--allow-drop", "nan"], "0 to 1"),
        (["compare", "M", "M", "--data", "DATA", "--split", "x"], "Its splits are"),
        (["train", "--data", "DATA", "--out", "OUT", "--labels", "a,a"], "Every label"),
        (["train", "--data", "DATA", "--out", "OUT", "--folds", "1"], "from 2 to 100"),
        (["worklist", "SCAN", "--labels", "FOLDER", "--folder", "FOLDER"], "a folder"),
        (["nonsense"], "'self-test'"),
        ([], "COMMAND"),
    ],
)
def test_wrong_values_are_a_sentence(
    words: list[str],
    expected: str,
    run: Run,
    tiny_bundle: ModelBundle,
    data: Path,
    tmp_path: Path,
) -> None:
    places = {
        "DATA": data,
        "M": tiny_bundle.path,
        "OUT": tmp_path / "out",
        "FOLDER": tmp_path,
        "SCAN": tmp_path / "r.csv",
    }
    if "SCAN" in words:
        films = write_films(tmp_path / "in", "a.png")
        scan = ["scan", films, "--out", places["SCAN"], "--model", tiny_bundle.path]
        assert run(*scan)[0] == 0
        words = [*words, "--model", str(tiny_bundle.path)]
    status, said = run(*(places.get(word, word) for word in words))
    assert (status, expected in said) == (2, True), said
    assert "_some" not in said
    assert "convert" not in said
    assert "crash-probe" not in said
    assert not places["OUT"].exists()


def test_labels_are_trimmed(run: Run, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    run("audit", data, "--labels", "normal , covid", "--json", out)
    assert list(json.loads(out.read_text("utf-8"))["labels"]) == ["normal", "covid"]


OUTPUTS = [
    ["audit", "DATA", "--json", "FILE"],
    ["audit", "DATA", "--manifest", "FILE"],
    ["assemble", "kermany", "FOLDER", "--out", "FILE"],
    ["assemble", "kermany", "FOLDER", "--out", "OUT", "--json", "FILE"],
    ["evaluate", "M", "--data", "DATA", "--json", "FILE"],
    ["evaluate", "M", "--data", "DATA", "--report", "FILE"],
    ["compare", "M", "M", "--data", "DATA", "--json", "FILE"],
    *(
        ["export", "M", "--format", name, "--out", "FILE"]
        for name in ("hilum", "keras", "onnx", "litert")
    ),
    ["train", "--data", "DATA", "--out", "OUT", "--dry-run", "--json", "FILE"],
    ["train", "--data", "DATA", "--out", "OUT", "--events-file", "FILE"],
    ["scan", "FOLDER", "--model", "M", "--out", "FILE"],
    *(
        ["scan", "FOLDER", "--model", "M", "--out", "OUT", f"--{name}", "FILE"]
        for name in ("jsonl", "xlsx", "report", "json")
    ),
    *(
        ["worklist", "OUT", "--model", "M", f"--{name}", "FILE"]
        for name in ("csv", "jsonl", "xlsx", "report", "json")
    ),
]


@pytest.mark.parametrize("words", OUTPUTS, ids=lambda words: " ".join(words))
def test_no_file_makes_its_folder(
    words: list[str], run: Run, tiny_bundle: ModelBundle, data: Path, tmp_path: Path
) -> None:
    films = write_films(tmp_path / "in", "a.png")
    places = {
        "DATA": data,
        "M": tiny_bundle.path,
        "FILE": tmp_path / "missing" / "file",
        "FOLDER": films,
        "OUT": tmp_path / "out.csv",
    }
    status, said = run(*(places.get(word, word) for word in words))
    assert (status, "There is no folder" in said) == (2, True), said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


FOLDERS = [
    ["predict", "FILM", "--model", "M", "--heatmap", "?"],
    ["train", "--data", "DATA", "--out", "?"],
    ["export", "M", "--format", "openvino", "--out", "?"],
    ["import", "FILM", "--out", "?"],
    ["calibrate", "M", "--data", "DATA", "--out", "?"],
    ["fit-gate", "M", "--data", "DATA", "--out", "?"],
    ["recalibrate", "M", "--data", "DATA", "--out", "?"],
    ["train-lungs", "M", "--data", "DATA", "--masks", "DATA", "--out", "?"],
    ["worklist", "FILM", "--folder", "FILMS", "--copy-to", "?"],
    ["worklist", "FILM", "--folder", "FILMS", "--move-to", "?"],
    ["audit", "DATA", "--json", "?"],
    ["assemble", "kermany", "FILMS", "--out", "?"],
    ["scan", "FILMS", "--model", "M", "--out", "?"],
]


@pytest.mark.parametrize("words", FOLDERS, ids=lambda words: " ".join(words))
def test_a_name_that_no_system_takes_is_a_sentence(
    words: list[str], run: Run, tiny_bundle: ModelBundle, data: Path, tmp_path: Path
) -> None:
    films = write_films(tmp_path / "in", "a.png")
    places = {
        "DATA": data,
        "M": tiny_bundle.path,
        "FILM": films / "a.png",
        "FILMS": films,
        "?": tmp_path / ("x" * 5000),
    }
    status, said = run(*(places.get(word, word) for word in words))
    assert (status, "could not be written" in said) == (2, True), said[:300]


#: What is given where a command wants something else.
STRANGE = (
    *("empty", "rubbish", "null", "brackets", "long", "unclosed", "pipe", "folder"),
    *("film", "card", "missing", "impossible", "nothing"),
)


def strange(kind: str, folder: Path) -> Path | str:
    path = folder / f"strange-{kind}"
    contents = {
        "empty": b"",
        "rubbish": bytes(range(256)) * 9,
        "null": b"file,label\n\0\0,a\na\0b.png,covid\n",
        "brackets": b"[" * 200_000,
        "long": b"file,label\n" + b"x" * 200_000 + b",covid\n",
        "unclosed": b'file,label\n"abc,covid\nd,covid\n',
    }
    if kind in contents:
        path.write_bytes(contents[kind])
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "film":
        return write_films(folder / "alone", "a.png") / "a.png"
    elif kind == "card":  # a folder that says it is a model
        path.mkdir()
        (path / "card.json").write_text("[" * 200_000 + "]" * 200_000)
    elif kind == "impossible":
        return "x" * 5000
    elif kind == "nothing":
        return ""
    return path


#: One word of each is "?", and is replaced.
INPUTS = [
    ["predict", "--model", "M", "?"],
    ["predict", "--model", "?", "FILM"],
    ["scan", "?", "--model", "M", "--out", "NEW"],
    ["scan", "FILMS", "--model", "?", "--out", "NEW"],
    ["scan", "FILMS", "--model", "M", "--out", "NEW", "--labels", "?"],
    ["scan", "FILMS", "--model", "M", "--out", "?", "--resume"],
    ["worklist", "?", "--csv", "NEW"],
    ["worklist", "SCAN", "--model", "?", "--json", "NEW"],
    ["worklist", "SCAN", "--only", "?", "--csv", "NEW"],
    ["worklist", "SCAN", "--model", "M", "--folder", "?", "--report", "NEW"],
    ["evaluate", "?"],
    ["evaluate", "M", "--data", "?"],
    ["compare", "M", "?", "--data", "DATA"],
    ["compare", "M", "M", "--data", "?"],
    ["audit", "?"],
    ["assemble", "chexpert", "?", "--out", "NEW"],
    ["assemble", "kermany", "?", "--out", "NEW"],
    ["card", "?"],
    ["import", "?", "--out", "NEW"],
    ["export", "?", "--format", "hilum", "--out", "NEW"],
    ["calibrate", "?", "--data", "DATA", "--out", "NEW"],
    ["calibrate", "M", "--data", "?", "--out", "NEW"],
    ["fit-gate", "?", "--data", "DATA", "--out", "NEW"],
    ["fit-gate", "M", "--data", "?", "--out", "NEW"],
    ["fit-gate", "M", "--data", "DATA", "--other", "?", "--out", "NEW"],
    ["recalibrate", "?", "--data", "DATA", "--out", "NEW"],
    ["recalibrate", "M", "--data", "?", "--out", "NEW"],
    ["local-card", "--bundle", "?", "--films", "DATA", "--out", "NEW"],
    ["local-card", "--bundle", "M", "--films", "?", "--out", "NEW"],
    ["predict", "--model", "M", "--local-card", "?", "FILM"],
    ["self-test", "--model", "?"],
    ["train-lungs", "?", "--data", "DATA", "--masks", "DATA", "--out", "NEW"],
    ["train-lungs", "M", "--data", "?", "--masks", "DATA", "--out", "NEW"],
    ["train-lungs", "M", "--data", "DATA", "--masks", "?", "--out", "NEW"],
    ["train", "--data", "?", "--out", "NEW", "--dry-run"],
    ["train", "--data", "DATA", "--out", "NEW", "--config", "?"],
]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("words", INPUTS, ids=lambda words: " ".join(words))
def test_no_strange_input_is_a_traceback(
    words: list[str],
    run: Run,
    tiny_bundle: ModelBundle,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    films = write_films(tmp_path / "in", "a.png")
    monkeypatch.chdir(films)  # where an empty name leads
    scan = tmp_path / "scan.csv"
    assert run("scan", films, "--out", scan, "--model", tiny_bundle.path)[0] == 0
    places = {
        "DATA": data,
        "M": tiny_bundle.path,
        "FILM": films / "a.png",
        "FILMS": films,
        "SCAN": scan,
        "NEW": tmp_path / "new",
    }
    elsewhere = words[0] in ("predict", "import") or "--resume" in words
    for kind in STRANGE:
        if kind == "pipe" and elsewhere:
            continue  # tested with films, model files and outputs that are no files
        value = strange(kind, tmp_path)
        status, said = run(
            *(value if word == "?" else places.get(word, word) for word in words)
        )
        assert status in (0, 2, 4), f"{kind}: {said}"
        assert "Traceback" not in said
        for made in (tmp_path / "new", tmp_path / "new.work"):
            shutil.rmtree(made, ignore_errors=True)
            if made.exists():
                made.unlink()
