"""What an experiment is, which films its arms get, and how its numbers become words."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from core.__main__ import main
from core.data.dataset import Dataset, Sample
from core.data.split import Split, split_by_fold
from core.errors import DatasetError, TrainingError
from core.experiments.answer import (
    BETTER,
    UNCLEAR,
    WORSE,
    answer,
    sentence_of,
    verdict_of,
)
from core.experiments.builtin import EXPERIMENTS, experiment_named
from core.experiments.experiment import (
    OTHER,
    Arm,
    config_of_arm,
    positive_label,
    read_experiment,
)
from core.experiments.films import cropped, films_for, parts_of
from core.experiments.measure import over_repeats
from core.experiments.record import ExperimentFolder
from core.experiments.work import repeated_training
from core.films.radiograph import radiograph_from_array
from core.model.lungs import SIZE, Lungs
from core.records import to_json
from core.runs.config import TrainingConfig
from core.runs.job_folder import Job, JobFolder
from tests.phantoms import write_phantom_set

LABELS = ("covid", "normal", "pneumonia")
NAMES = """
    extraction-vs-fine-tuning imagenet-vs-chest backbones binary-vs-three-class
    class-weights-vs-oversampling lung-crop data-size leave-one-source-out
""".split()


def samples(each: int = 12, *, start: int = 0) -> tuple[Sample, ...]:
    """Films of three labels and two sources; two of each group."""
    return tuple(
        Sample(
            f"{label}-{start + i:03d}",
            Path(),
            label,
            group=f"{label}{(start + i) // 2}",
            source="ab"[i // 2 % 2],
        )
        for label in LABELS
        for i in range(each)
    )


def split() -> Split:
    """Some films of every label and source in each part."""
    return Split(samples(40), samples(8, start=100), samples(8, start=200))


def test_all_experiments_are_there_and_their_settings_are_settings() -> None:
    assert list(EXPERIMENTS) == NAMES
    for experiment in EXPERIMENTS.values():
        for arm in experiment.arms:
            for quick in (False, True):
                config = config_of_arm(experiment, arm, {"batch": 8}, quick=quick)
                assert config.batch == (16 if quick else 8)


def test_arms_differ_in_what_they_are_named_after() -> None:
    backbones = experiment_named("backbones")
    for quick in (False, True):
        made = [config_of_arm(backbones, a, {}, quick=quick) for a in backbones.arms]
        assert [c.backbone for c in made] == [arm.name for arm in backbones.arms]
        assert {c.weights for c in made} == {"none" if quick else "imagenet"}
    balance = experiment_named("class-weights-vs-oversampling")
    made = [config_of_arm(balance, arm, {}, quick=False) for arm in balance.arms]
    assert [(c.balance, c.balance_by) for c in made] == [
        ("none", "auto"),
        ("labels", "weights"),
        ("labels", "sampling"),
    ]
    tuning = experiment_named("extraction-vs-fine-tuning")
    made = [config_of_arm(tuning, arm, {}, quick=False) for arm in tuning.arms]
    assert made[0].epochs == 0 < made[1].epochs


def test_another_backbone_is_trained_from_its_usual_layer() -> None:
    experiment = experiment_named("extraction-vs-fine-tuning")
    arm = Arm("a", "an arm", settings={"unfreeze_from": 50})
    for backbone, layer in (("vgg16", 15), ("densenet121", 50)):
        config = config_of_arm(experiment, arm, {"backbone": backbone}, quick=False)
        assert config.unfreeze_from == layer


def test_an_experiment_of_ones_own_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    mine = EXPERIMENTS["data-size"]
    file.write_text(json.dumps(to_json(mine)), encoding="utf-8")
    assert read_experiment(file) == mine
    file.write_text('{"name": "mine"}', encoding="utf-8")
    with pytest.raises(TrainingError, match="does not describe an experiment"):
        read_experiment(file)
    with pytest.raises(TrainingError, match="no experiment called"):
        experiment_named("alchemy")


def test_smaller_shares_are_parts_of_larger_ones_in_whole_groups() -> None:
    whole, taken = split(), []
    for share in (0.1, 0.25, 0.5):
        arm = Arm("part", "part", share=share)
        part = films_for(arm, whole, without="", positive="", seed=7)
        assert (part.val, part.test) == (whole.val, whole.test)
        taken.append(set(part.train))
        groups = {s.group for s in part.train}
        assert all(s in taken[-1] for s in whole.train if s.group in groups)
        for label in LABELS:
            count = sum(s.label == label for s in part.train)
            assert abs(count - 40 * share) <= 1
    assert taken[0] < taken[1] < taken[2] < set(whole.train)


def test_one_against_the_rest_relabels_every_part() -> None:
    arm = Arm("two", "two", one_against_rest=True)
    made = films_for(arm, split(), without="", positive="covid", seed=0)
    for name in ("train", "val", "test"):
        assert {s.label for s in made.part(name)} == {"covid", OTHER}
    assert positive_label(("COVID-19", "normal"), "") == "COVID-19"
    assert positive_label(LABELS, "normal") == "normal"
    with pytest.raises(DatasetError, match="COVID-19"):
        positive_label(("a", "b"), "")


def test_a_source_that_is_left_out_takes_what_hangs_together_with_it() -> None:
    arm, whole = Arm("unseen", "unseen", unseen=True), split()
    shared = dataclasses.replace(whole.train[2], group=whole.train[0].group)
    whole = dataclasses.replace(
        whole, train=(*whole.train[:2], shared, *whole.train[3:])
    )
    every = (*whole.train, *whole.val, *whole.test)
    dataset = Dataset(every, LABELS, {})
    assert parts_of(arm, dataset, whole) == [(1, "a"), (2, "b")]
    rest = films_for(arm, whole, without="a", positive="", seed=0)
    assert {s.source for s in (*rest.train, *rest.val)} == {"b"}
    assert shared not in rest.train
    assert rest.test == whole.test
    only = tuple(s for s in whole.train if s.label != "covid" or s.source == "a")
    lopsided = dataclasses.replace(whole, train=only)
    assert parts_of(arm, dataset, lopsided) == [(2, "b")]
    with pytest.raises(DatasetError, match="no source that can be left out"):
        parts_of(arm, Dataset(every[:3], LABELS, {}), whole)


def test_folds_test_every_film_once_and_keep_groups_together() -> None:
    films = samples(12)
    groups = np.unique([s.group for s in films], return_inverse=True)[1]
    dataset = Dataset(films, LABELS, {})
    options = {"folds": 3, "validation": 0.25, "seed": 1}
    folds = split_by_fold(dataset, groups.astype(np.int32), **options)
    tested = [s.file for fold in folds for s in fold.test]
    assert sorted(tested) == sorted(s.file for s in films)
    for fold in folds:
        parts = [{s.group for s in fold.part(n)} for n in ("train", "val", "test")]
        assert sum(map(len, parts)) == len(set.union(*parts))
        assert all({s.label for s in fold.part(n)} == set(LABELS) for n in ("val",))
    with pytest.raises(DatasetError, match="too few for 7 folds"):
        split_by_fold(dataset, groups.astype(np.int32), **{**options, "folds": 7})


def test_a_film_is_cropped_to_its_lungs() -> None:
    picture = np.zeros((400, 200), np.uint8)
    picture[100:300, 50:150] = 200
    mask = np.zeros((SIZE, SIZE), bool)
    mask[64:192, 64:192] = True
    film = radiograph_from_array(picture)
    assert cropped(film, Lungs(mask)).mean() > 140
    assert cropped(film, Lungs(np.zeros_like(mask))).mean() < 60


def test_intervals_over_seeds_are_of_student() -> None:
    values = [0.8, 0.83, 0.9]
    mean, interval = over_repeats(values)
    expected = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    assert mean == pytest.approx(np.mean(values))
    assert interval == pytest.approx(list(expected))
    assert over_repeats([0.5]) == (0.5, None)
    assert over_repeats([float("nan"), 0.5]) == (0.5, None)


@pytest.mark.parametrize(
    ("films", "seeds", "verdict"),
    [
        ([0.01, 0.05], [0.02, 0.04], BETTER),
        ([0.01, 0.05], None, BETTER),
        ([-0.05, -0.01], [-0.04, -0.02], WORSE),
        ([-0.01, 0.05], [0.02, 0.04], UNCLEAR),
        ([0.01, 0.05], [-0.02, 0.04], UNCLEAR),
        ([-0.05, -0.01], [0.02, 0.04], UNCLEAR),
        (None, [0.02, 0.04], UNCLEAR),
    ],
)
def test_it_cannot_be_told_where_an_interval_spans_zero(
    films: list[float] | None, seeds: list[float] | None, verdict: str
) -> None:
    found = {
        "arm": "fine-tuning",
        "reference": "feature extraction",
        "figure": "accuracy",
        "value": 0.9,
        "reference_value": 0.87,
        "difference": 0.03 if films else None,
        "films_ci": films,
        "seeds_ci": seeds,
    }
    assert verdict_of(found) == verdict
    said = sentence_of({**found, "verdict": verdict}, 200, 3)
    heads = {
        BETTER: "Fine-tuning is better than feature extraction:",
        WORSE: "Fine-tuning is worse than feature extraction:",
        UNCLEAR: "One cannot tell whether fine-tuning is better",
    }
    assert said.startswith(heads[verdict])
    assert ("over 3 seeds" in said) == (films is not None and seeds is not None)


def test_what_cannot_serve_is_told_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write_phantom_set(tmp_path / "films", per_label=3, size=32)
    out = str(tmp_path / "out")
    words = ["experiment", "binary-vs-three-class", "--out", out]
    for more, said in (
        (["--data", str(tmp_path / "nowhere")], "no folder or manifest"),
        (["--data", str(manifest), "--positive", "flu"], "No label of the data is flu"),
    ):
        assert main([*words, *more]) == 2
        assert said in capsys.readouterr().err
        assert not Path(out).exists()


def test_what_goes_on_is_told_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (
        ["experiment", "--seeds", "5"],
        ["experiment", "data-size", "--seeds", "5"],
        ["train", "--seeds", "5"],
    ):
        assert main([*words, "--resume", "--out", str(tmp_path)]) == 2
        assert "Leave --seeds out" in capsys.readouterr().err


def test_one_training_takes_no_place_of_several(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write_phantom_set(tmp_path / "films", per_label=6, size=32)
    out = tmp_path / "seeds"
    job = Job(TrainingConfig(), manifest, "", "", "tensorflow")
    ExperimentFolder(out).begin(repeated_training(job, seeds=2, folds=0))
    words = ["train", "--data", str(manifest), "--out", str(out)]
    assert main([*words, "--overwrite"]) == 2
    assert "holds other files" in capsys.readouterr().err
    work = JobFolder(out / "runs" / "model seed 2020" / "model.work")
    work.path.mkdir(parents=True)
    with work.at_work():  # of somebody else
        assert main([*words, "--seeds", "2", "--overwrite"]) == 2
    assert "is running already" in capsys.readouterr().err
    assert ExperimentFolder(out).record().seeds == (2020, 2021)
    assert main([*words, "--seeds", "2", "--find-rate"]) == 2
    assert "--find-rate does not train" in capsys.readouterr().err


def test_one_seed_has_no_mean() -> None:
    found = {
        "quick": False,
        "comparisons": [],
        "experiment": {"decides": "accuracy"},
        "folds": 0,
        "seeds": [1],
        "arms": [
            {
                "title": "the model",
                "not_run": "",
                "figures": [{"name": "accuracy", "value": 0.5, "value_ci": None}],
            }
        ],
    }
    assert answer(found) == ["Accuracy 0.500, with one seed."]
    quick = answer({**found, "quick": True})[0]
    assert quick.startswith("This was a quick run:")  # of whatever films
