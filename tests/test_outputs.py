"""Whatever writes: it replaces no input, follows no link, deletes nobody's files."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.__main__ import main
from core.errors import OutputError
from core.films.radiograph import read_radiograph
from core.model import in_use as model_store
from core.model.archive import pack_bundle
from core.model.bundle import CARD, is_bundle, read_bundle
from core.outputs import MARK, is_export, lies_in, mark_export
from core.runs.config import TrainingConfig
from core.runs.job_folder import Job, JobFolder
from desktop.diagnose.picture import PictureJob, write_picture
from desktop.film.pyramid import build_pyramid
from desktop.models.export_dialog import ExportDialog
from desktop.models.menu import _unpack
from desktop.retrain.report.data import read_report_data, save_report
from desktop.scan.worklist import ALL, Choice, ScanTask, clean_up, prepare
from tests.finished_run import make_finished_run
from tests.finished_run import write_films as write_listed_films
from tests.finished_scan import write_scan
from tests.scan_folder import png, write_films
from tests.tiny_bundle import write_tiny_bundle
from tests.training_child import LABELS

linux = pytest.mark.skipif(sys.platform == "win32", reason="links need a right")
THESIS = b"three years of work"
#: How the refusals read: what fails for another reason proves nothing.
REFUSED = re.compile(
    "is a link|is a folder|holds other files|is what is read|would be written into|"
    ", which is read|lies in the folder|a file is in its place|is no file of events|"
    "Two of the results|is the name of a folder"
)


@pytest.fixture(scope="module")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films, models and results, and beside them what is nobody's business."""
    world = tmp_path_factory.mktemp("made") / "world"
    for level, label in ((200, "covid"), (20, "normal"), (127, "pneumonia")):
        names = [f"{label}/{n}.png" for n in range(3)]
        write_films(world / "data" / "films", *names, level=level)
    write_films(world / "listed" / "films", "covid.png", "normal.png")
    rows = ["file,label", "films/covid.png,covid", "films/normal.png,normal"]
    (world / "listed" / "list.csv").write_text("\n".join(rows) + "\n")
    (world / "labels.csv").write_text("file,label\ncovid/0.png,covid\n")
    (world / "only.txt").write_text("covid/0.png\n")
    (world / "job.json").write_text("{}")
    bundle = write_tiny_bundle(world / "models" / "model")
    write_tiny_bundle(world / "models" / "second", shift=1.0)
    pack_bundle(bundle, world / "files" / "model.hilum")
    (world / "scanned").mkdir()
    words = ["scan", world / "data" / "films", "--out", world / "scanned/results.csv"]
    assert run_command(*words, "--model", bundle.path) == 0
    other = world / "other" / "folder"
    other.mkdir(parents=True)
    (other / "thesis.txt").write_bytes(THESIS)
    (other / "empty").mkdir()
    (world / "link").symlink_to(other)
    (world / "file link").symlink_to(other / "thesis.txt")
    (world / "model link").symlink_to(bundle.path)
    return world


@pytest.fixture
def world(made_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, with the links leading into the copy."""
    copy = tmp_path / "world"
    shutil.copytree(made_world, copy, symlinks=True)
    for link in (path for path in copy.iterdir() if path.is_symlink()):
        leads_to = copy / link.readlink().relative_to(made_world)
        link.unlink()
        link.symlink_to(leads_to)
    # What is refused is refused before Keras is loaded.
    for name in ("train", "export", "preflight"):
        monkeypatch.setitem(sys.modules, f"core.training.{name}", None)
    return copy


def run_command(*words: str | Path) -> int:
    """A command in this process; it takes the signals, which are given back."""
    kept = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        return main([str(word) for word in words])
    finally:
        for name, handler in kept.items():
            signal.signal(name, handler)


def everything(folder: Path) -> dict[str, bytes | str]:
    """All that is in a folder: bytes of files, places that links lead to."""
    found: dict[str, bytes | str] = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        else:
            found[name] = path.read_bytes() if path.is_file() else "folder"
    return found


@dataclasses.dataclass(frozen=True)
class Row:
    """A command, one of its outputs, and what it reads.

    Attributes:
        words: Of the command; {} is the output, names are those of the world.
        makes: "file" or "folder", or "more" for a folder that is only added to.
        data: Folders of which an output may be no part.
        films: Files that are read, and may not be replaced.
    """

    words: str
    makes: str
    data: tuple[str, ...] = ()
    films: tuple[str, ...] = ()


MODEL = "models/model"
FOLDER = ("data/films",)
FILM = ("data/films/covid/0.png",)
LISTED = ("listed/list.csv", "listed/films/covid.png")
ON_FOLDER = {"data": (*FOLDER, MODEL), "films": FILM}
ON_LIST = {"data": (MODEL,), "films": LISTED}
SCAN = f"scan data/films --model {MODEL} --labels labels.csv --overwrite"
SCAN_READS = {"data": (MODEL,), "films": (*FILM, "labels.csv")}
LIST = "worklist scanned/results.csv --folder data/films --model models/model"
LIST += " --labels labels.csv --only only.txt --overwrite"
LIST_FILES = (*FILM, "labels.csv", "only.txt", "scanned/results.csv")
LIST_READS = {"data": (MODEL,), "films": LIST_FILES}
TRAIN = "train --overwrite --config job.json --weights models/model --labels covid"

TABLE = {
    "predict --heatmap": Row(
        f"predict data/films/covid/0.png --model {MODEL} --overwrite --heatmap {{}}",
        "more",
        data=(MODEL,),
        films=FILM,
    ),
    "train --out": Row(
        f"{TRAIN} --data data/films --out {{}}",
        "folder",
        data=(*FOLDER, MODEL),
        films=("job.json", *FILM),
    ),
    "train --out, a list": Row(
        f"{TRAIN} --data listed/list.csv --out {{}}", "folder", **ON_LIST
    ),
    "train --seeds --out": Row(
        f"{TRAIN} --seeds 2 --data data/films --out {{}}",
        "folder",
        data=(*FOLDER, MODEL),
        films=("job.json", *FILM),
    ),
    "experiment --out": Row(
        f"experiment data-size --data data/films --set weights={MODEL} --overwrite "
        "--out {}",
        "folder",
        **ON_FOLDER,
    ),
    "train --events-file": Row(
        f"{TRAIN} --data data/films --out new --events-file {{}}",
        "file",
        data=(*FOLDER, MODEL),
        films=("job.json", *FILM),
    ),
    "train --events-file, a list": Row(
        f"{TRAIN} --data listed/list.csv --out new --events-file {{}}",
        "file",
        **ON_LIST,
    ),
    "train --log-dir": Row(
        f"{TRAIN} --data data/films --out new --log-dir {{}}",
        "more",
        data=(*FOLDER, MODEL),
        films=("job.json", *FILM),
    ),
    **{
        f"train {flag} --json": Row(
            f"{TRAIN} --data listed/list.csv {flag} --json {{}}", "file", **ON_LIST
        )
        for flag in ("--dry-run", "--find-rate")
    },
    **{
        f"evaluate {flag}": Row(
            f"evaluate {MODEL} --data data/films --overwrite {flag} {{}}",
            "file",
            **ON_FOLDER,
        )
        for flag in ("--json", "--report")
    },
    "evaluate --json, a list": Row(
        f"evaluate {MODEL} --data listed/list.csv --overwrite --json {{}}",
        "file",
        **ON_LIST,
    ),
    "evaluate --report, no data": Row(
        f"evaluate {MODEL} --overwrite --report {{}}", "file", data=(MODEL,)
    ),
    **{
        f"audit {flag}": Row(
            f"audit data/films --overwrite {flag} {{}}",
            "file",
            data=FOLDER,
            films=FILM,
        )
        for flag in ("--json", "--manifest")
    },
    "audit --manifest, a list": Row(
        "audit listed/list.csv --overwrite --manifest {}", "file", films=LISTED
    ),
    "compare --json": Row(
        f"compare {MODEL} models/second --data data/films --overwrite --json {{}}",
        "file",
        data=(*FOLDER, MODEL, "models/second"),
        films=FILM,
    ),
    "calibrate --out": Row(
        f"calibrate {MODEL} --data data/films --overwrite --out {{}}",
        "folder",
        **ON_FOLDER,
    ),
    "fit-gate --out": Row(
        f"fit-gate {MODEL} --data data/films --overwrite --out {{}}",
        "folder",
        **ON_FOLDER,
    ),
    "recalibrate --out": Row(
        f"recalibrate {MODEL} --data data/films --overwrite --out {{}}",
        "folder",
        **ON_FOLDER,
    ),
    "local-card --out": Row(
        f"local-card --bundle {MODEL} --films data/films --overwrite --out {{}}",
        "file",
        data=(*FOLDER, MODEL),
        films=FILM,
    ),
    "train-lungs --out": Row(
        f"train-lungs {MODEL} --data data/films --masks data/films --overwrite "
        "--out {}",
        "folder",
        **ON_FOLDER,
    ),
    "scan --out": Row(f"{SCAN} --out {{}}", "file", **SCAN_READS),
    "scan --out --resume": Row(
        f"{SCAN} --out {{}}".replace("--overwrite", "--resume"), "file", **SCAN_READS
    ),
    **{
        f"scan {flag}": Row(f"{SCAN} --out new.csv {flag} {{}}", "file", **SCAN_READS)
        for flag in ("--jsonl", "--xlsx", "--report", "--json")
    },
    **{
        f"worklist {flag}": Row(f"{LIST} {flag} {{}}", "file", **LIST_READS)
        for flag in ("--csv", "--jsonl", "--xlsx", "--report", "--json")
    },
    **{
        f"worklist {flag}": Row(f"{LIST} {flag} {{}}", "more", data=FOLDER, films=FILM)
        for flag in ("--copy-to", "--move-to")
    },
    **{
        f"export --format {name}": Row(
            f"export {MODEL} --format {name} --overwrite --out {{}}",
            "folder" if name in ("openvino", "savedmodel") else "file",
            data=(MODEL,),
        )
        for name in ("openvino", "savedmodel", "onnx", "litert", "keras", "hilum")
    },
    "import --out": Row(
        "import files/model.hilum --overwrite --out {}",
        "folder",
        films=("files/model.hilum",),
    ),
}


def targets(row: Row) -> Iterator[str]:
    """Where nothing may be written."""
    yield from ("link", "file link")
    if row.makes != "more":
        yield from ("other/folder", ".")
    if row.makes == "folder":
        yield "model link"
    if row.makes != "file":
        yield "other/folder/thesis.txt"
    for folder in row.data:
        yield from (folder, f"{folder}/new")
        yield os.path.dirname(folder) if row.makes != "more" else folder
    yield from row.films
    if row.makes == "folder":
        yield from (os.path.dirname(film) or "." for film in row.films)


CASES = [(name, target) for name, row in TABLE.items() for target in targets(row)]
CASES += [(f"worklist {flag}", "data") for flag in ("--copy-to", "--move-to")]


@linux
@pytest.mark.parametrize(("name", "target"), dict.fromkeys(CASES))
def test_a_command_spares_what_is_not_its_own(
    name: str,
    target: str,
    world: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(world)
    before = everything(world)
    words = [word.replace("{}", target) for word in TABLE[name].words.split()]
    assert run_command(*words) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert REFUSED.search(said), said
    assert said.count(". ") >= 1, "a sentence and what to do"
    assert everything(world) == before


@linux
@pytest.mark.parametrize(
    ("name", "flag"),
    {
        "train --events-file": "--out",
        "evaluate --json": "--report",
        "audit --json": "--manifest",
        "scan --jsonl": "--out",
        "worklist --csv": "--xlsx",
    }.items(),
)
def test_two_results_never_go_to_one_file(
    name: str, flag: str, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world)
    words = [*TABLE[name].words.replace("{}", "same").split(), flag, "same"]
    assert run_command(*words) == 2
    assert not (world / "same").exists()


def saved_picture(world: Path, target: Path) -> None:
    film = read_radiograph(world / FILM[0])
    write_picture(PictureJob(build_pyramid(film), film.path, 0.0, 255.0), target)


def exported_scan(world: Path, target: Path, flag: str = "--csv") -> None:
    bundle = read_bundle(world / MODEL)
    scan = write_scan(bundle, world)
    words = (flag, str(target), *(["--overwrite"] if flag == "--csv" else []))
    task = ScanTask(scan, Choice(ALL), words, target, moves=flag == "--move-to")
    arguments = prepare(task)
    before = everything(world)
    assert run_command(*arguments) == 2
    clean_up(task)
    assert everything(world) == before
    raise OutputError("refused", hint="by the command")


def saved_report(world: Path, target: Path) -> None:
    manifest = write_listed_films(world / "of the run")
    run = make_finished_run(read_bundle(world / MODEL), manifest)
    (run.path / "split.csv").chmod(0o644)
    save_report(read_report_data(run), target)


#: What a dialog calls with the place that was chosen -> places that it refuses.
DIALOGS: dict[str, tuple[Callable[[Path, Path], None], list[str]]] = {
    "Save picture": (saved_picture, ["link", "file link.png", "folder.png", FILM[0]]),
    "Save report": (
        saved_report,
        ["link", "file link", "other/folder", "of the run/covid 0.png", "of the run/x"],
    ),
    "Export scan": (
        exported_scan,
        ["link", "file link", "other/folder", "films/covid/a.png", f"{MODEL}/x"],
    ),
    "Copy films": (
        lambda world, target: exported_scan(world, target, "--copy-to"),
        ["link", "other/folder/thesis.txt", "films", "films/new", "."],
    ),
    "Move films": (
        lambda world, target: exported_scan(world, target, "--move-to"),
        ["link", "other/folder/thesis.txt", "films", "films/new", "."],
    ),
}
CHOSEN = [
    (name, target) for name, (_, targets) in DIALOGS.items() for target in targets
]


@pytest.mark.slow
@linux
@pytest.mark.parametrize(("name", "target"), CHOSEN)
def test_a_dialog_spares_what_is_not_its_own(
    name: str, target: str, world: Path
) -> None:
    (world / "file link.png").symlink_to(world / "other/folder/thesis.txt")
    (world / "folder.png").mkdir()
    thesis = world / "other/folder/thesis.txt"
    films = everything(world / "data")
    with pytest.raises(OutputError) as caught:
        DIALOGS[name][0](world, world / target)
    assert caught.value.hint
    assert thesis.read_bytes() == THESIS
    assert everything(world / "data") == films
    kept = world / target
    if target.endswith("0.png") and "run" in target:
        read_radiograph(kept)  # it is still a film
    assert kept.is_symlink() == ("link" in target)


@pytest.mark.slow
@linux
def test_the_export_dialog_says_that_a_folder_of_others_stays(
    qtbot: QtBot, world: Path
) -> None:
    before = everything(world)
    dialog = ExportDialog(read_bundle(world / MODEL))
    qtbot.addWidget(dialog)
    dialog.formats.buttons[1].setChecked(True)
    assert dialog.chosen.name == "openvino"
    dialog.export(world / "other/folder", replace=True)
    qtbot.waitUntil(lambda: not dialog.outcome.isHidden(), timeout=30_000)
    dialog.done(0)
    assert "holds other files" in dialog.outcome.text
    assert everything(world) == before


@linux
@pytest.mark.parametrize("planted", ["thesis.txt", "folder", "link"])
def test_a_model_is_kept_beside_what_lies_in_its_place(
    planted: str, world: Path
) -> None:
    place = model_store.add(world / MODEL).path
    (place / CARD).write_bytes(b"damaged")
    if planted == "thesis.txt":
        (place / planted).write_bytes(THESIS)
    elif planted == "folder":
        (place / planted).mkdir()
    else:
        shutil.rmtree(place)
        place.symlink_to(world / "other/folder")
    before = everything(place.parent)
    with pytest.raises(OutputError):
        model_store.add(world / MODEL)
    assert everything(place.parent) == before
    assert (world / "other/folder/thesis.txt").read_bytes() == THESIS


def test_importing_a_model_in_the_window_touches_no_other_model(world: Path) -> None:
    kept = model_store.add(world / MODEL).path
    before = everything(kept)
    unpacked = _unpack(world / "files/model.hilum")
    unpacked.scratch.cleanup()
    assert everything(kept) == before


# What may be written


@linux
def test_a_model_may_lie_beside_its_list_of_films(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world)
    rows = [f"data/films/{name}/{n}.png,{name}" for name in LABELS for n in range(3)]
    Path("listed.csv").write_text("\n".join(["file,label", *rows]) + "\n")
    words = ["--data", "listed.csv", "--out", "beside", "--set", "epochs=1"]
    with pytest.raises(ImportError):  # it goes on to Keras
        run_command("train", *words, "--events-file", "events.jsonl")
    assert (world / "beside.work/job.json").is_file()


def test_results_of_a_scan_may_lie_among_its_films(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world / "data/films")
    words = ["scan", ".", "--model", world / MODEL, "--out", "results.csv"]
    assert run_command(*words, "--json", "figures.json") == 0
    assert run_command(*words, "--json", "figures.json", "--overwrite") == 0
    assert run_command(*words, "--resume") == 0


@linux
def test_heat_maps_may_lie_among_films_but_replace_none(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world / "listed/films")
    words = ["predict", "covid.png", "covid-heatmap.png", "--heatmap", "."]
    words += ["--model", world / MODEL, "--overwrite"]
    film = Path("covid-heatmap.png")
    film.write_bytes(png(150))
    assert run_command(*words) == 2
    assert film.read_bytes() == png(150)
    assert run_command(*words[:2], *words[3:]) == 0
    assert film.read_bytes() != png(150)


@linux
@pytest.mark.parametrize("command", ["scan", "worklist"])
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_film_is_not_replaced_by_another_name_of_it(
    command: str,
    link: Callable[[Path, Path], None],
    world: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(world)
    film = world / "archive.csv"
    film.write_bytes(png(130, 48))
    link(film, world / "data/films/covid/linked.png")
    words = ["scan", "data/films", "--model", MODEL, "--out"]
    if command == "worklist":
        assert run_command(*words, "new.csv") == 0
        words = ["worklist", "new.csv", "--folder", "data/films", "--csv"]
    assert run_command(*words, film, "--overwrite") == 2
    assert film.read_bytes() == png(130, 48)


@linux
def test_the_list_of_filed_films_is_not_written_through_a_link(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world)
    (world / "out").mkdir()
    (world / "empty.txt").touch()
    (world / "out/filed.csv").symlink_to(world / "empty.txt")
    assert run_command(*LIST.split(), "--copy-to", "out") == 2
    assert not (world / "empty.txt").read_bytes()


# What is a folder of the command's own


def test_a_bundle_is_replaced_only_while_it_is_nothing_but_a_bundle(
    world: Path,
) -> None:
    words = ["import", world / "files/model.hilum", "--overwrite", "--out"]
    bundle = world / "models/second"
    (bundle / ".DS_Store").touch()  # left by a look at the folder
    assert is_bundle(bundle)
    assert run_command(*words, bundle) == 0
    (bundle / "thesis.txt").write_bytes(THESIS)
    assert not is_bundle(bundle)
    assert run_command(*words, bundle) == 2
    assert (bundle / "thesis.txt").read_bytes() == THESIS
    assert run_command(*words, world / "other/folder/empty") == 0


def test_a_card_alone_makes_no_bundle_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / CARD).write_text("{}")
    assert not is_bundle(tmp_path)
    assert not is_bundle(tmp_path / "nowhere")


@linux
def test_an_exported_folder_is_told_by_its_mark(
    world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world)
    words = ["export", MODEL, "--format", "openvino", "--out", "graph"]
    assert run_command(*words) == 0
    assert run_command(*words, "--overwrite") == 0
    (world / "graph/thesis.txt").write_bytes(THESIS)
    before = everything(world)
    assert run_command(*words, "--overwrite") == 2
    assert everything(world) == before


def test_an_export_may_have_folders_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "variables/data").write_bytes(b"weights")
    assert not is_export(tmp_path)
    mark_export(tmp_path, "savedmodel")
    assert is_export(tmp_path)
    for planted in ("thesis.txt", "variables/thesis.txt", "assets/thesis.txt"):
        (tmp_path / planted).write_bytes(THESIS)
        assert not is_export(tmp_path), planted
        (tmp_path / planted).unlink()
    (tmp_path / MARK).write_text(json.dumps({"files": 3}))
    assert not is_export(tmp_path)


@linux
def test_a_link_in_an_export_is_not_of_it(tmp_path: Path, world: Path) -> None:
    mark_export(tmp_path, "openvino")
    (tmp_path / "link").symlink_to(world / "other/folder")
    assert not is_export(tmp_path)


# The work folder of a job


def train(world: Path, *words: str) -> int:
    films = ["--data", str(world / "data/films")]
    return run_command("train", *films, "--out", world / "new", *words)


def test_a_work_folder_is_not_made_of_a_folder_of_others(world: Path) -> None:
    (world / "other/folder").rename(world / "new.work")
    before = everything(world)
    assert train(world) == 2
    assert train(world, "--overwrite") == 2
    assert everything(world) == before


def test_films_in_a_folder_called_like_the_work_folder_stay(world: Path) -> None:
    (world / "data/films").rename(world / "new.work")
    before = everything(world)
    words = ["train", "--data", world / "new.work", "--out", world / "new"]
    assert run_command(*words, "--overwrite") == 2
    assert everything(world) == before


def test_what_others_put_into_a_work_folder_stays(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = JobFolder.beside(world / "new")
    folder.begin(Job(TrainingConfig(), world / "data/films", "core train"))
    (folder.path / "head.npz").touch()
    (folder.path / "draft").mkdir()
    assert folder.is_only_a_job()
    assert train(world) == 2
    assert "--resume" in capsys.readouterr().err
    (folder.path / "thesis.txt").write_bytes(THESIS)
    assert train(world, "--overwrite") == 2
    assert folder.exists()
    folder.discard()
    assert [path.name for path in folder.path.iterdir()] == ["thesis.txt"]


def test_an_interrupted_job_is_discarded_whole(world: Path) -> None:
    folder = JobFolder.beside(world / "new")
    folder.begin(Job(TrainingConfig(), world / "data/films", "core train"))
    (folder.path / "features.npz").touch()
    with pytest.raises(ImportError):  # it goes on to Keras
        train(world, "--overwrite")
    assert [path.name for path in folder.path.iterdir()] == ["job.json"]
    folder.discard()
    assert not folder.path.exists()


def test_a_running_job_is_not_discarded(
    world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = JobFolder.beside(world / "new")
    folder.begin(Job(TrainingConfig(), world / "data/films", "core train"))
    with folder.at_work():
        assert train(world, "--overwrite") == 2
        assert "running already" in capsys.readouterr().err
        assert folder.is_running()


def test_a_resumed_job_does_not_wait_for_its_end_to_refuse_its_place(
    world: Path,
) -> None:
    out = world / "other/folder"
    folder = JobFolder.beside(out)
    folder.begin(Job(TrainingConfig(), world / "data/films", "core train"))
    before = everything(world)
    assert run_command("train", "--out", out, "--resume") == 2
    assert everything(world) == before


@pytest.mark.parametrize("text", ["my notes", "{}\n", '{"type": "Noted"}'])
def test_events_are_appended_to_events_alone(text: str, world: Path) -> None:
    (world / "notes").write_text(text)
    assert train(world, "--events-file", str(world / "notes")) == 2
    assert (world / "notes").read_text() == text


def test_what_a_dry_run_found_is_not_written_over_a_file(world: Path) -> None:
    found = world / "other/folder/thesis.txt"
    assert train(world, "--dry-run", "--json", str(found)) == 2
    assert found.read_bytes() == THESIS


# Where a path lies


@linux
def test_a_path_is_known_by_every_name(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a/b")
    (tmp_path / "file").touch()
    for inside in ("a", "a/b", "a/new/x", "link", "link/new", "a/../a/x"):
        assert lies_in(tmp_path / inside, tmp_path / "a"), inside
    for outside in ("new", "a/..", "a.work", "ab/c", "a/../file"):
        assert not lies_in(tmp_path / outside, tmp_path / "a"), outside
    assert lies_in(tmp_path / "file", tmp_path / "a/../file")
