"""Bundles that hashes call whole and that say nothing: refused wherever they come."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.cluster.worker import ShardReader, ship
from core.data.dataset import Sample
from core.errors import BundleError, PredictionError
from core.evaluation.evaluate import score_films
from core.films.finder import find_films
from core.films.radiograph import read_radiograph
from core.model import in_use as model_store
from core.model.bundle import CARD, GRAPH, GRAPH_WEIGHTS, ModelBundle, peek_bundle
from core.model.classifier import (
    NOT_FINITE,
    PROBE_TOLERANCE,
    Classifier,
    decide,
    probabilities,
)
from core.model.graph import probe_input
from core.paths import default_bundle_dir, models_dir
from core.scan.scanner import Scanner
from tests.hostile_bundles import (
    HOSTILE,
    REASONS,
    reseal,
    write_hostile_bundle,
    write_hostile_file,
)
from tests.tiny_bundle import write_tiny_bundle

ROOT = Path(__file__).resolve().parents[3]
MakeFilm = Callable[..., Path]

posix_only = pytest.mark.skipif(
    not hasattr(os, "mkfifo"), reason="there are no named pipes here"
)
every_kind = pytest.mark.parametrize("kind", sorted(HOSTILE))


@pytest.fixture(autouse=True)
def signals_kept() -> Iterator[None]:
    """Put back what a command does to the signals of this process."""
    kept = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    for name, handler in kept.items():
        signal.signal(name, handler)


def said_once(capsys: pytest.CaptureFixture[str], reason: str) -> None:
    """Nothing on stdout, and one line with the reason on stderr."""
    out, err = capsys.readouterr()
    assert out == ""
    assert reason in err
    assert len(err.strip().splitlines()) == 1


def core(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, which must not hang."""
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        timeout=60,
    )


# Import


@every_kind
def test_import_refuses_it_and_installs_nothing(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_hostile_file(tmp_path / "sent.hilum", kind)
    assert main(["import", str(file), "--out", str(tmp_path / "model")]) == 2
    said_once(capsys, REASONS[kind])
    assert [path.name for path in tmp_path.iterdir()] == ["sent.hilum"]


def test_import_names_the_file_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_hostile_file(tmp_path / "sent.hilum", "weights that are NaN")
    main(["import", str(file), "--out", str(tmp_path / "model")])
    assert capsys.readouterr().err == (
        "The model bundle sent.hilum is damaged: it gives values that are not numbers. "
        "Copy the model again from where it came, or train it anew.\n"
    )


def test_import_keeps_what_it_was_to_replace(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    shutil.copytree(tiny_bundle.path, tmp_path / "model")
    file = write_hostile_file(tmp_path / "sent.hilum", "weights of another model")
    words = ["import", str(file), "--out", str(tmp_path / "model"), "--overwrite"]
    assert main(words) == 2
    assert peek_bundle(tmp_path / "model").card == tiny_bundle.card


@every_kind
def test_no_copy_of_it_is_kept_among_the_models(kind: str, tmp_path: Path) -> None:
    path = write_hostile_bundle(tmp_path / "sent", kind)
    with pytest.raises(BundleError, match=REASONS[kind]) as caught:
        model_store.use(path)
    assert caught.value.hint
    assert model_store.recorded() == default_bundle_dir()
    assert not models_dir().exists() or not list(models_dir().iterdir())


# Use


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(HOSTILE) - {"int8 weights that are NaN"}))
def test_predict_says_nothing_by_it(
    kind: str, film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_hostile_bundle(tmp_path / "sent", kind)
    assert main(["predict", "--model", str(path), str(film)]) == 2
    said_once(capsys, REASONS[kind])


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "int8"])
def test_scan_makes_no_row_by_it(
    precision: str,
    film: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kind = f"{'int8 ' if precision == 'int8' else ''}weights that are NaN"
    path = write_hostile_bundle(tmp_path / "sent", kind)
    table = tmp_path / "rows.csv"
    words = ["scan", film.parent, "--model", path, "--precision", precision]
    assert main([*map(str, words), "--out", str(table)]) == 2
    assert "not numbers" in capsys.readouterr().err
    assert not table.exists()


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_a_fast_precision_is_vouched_for_by_the_exact_graph(
    precision: str, film: Path, tmp_path: Path
) -> None:
    path = write_hostile_bundle(tmp_path / "sent", "weights of another model")
    for exact, fast in ((GRAPH, "model_int8.xml"), (GRAPH_WEIGHTS, "model_int8.bin")):
        shutil.copyfile(path / exact, path / fast)
    reseal(path)
    with pytest.raises(BundleError, match="does not compute what its card says"):
        Scanner(peek_bundle(path), film.parent, precision=precision)


def test_the_probe_is_held_to_a_thousandth(tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "model")
    first, *rest, last = bundle.card.probe
    for gap, is_taken in ((0.8 * PROBE_TOLERANCE, True), (2e-3, False)):
        reseal(bundle.path, probe=[first + gap, *rest, last - gap])
        changed = peek_bundle(bundle.path)
        if is_taken:
            Classifier(changed)
        else:
            with pytest.raises(BundleError, match="differs by 2.0e-03"):
                Classifier(changed)


def test_self_test_holds_the_shipped_model_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_hostile_bundle(tmp_path / "sent", "weights of another model")
    monkeypatch.setattr("core.commands.self_test.default_bundle_dir", lambda: path)
    assert main(["self-test"]) == 2
    assert "does not compute what its card says" in capsys.readouterr().err


def test_a_tag_that_is_no_text_is_refused(tmp_path: Path) -> None:
    # OpenVINO quotes it in its message, which Python then cannot read.
    bundle = write_tiny_bundle(tmp_path / "model")
    data = (bundle.path / GRAPH).read_bytes()
    (bundle.path / GRAPH).write_bytes(data.replace(b'"Divide"', b'"Div\xffde"'))
    reseal(bundle.path)
    with pytest.raises(BundleError, match="cannot be loaded"):
        Classifier(peek_bundle(bundle.path))


# One film


@pytest.fixture
def breaking(tmp_path: Path) -> ModelBundle:
    """A model that gives no numbers for a black film."""
    return write_tiny_bundle(tmp_path / "breaking", breaks_on_black=True)


@pytest.fixture
def films(make_film: MakeFilm, tmp_path: Path) -> Path:
    """A folder of a bright film, a black one and another bright one."""
    (tmp_path / "in").mkdir()
    black = np.zeros((96, 96), np.uint8)
    black[:, 95] = 255  # not blank: that is another warning
    make_film("in/a.png", 200)
    make_film("in/b.png", black)
    make_film("in/c.png", 200)
    return tmp_path / "in"


def test_a_film_without_numbers_gets_no_verdict(
    breaking: ModelBundle, films: Path
) -> None:
    prediction = Classifier(breaking).predict(read_radiograph(films / "b.png"))
    with pytest.raises(PredictionError, match="not numbers") as caught:
        decide(prediction, breaking.card)
    assert caught.value.hint


def test_predict_goes_on_with_the_next_film(
    breaking: ModelBundle, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(path) for path in sorted(films.iterdir())]
    words = ["predict", "--json", "--model", str(breaking.path)]
    assert main([*words, *paths]) == 4
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["finding"] for row in rows] == ["covid", None, "covid"]
    assert rows[1]["error"].startswith(NOT_FINITE)
    assert rows[1]["verdict"] is rows[1]["probabilities"] is None
    assert main([*words, paths[1]]) == 2
    assert main([*words[:1], *words[2:], *paths]) == 4
    assert f"not read: {NOT_FINITE}" in capsys.readouterr().out


def test_scan_makes_it_a_row_with_its_reason(
    breaking: ModelBundle, films: Path
) -> None:
    rows = list(Scanner(breaking, films).scan(find_films(films).films))
    assert [row.finding for row in rows] == ["covid", None, "covid"]
    assert rows[1].error.startswith(NOT_FINITE)
    assert (rows[1].verdict, rows[1].probabilities) == ("", {})
    assert rows[1].size


def test_a_worker_of_a_cluster_makes_the_same_rows(
    breaking: ModelBundle, films: Path
) -> None:
    reader = ShardReader(ship(breaking), films, threads=1)
    rows = reader.read(find_films(films).films)
    assert [row.error.startswith(NOT_FINITE) for row in rows] == [False, True, False]


def test_figures_leave_it_out_and_say_so(breaking: ModelBundle, films: Path) -> None:
    samples = [Sample(p.name, p, "covid") for p in sorted(films.iterdir())]
    scores = score_films(Classifier(breaking), samples)
    assert [sample.file for sample in scores.samples] == ["a.png", "c.png"]
    assert dict(scores.unreadable) == {"b.png": NOT_FINITE}
    assert np.isfinite(scores.logits).all()
    assert len(scores.truth) == 2


def test_a_model_without_numbers_for_a_film_is_not_compared(
    breaking: ModelBundle,
    tiny_bundle: ModelBundle,
    films: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = [f"in/{path.name},covid" for path in sorted(films.iterdir())]
    manifest = films.parent / "films.csv"
    manifest.write_text("\n".join(["file,label", *lines]), "utf-8")
    pair = [str(breaking.path), str(tiny_bundle.path)]
    for one, other in (pair, pair[::-1]):
        words = ["compare", one, other, "--data", str(manifest)]
        assert main(words) == 2
        assert (
            "gives values that are not numbers for 1 film," in capsys.readouterr().err
        )


# What is no file


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name is short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _folder(path: Path) -> None:
    path.mkdir()


KINDS = {"pipe": _pipe, "socket": _socket, "device": _device, "folder": _folder}


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((GRAPH_WEIGHTS, kind) for kind in KINDS),
        (GRAPH, "pipe"),
        (CARD, "pipe"),
        ("notes.txt", "pipe"),
    ],
)
def test_a_bundle_of_what_is_no_file_is_refused_at_once(
    name: str, kind: str, film: Path, tmp_path: Path
) -> None:
    bundle = write_tiny_bundle(tmp_path / "model")
    (bundle.path / "notes.txt").write_text("notes")
    reseal(bundle.path)
    (bundle.path / name).unlink()
    KINDS[kind](bundle.path / name)
    result = core("predict", "--model", bundle.path, film)
    assert result.returncode == 2
    assert result.stdout == ""
    assert f"{name} cannot be read (it is a {kind})" in result.stderr


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_file_that_is_no_file_is_refused_at_once(
    kind: str, tmp_path: Path
) -> None:
    KINDS[kind](tmp_path / "sent.hilum")
    result = core("import", tmp_path / "sent.hilum", "--out", tmp_path / "model")
    assert result.returncode == 2
    assert f"sent.hilum cannot be opened: it is a {kind}." in result.stderr


@posix_only
def test_the_list_of_models_does_not_wait_for_a_pipe(tmp_path: Path) -> None:
    kept = model_store.use(write_tiny_bundle(tmp_path / "model").path).path
    (kept / CARD).unlink()
    os.mkfifo(kept / CARD)
    (found,) = [model for model in model_store.installed_models() if model.path == kept]
    assert "it is a pipe" in found.damage


@pytest.mark.slow
@posix_only
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_a_film_that_is_no_file_is_refused_at_once(
    kind: str, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    KINDS[kind](tmp_path / "x.png")
    result = core("predict", "--json", "--model", tiny_bundle.path, tmp_path / "x.png")
    assert result.returncode == 2
    assert json.loads(result.stdout)["error"].startswith(f'"x.png" is a {kind}, not')


@pytest.mark.slow
@posix_only
def test_audit_does_not_wait_for_a_pipe(make_film: MakeFilm, tmp_path: Path) -> None:
    lines = ["file,label"]
    for label, value in (("covid", 200), ("normal", 60)):
        (tmp_path / label).mkdir()
        for number in range(3):
            name = f"{label}/{number}.png"
            make_film(name, value + number)
            lines.append(f"{name},{label}")
    os.mkfifo(tmp_path / "normal" / "x.png")
    manifest = tmp_path / "films.csv"
    manifest.write_text("\n".join([*lines, "normal/x.png,normal"]), "utf-8")
    for data in (tmp_path, manifest):
        result = core("audit", data)
        assert "Traceback" not in result.stderr
        assert result.returncode in (0, 2, 4)


def test_the_tiny_model_s_probe_is_what_its_graph_gives(
    tiny_bundle: ModelBundle,
) -> None:
    card = tiny_bundle.card
    (given,) = Classifier(tiny_bundle).predict_batch(probe_input(card.preprocess))
    shares = probabilities(given.logits, card.temperature)
    np.testing.assert_allclose(shares, card.probe, atol=1e-6)
