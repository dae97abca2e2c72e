"""What is wrong about a job is told before its first film is read."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.__main__ import main
from core.jobs.events import EpochEnded, StageStarted
from core.model.bundle import ModelBundle, read_bundle
from core.runs.config import TrainingConfig, config_from_json
from core.runs.job_folder import Job, JobFolder
from tests.training_child import SMALL, Child, work_of, write_job

Start = Callable[..., Child]
Refuse = Callable[..., str]


@pytest.fixture
def refuse(
    phantoms: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Refuse:
    """Starts a training that must be refused without Keras; what it says."""
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setattr("core.program.edition.can_train", lambda: True)
    monkeypatch.setattr("signal.signal", lambda name, handler: None)
    monkeypatch.delenv("KERAS_BACKEND", raising=False)

    def train(*words: str | Path, data: Path = phantoms, dry: bool = False) -> str:
        before = sorted(tmp_path.rglob("*"))
        more = ["--dry-run"] if dry else ["--out", tmp_path / "model"]
        assert main(["train", "--data", *map(str, [data, *more, *words])]) == 2
        said = capsys.readouterr().err
        assert len(said.strip().splitlines()) == 1, said
        assert sorted(tmp_path.rglob("*")) == before, "something was left behind"
        return said

    return train


SET = [
    ('pools=["x"]', "A pool of sources cannot be written as 'x'"),
    ('pools=["x=nowhere"]', "names sources that the films do not have: nowhere"),
    ("patient_pattern=(", "cannot be understood"),
    ("patient_pattern=abc", "no part in round brackets"),
    ('labels=["covid","lung"]', "no film labelled lung"),
    ('labels=["covid"]', "films of one label only"),
    ("weights=nowhere.h5", "There is no weights file"),
    ("weights=README.md", "README.md is no file of weights"),
    ("backbone=vgg16", "is a DenseNet121, so its weights cannot start a VGG16"),
    ("epochs", "--set epochs does not say"),
    ("=3", "--set =3 does not say"),
    ("name=\udcff", "name of a training job cannot be"),
    ("rate=1" + "0" * 400, "rate of a training job cannot be"),
    ("pools=" + "[" * 100_000, "pools of a training job cannot be"),
    ("augmentation=3", "augmentation of a training job cannot be 3"),
]


@pytest.mark.parametrize("dry", [False, True], ids=["train", "dry-run"])
@pytest.mark.parametrize(("setting", "sentence"), SET, ids=[s[:20] for s, _ in SET])
def test_setting_is_refused_before_keras_is_loaded(
    setting: str, sentence: str, dry: bool, refuse: Refuse
) -> None:
    assert sentence in refuse("--set", setting, dry=dry)


@pytest.mark.parametrize("first", [0, 1])
def test_setting_of_a_setting_that_is_none_is_refused(
    first: int, refuse: Refuse
) -> None:
    words = ["augmentation=3", "augmentation.zoom=0.1"]
    said = refuse("--set", words[first], "--set", words[1 - first])
    assert "augmentation of a training job cannot be 3" in said


def test_parts_of_a_setting_come_together() -> None:
    from core.commands.job_arguments import set_fields

    texts = ["augmentation.zoom=0.1", 'augmentation={"blur": 0}', "name=Ward = 3"]
    fields = set_fields([*texts, "head=64", 'accept_leaks="Ours."', "epochs=3"])
    assert (fields["name"], fields["head"]) == ("Ward = 3", "64")
    assert (fields["accept_leaks"], fields["epochs"]) == ("Ours.", 3)
    assert config_from_json(fields).augmentation.zoom == 0.1
    assert config_from_json(fields).augmentation.blur == 0.0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--weights", "none", "--set", "weights=imagenet"], "two different things"),
        (["--labels", "a,b", "--set", 'labels=["b","a"]'], "two different things"),
        (["--json", "found.json"], "this is none"),
        (["--resume", "--overwrite"], "--overwrite discards it"),
        (["--dry-run", "--log-dir", "logs"], "keeps the epochs of one training"),
    ],
)
def test_contradictions_are_refused(
    words: list[str], sentence: str, refuse: Refuse
) -> None:
    assert sentence in refuse(*words)


def test_resuming_a_dry_run_is_refused(refuse: Refuse) -> None:
    assert "--dry-run tries a new one" in refuse("--resume", dry=True)


def test_labels_are_trimmed(refuse: Refuse) -> None:
    # Refused for the pool alone, so the labels were found.
    said = refuse("--labels", "covid, normal", "--set", "pools=x=a")
    assert "cannot be 'x=a'" in said
    said = refuse("--labels", "covid, normal", "--set", 'pools=["x=a"]')
    assert "names sources that the films do not have: a." in said


def test_job_file_without_end_is_refused(refuse: Refuse, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text("[" * 200_000, encoding="utf-8")
    assert "job file job.json cannot be read" in refuse("--config", file)


@pytest.mark.parametrize("dry", [False, True], ids=["train", "dry-run"])
def test_events_file_that_cannot_be_written_is_refused(
    refuse: Refuse, tmp_path: Path, dry: bool
) -> None:
    (tmp_path / "file").write_text("in the way")
    said = refuse("--events-file", tmp_path / "file" / "events.jsonl", dry=dry)
    assert "There is no folder" in said
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "is a folder" in refuse("--events-file", folder, dry=dry)


def test_place_for_the_model_that_cannot_be_written_is_refused(
    refuse: Refuse, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "model"
    assert "could not be written" in refuse("--out", out)
    assert "could not be written" in refuse("--out", out, dry=True)
    assert "There is no folder" in refuse("--json", out, dry=True)


def test_backend_that_is_not_there_is_refused(
    refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "abacus")
    assert "cannot train on 'abacus'" in refuse()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "JAX is not installed" in refuse("--backend", "jax")


def test_log_that_nothing_here_can_write_is_refused(
    refuse: Refuse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "a file is in its place" in refuse("--log-dir", tmp_path / "file")
    there = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name: None if name == "tensorflow" else there(name),
    )
    said = refuse("--backend", "jax", "--log-dir", tmp_path / "logs")
    assert "written by TensorFlow, which is not installed" in said
    assert "epochs.csv" in said


def rewrite(
    manifest: Path, out: Path, change: Callable[[dict[str, str]], None]
) -> Path:
    """The manifest with changed rows and without splits."""
    with open(manifest, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["file"], row["split"] = str(manifest.parent / row["file"]), ""
        change(row)
    with open(out, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return out


def test_too_few_patients_of_a_label_are_refused(
    phantoms: Path, tmp_path: Path, refuse: Refuse
) -> None:
    def change(row: dict[str, str]) -> None:
        row["patient"] = "one" if row["label"] == "covid" else row["file"]

    data = rewrite(phantoms, tmp_path / "few.csv", change)
    said = refuse(data=data)
    assert "covid has 1 independent film;" in said


def test_pools_are_looked_up_in_the_data(
    phantoms: Path, tmp_path: Path, refuse: Refuse
) -> None:
    def change(row: dict[str, str]) -> None:
        row["source"] = "NIH"

    data = rewrite(phantoms, tmp_path / "one.csv", change)
    said = refuse("--set", 'pools=["a=NIH:covid+lung"]', data=data)
    assert "names labels that the films do not have: lung" in said
    said = refuse("--set", 'pools=["a=NIH", "a=NIH"]', data=data)
    assert "Two pools are called a" in said


@pytest.mark.skipif(sys.platform != "linux", reason="names of films are text there")
def test_film_whose_name_is_no_text_is_refused(tmp_path: Path, refuse: Refuse) -> None:
    data = tmp_path / "films"
    for label in ("covid", "normal"):
        for name in (b"a.png", b"b.png", b"c\xff.png"):
            folder = data / label
            folder.mkdir(parents=True, exist_ok=True)
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"film")
    assert "cannot be written down" in refuse(data=data)


# What only Keras knows


@pytest.mark.training
@pytest.mark.parametrize("what", ["unfreeze_from", "weights"])
def test_what_keras_refuses_is_told_before_a_film_is_read(
    what: str, phantoms: Path, tmp_path: Path, start: Start, tiny_bundle: ModelBundle
) -> None:
    settings: dict[str, object] = {"unfreeze_from": 500}
    sentence = "The backbone has 7 layers"
    if what == "weights":
        import h5py

        with h5py.File(tmp_path / "other.h5", "w") as file:
            file.attrs["layer_names"] = [b"one"]
            file.create_group("one").attrs["weight_names"] = []
        settings = {"weights": str(tmp_path / "other.h5")}
        sentence = "do not fit"
    job = write_job(tmp_path / "job.json", **settings)
    out = tmp_path / "model"
    words = ["--data", phantoms, "--config", job, "--events"]
    child = start(*words, "--out", out)
    status, errors = child.finish()
    assert status == 2
    assert sentence in errors
    stages = [e.stage for e in child.events if isinstance(e, StageStarted)]
    assert stages == ["start"]
    assert not work_of(out).path.exists()  # so that the next one may begin

    child = start(*words, "--dry-run")
    status, errors = child.finish()
    assert (status, sentence in errors) == (2, True)
    stages = [e.stage for e in child.events if isinstance(e, StageStarted)]
    assert stages == ["start"]


# Going on


@pytest.fixture
def begun(phantoms: Path, tmp_path: Path) -> JobFolder:
    """A job that was begun and interrupted."""
    folder = JobFolder.beside(tmp_path / "model")
    config = config_from_json(SMALL)
    folder.begin(Job(config, phantoms, "begun", preset="default", backend="tensorflow"))
    return folder


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--set", "epochs=9"], "epochs is 2, not 9"),
        (["--set", "augmentation.zoom=0"], "augmentation.zoom is 0.12, not 0.0"),
        (["--set", "backbone=resnet50"], "backbone is vgg16, not resnet50"),
        (["--labels", "covid,normal"], "labels is "),
        (["--weights", "imagenet"], "weights is none, not imagenet"),
        (["--preset", "vgg16-ryan"], "--preset is default, not vgg16-ryan"),
        (["--data", "elsewhere.csv"], "not elsewhere.csv"),
        (["--backend", "jax"], "--backend is tensorflow, not jax"),
        (["--config", "{}/other.json"], "batch is 8, not 9"),
        (["--set", "epochs=9", "--set", "name=Ward"], "epochs is 2, not 9"),
        (["--set", 'pools=["x"]'], "cannot be written as 'x'"),
        (["--overwrite"], "--overwrite discards it"),
    ],
)
def test_resume_refuses_what_it_could_not_apply(
    words: list[str],
    sentence: str,
    begun: JobFolder,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setattr("core.program.edition.can_train", lambda: True)
    monkeypatch.setattr("signal.signal", lambda name, handler: None)
    (tmp_path / "other.json").write_text('{"batch": 9, "epochs": 2}')
    before = (begun.path / "job.json").read_bytes()
    words = [word.replace("{}", str(tmp_path)) for word in words]
    assert main(["train", "--out", str(tmp_path / "model"), "--resume", *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert (begun.path / "job.json").read_bytes() == before


def test_a_running_job_is_not_discarded(begun: JobFolder, refuse: Refuse) -> None:
    with begun.at_work():
        assert "is running already" in refuse("--overwrite")
        assert begun.exists()


def test_leaks_can_be_accepted_until_the_films_are_split(begun: JobFolder) -> None:
    from core.commands.job_arguments import resumed_job
    from core.commands.parser import parser
    from core.errors import TrainingError

    words = ["train", "--resume", "--set", "accept_leaks=Copies are few."]
    arguments = parser().parse_args(words)
    job, changed = resumed_job(arguments, begun)
    assert job.config.accept_leaks == "Copies are few."
    assert changed == ["accept_leaks"]
    begun.split.write_text("{}")
    with pytest.raises(TrainingError, match="accept_leaks is"):
        resumed_job(arguments, begun)


@pytest.mark.training
def test_resume_takes_the_same_arguments_and_what_only_the_end_uses(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    def change(row: dict[str, str]) -> None:
        row["source"] = "NIH"

    data = rewrite(phantoms, tmp_path / "films.csv", change)
    out = tmp_path / "model"
    own = ["--data", data, "--out", out, "--config", job, "--preset", "default"]
    own += ["--backend", "tensorflow", "--events"]
    child = start(*own)
    child.until(EpochEnded, phase="fine-tuning")
    child.say("stop")
    assert child.finish()[0] == 3

    late = ["--set", "name=Ward 7", "--set", 'pools=["Bethesda=NIH"]']
    status, errors = start(*own, *late, "--resume").finish()

    assert status == 0, errors
    training = read_bundle(out).card.training
    assert read_bundle(out).card.name == "Ward 7"
    assert training["config"]["name"] == "Ward 7"
    assert training["config"]["pools"] == ["Bethesda=NIH"]
    assert "Changed when it was resumed: name, pools." in training["notes"]
    assert training["config"]["epochs"] == SMALL["epochs"]


@pytest.mark.training
def test_pools_that_stopped_a_job_of_before_can_be_put_right(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "model"
    child = start("--data", phantoms, "--out", out, "--config", job, "--events")
    child.until(StageStarted, stage="reading")
    child.say("stop")
    assert child.finish()[0] == 3
    record = json.loads((work_of(out).path / "job.json").read_text("utf-8"))
    record["config"]["pools"] = ["x"]  # which was found out at the end alone
    del record["preset"], record["backend"]
    (work_of(out).path / "job.json").write_text(json.dumps(record), encoding="utf-8")

    status, errors = start("--out", out, "--resume").finish()
    assert status == 2
    assert "cannot be written as 'x'" in errors

    again = ["--out", out, "--resume", "--set", "pools=[]"]
    status, errors = start(*again).finish()
    assert status == 0, errors
    assert read_bundle(out).card.training["config"]["pools"] == []


def test_old_record_of_a_job_says_nothing_of_its_backend(begun: JobFolder) -> None:
    record = json.loads((begun.path / "job.json").read_text("utf-8"))
    del record["preset"], record["backend"]
    (begun.path / "job.json").write_text(json.dumps(record), encoding="utf-8")
    assert (begun.job().preset, begun.job().backend) == ("", "")
    assert begun.job().config == config_from_json(SMALL)
    assert begun.job().config != TrainingConfig()
    shutil.rmtree(begun.path)
