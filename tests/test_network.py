"""Nothing leaves the machine, and nothing is written but where Hilum's things go.

Every command and the window, with a fresh home, as the system sees them.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core import paths
from core.commands import internal as internal_commands
from core.commands import parser as command_line
from core.data.split import SPLITS
from desktop.app import preconditions
from tests.conv_bundle import write_conv_bundle
from tests.phantoms import write_phantom_set
from tests.started_window import window_command
from tests.traced import Trace, cannot_trace, run_traced
from tests.training_child import write_job

needs_strace = pytest.mark.skipif(
    bool(cannot_trace()), reason=cannot_trace() or "it is here"
)

ROOT = Path(__file__).resolve().parent.parent
#: `-m core` with a small network under the name of VGG16, for one command after the
#: other. It stays for a while: a telemetry of ONNX Runtime looked its host up 9 s
#: after a file was opened.
_SMALL = """
import shlex, sys, time
from core.training import train
from tests.small_network import small_vgg16
train.keras.applications.VGG16 = small_vgg16
from core.model import gate_fit
gate_fit.LEAST = 10  # films are few
from core.training.lungs import network
network._CHANNELS = (4, 4)  # and so is this
from core.__main__ import main
status = max(main(shlex.split(words)) for words in sys.argv[1:])
time.sleep(15)
sys.exit(status)
"""
#: Where Ray keeps a cluster of this machine alone, as its sockets need short paths.
_RAY_FOLDERS = "/tmp/hilum-ray-"


@dataclass(frozen=True)
class Row:
    """A command to run.

    Attributes:
        words: Of the command line, where {out} is the folder that all rows share.
        needs: The row whose output it takes.
        trains: Whether it is run with all others of a network that is trained here,
            in one process: to load Keras takes longer than what they do.
        package: That it takes, where that is an optional one.
    """

    words: str
    needs: str = ""
    trains: bool = False
    package: str = ""


TRAINED = "{out}/trained"
SCAN = "scan {films} --labels-from-folders --model {model} "
EXPORT = f"export {TRAINED} --format "
ROWS = {
    "audit": Row("audit {manifest} --json {out}/a.json --manifest {out}/split.csv"),
    "assemble": Row("assemble khulna {films} --out {out}/films.csv"),
    "calibrate": Row(
        "calibrate {model} --data {films} --films 30 --out {out}/calibrated",
        package="nncf",
    ),
    "card": Row("card {model}"),
    "compare": Row(
        f"compare {TRAINED} {{model}} --data {{manifest}} --json {{out}}/c.json",
        needs="train",
        trains=True,
    ),
    "convert": Row(
        "convert {out}/model.keras tf_saved_model {out}/converted",
        needs="export keras",
        trains=True,
    ),
    "deidentify": Row("deidentify {film} --out {out}/deidentified"),
    "evaluate": Row(
        "evaluate {model} --data {manifest} --json {out}/e.json --report {out}/e.html"
    ),
    "experiment": Row(
        "experiment lung-crop --quick --seeds 1 --out {out}/experiment", trains=True
    ),
    "export hilum": Row("export {model} --format hilum --out {out}/model.hilum"),
    "export keras": Row(
        EXPORT + "keras --out {out}/model.keras", needs="train", trains=True
    ),
    "export litert": Row(
        EXPORT + "litert --out {out}/model.tflite", needs="train", trains=True
    ),
    "export onnx": Row(
        EXPORT + "onnx --out {out}/model.onnx", needs="train", trains=True
    ),
    "export openvino": Row("export {model} --format openvino --out {out}/openvino"),
    "export savedmodel": Row(
        EXPORT + "savedmodel --out {out}/saved", needs="train", trains=True
    ),
    "fit-gate": Row("fit-gate {model} --data {films} --out {out}/gated", trains=True),
    "import": Row(
        "import {out}/model.hilum --out {out}/imported", needs="export hilum"
    ),
    "predict": Row("predict {film} --model {model} --heatmap {out}/heat"),
    "local-card": Row("local-card --bundle {model} --films {manifest}"),
    "recalibrate": Row(
        "recalibrate {model} --data {manifest} --out {out}/recalibrated"
    ),
    "scan": Row(
        SCAN + "--out {out}/s.csv --jsonl {out}/s.jsonl --xlsx {out}/s.xlsx "
        "--json {out}/s.json --report {out}/s.html"
    ),
    "scan on a cluster": Row(SCAN + "--out {out}/r.csv --ray local", package="ray"),
    "search": Row(
        "search --data {manifest} --space {space} --trials 2 --config {job} "
        "--set epochs=0 --out {out}/search",
        trains=True,
    ),
    "self-test": Row("self-test"),
    "crash-probe": Row("crash-probe {films} {model}"),
    "train": Row(
        f"train --data {{manifest}} --config {{job}} --out {TRAINED}", trains=True
    ),
    "train-lungs": Row(
        "train-lungs {model} --data {manifest} --masks {masks} --epochs 1 "
        "--out {out}/lungs",
        trains=True,
    ),
    "worklist": Row(
        "worklist {out}/s.csv --folder {films} --model {model} --csv {out}/w.csv "
        "--jsonl {out}/w.jsonl --xlsx {out}/w.xlsx --json {out}/w.json "
        "--report {out}/w.html --copy-to {out}/filed",
        needs="scan",
    ),
}

SHOW_ALL = """
session = window.diagnose.session

def show_tabs():
    for page in range(window._tabs.count()):
        window._tabs.setCurrentIndex(page)
    QTimer.singleShot(1000, done)

until(lambda: session.shown is not None and not session.is_reading, show_tabs)
"""


class Place:
    """A fresh home, and folders for all else, of one program."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.home, self.temporary = folder / "home", folder / "tmp"
        for made in (self.home, self.temporary, folder / "cwd"):
            made.mkdir()

    def run(self, words: list[str], **environment: str) -> Trace:
        """Run a program that finds nothing of the tests' own environment."""
        return run_traced(
            words,
            notes=self.folder / "trace",
            cwd=self.folder / "cwd",
            env={
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "HOME": str(self.home),
                "TMPDIR": str(self.temporary),
                "PYTHONPATH": str(ROOT),
                # Python's own, beside the sources of the program.
                "PYTHONDONTWRITEBYTECODE": "1",
                **environment,
            },
        )

    def ours(self, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
        """The program's own folders in this home."""
        with monkeypatch.context() as context:
            for name in [*os.environ]:
                if name == "HILUM_HOME" or name.startswith("XDG_"):
                    context.delenv(name)
            context.setenv("HOME", str(self.home))
            return [
                paths.user_data_dir(),
                paths.user_config_dir(),
                paths.user_log_dir(),
            ]


class Commands:
    """Runs rows, each once, after the row that it needs."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.out = base / "out"
        self.out.mkdir()
        manifest = write_phantom_set(base / "films", per_label=20, size=64)
        space = base / "space.json"
        space.write_text('{"head_rate": [0.01, 0.001]}', "utf-8")
        self._given = {
            "space": space,
            "films": manifest.parent,
            "film": manifest.parent / "covid" / "covid_0001.png",
            "job": write_job(base / "job.json", head_epochs=1, epochs=1),
            "manifest": manifest,
            "masks": _write_masks(base / "masks", manifest),
            # Of this seed in int8 it reads these films as it does in float32.
            "model": write_conv_bundle(base / "model", seed=1).path,
            "out": self.out,
        }
        self._ran: dict[str, tuple[Place, Trace]] = {}

    def run(self, name: str) -> tuple[Place, Trace]:
        """What a row did, and where."""
        row = ROWS[name]
        if row.needs and not row.trains:
            self.run(row.needs)
        if name not in self._ran:
            place = Place(self._base / name)
            if row.trains:
                together = sorted((n for n in ROWS if ROWS[n].trains), key=_depth)
                words = ["-c", _SMALL, *map(self._words, together)]
            else:
                together = [name]
                words = ["-m", "core", *shlex.split(self._words(name))]
            trace = place.run([sys.executable, *words])
            self._ran |= dict.fromkeys(together, (place, trace))
        return self._ran[name]

    def _words(self, name: str) -> str:
        return ROWS[name].words.format_map(self._given)


def _write_masks(folder: Path, manifest: Path) -> Path:
    """Masks of as few films as are taken: what they show does not matter here."""
    folder.mkdir()
    with manifest.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] == "covid"]
    for split, count in zip(SPLITS, (8, 1, 1), strict=True):
        for row in [row for row in rows if row["split"] == split][:count]:
            film = manifest.parent / row["file"]
            shutil.copyfile(film, folder / film.name)
    return folder


def _depth(name: str) -> int:
    """How many rows come before this one."""
    needs = ROWS[name].needs
    return 1 + _depth(needs) if needs else 0


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """Films, a model and a job, and what was run on them."""
    return Commands(tmp_path_factory.mktemp("network"))


@pytest.fixture
def display() -> Iterator[str]:
    """A screen of its own that no one sees."""
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb here")
    reading, writing = os.pipe()
    words = ["Xvfb", "-displayfd", str(writing), "-nolisten", "tcp"]
    server = subprocess.Popen(
        words, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writing)
    with os.fdopen(reading) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.kill()
    server.wait()


def assert_keeps_to_itself(trace: Trace, place: Place, *folders: Path) -> None:
    """Nothing but what it was asked for, and what is the program's own."""
    assert not trace.calls
    assert not trace.looked_up
    known = (*folders, place.temporary)
    assert not sorted(
        path
        for path in trace.written | set(place.home.rglob("*"))
        if not any(path.is_relative_to(folder) for folder in known)
        # The folders that its own lie in.
        and not any(folder.is_relative_to(path) for folder in folders)
        and not str(path).startswith(_RAY_FOLDERS)
    )


def test_every_command_and_every_format_has_a_row() -> None:
    (commands,) = (
        action.choices
        for action in command_line.parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    formats = commands["export"]._option_string_actions["--format"].choices
    internal = set(internal_commands.NAMES)
    assert {*commands, *internal} == {name.split()[0] for name in ROWS}
    assert {f"export {name}" for name in formats} <= set(ROWS)


@pytest.mark.training
@pytest.mark.slow
@needs_strace
@pytest.mark.parametrize("name", ROWS)
def test_a_command_keeps_to_itself(
    name: str, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = ROWS[name].package
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"the optional package {package} is not installed")
    place, trace = commands.run(name)
    assert trace.done.returncode == 0, trace.done.stderr
    if package == "ray":  # which looks up "localhost", and nothing else
        trace.looked_up.clear()
    assert_keeps_to_itself(trace, place, commands.out, *place.ours(monkeypatch))


@pytest.mark.slow
@needs_strace
@pytest.mark.parametrize("platform", ["offscreen", "xcb"])
def test_the_window_keeps_to_itself(
    platform: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = {"QT_QPA_PLATFORM": platform}
    if platform == "xcb":
        screen["DISPLAY"] = request.getfixturevalue("display")
    with monkeypatch.context() as context:
        for name, value in screen.items():
            context.setenv(name, value)
        if obstacle := preconditions.obstacle():
            pytest.skip(obstacle)
    place = Place(tmp_path / "place")
    trace = place.run(window_command(SHOW_ALL, paths.sample_films()[0]), **screen)
    assert trace.done.returncode == 0, trace.done.stderr
    ours = place.ours(monkeypatch)
    assert any(path.is_relative_to(ours[0]) for path in trace.written)
    assert_keeps_to_itself(trace, place, *ours)


OFFEND = """
import os, socket
home = os.environ["HOME"]
open("/etc/resolv.conf").close()
for family, host in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
    try:
        # Of a datagram's socket: it is given an address, and sends nothing.
        socket.socket(family, socket.SOCK_DGRAM).connect((host, 443))
    except OSError:
        pass  # no way there
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.53", 53))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 443))
socket.create_server(("0.0.0.0", 0)).close()
os.mkdir(home + "/.cache")
os.chdir(home)
open(".cache/id", "w").close()
os.rename(home + "/.cache/id", home + "/.cache/deviceid")
os.symlink("nowhere", home + "/link")
open(os.devnull, "w").close()
open("/etc/hostname").close()
"""


@needs_strace
def test_what_is_looked_for_is_seen(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    trace = place.run([sys.executable, "-c", OFFEND])
    assert trace.done.returncode == 0, trace.done.stderr
    told = "\n".join(trace.calls)
    for host in ("192.0.2.1", "2001:db8::1", "127.0.0.53", "0.0.0.0"):
        assert f'"{host}"' in told
    assert len(trace.calls) == 4
    assert len(trace.looked_up) == 1
    names = (".cache", ".cache/id", ".cache/deviceid", "link")
    assert trace.written == {place.home / name for name in names}
