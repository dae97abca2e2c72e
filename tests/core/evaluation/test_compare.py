"""Which of two models is better, and how sure that is."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy.stats import binomtest

from core.data.dataset import Sample
from core.data.split import Split
from core.errors import BundleError
from core.evaluation.compare import compare, not_comparable, pair_labels
from core.evaluation.compare_text import comparison_text
from core.evaluation.differences import differences, mcnemar
from core.evaluation.evaluate import Scores, evaluate
from core.evaluation.intervals import Resamples
from core.jobs.events import JobFailed, JobSucceeded, StageStarted
from core.model.bundle import (
    FILMS,
    GRAPH,
    GRAPH_WEIGHTS,
    Label,
    ModelBundle,
    ModelCard,
    write_bundle,
)
from core.model.seen_films import (
    film_sha256,
    films_seen,
    read_film_list,
    write_film_list,
)
from tests.phantoms import write_phantom_set
from tests.tiny_bundle import make_card
from tests.training_child import Child

ROOT = Path(__file__).resolve().parents[3]
LABELS = ("covid", "pneumonia", "normal")
KEYS = {
    "format_version",
    "candidate",
    "in_use",
    "n",
    "groups",
    "labels",
    "verdict",
    "sentences",
    "warnings",
    "differences",
    "mcnemar",
    "dropped",
    "allowed_drop",
    "seen",
}


def bundle_of(name: str, card: ModelCard | None = None) -> ModelBundle:
    card = msgspec.structs.replace(card or make_card(), name=name)
    return ModelBundle(Path(name), card, name * 8)


def scores_of(
    truth: np.ndarray, p: np.ndarray, labels: tuple[str, ...] = LABELS, each: int = 1
) -> Scores:
    samples = tuple(
        Sample(f"{i}.png", Path(f"{i}.png"), labels[t], patient=f"P{i // each}")
        for i, t in enumerate(truth)
    )
    return Scores(samples, labels, truth.astype(np.intp), np.log(p), {})


def called(truth: np.ndarray, wrong: list[int]) -> np.ndarray:
    """Probabilities that call every film rightly but those of these rows."""
    columns = truth.copy()
    columns[wrong] = (columns[wrong] + 1) % 3
    p = np.full((len(truth), 3), 0.1, np.float32)
    p[np.arange(len(truth)), columns] = 0.8
    return p


def compared(
    candidate_wrong: list[int], in_use_wrong: list[int], n: int = 120, **fields: Any
) -> dict[str, Any]:
    truth = np.arange(n) % 3
    pair = (
        scores_of(truth, called(truth, candidate_wrong)),
        scores_of(truth, called(truth, in_use_wrong)),
    )
    given = {"count": 200, **fields}
    return compare(bundle_of("new"), bundle_of("old"), pair, **given)


def row(result: dict[str, Any], name: str, label: str | None = None) -> dict[str, Any]:
    (found,) = [
        each
        for each in result["differences"]
        if (each["name"], each["label"]) == (name, label)
    ]
    return found


def test_result_holds_what_its_readers_depend_on() -> None:
    result = compared([1], [2, 3])
    assert set(result) == KEYS
    json.dumps(result, allow_nan=False)
    names = [(each["name"], each["label"]) for each in result["differences"]]
    assert names == [
        ("accuracy", None),
        ("macro_f1", None),
        ("mean_auc", None),
        *(("recall", label) for label in LABELS),
        *(("auc", label) for label in LABELS),
    ]
    assert set(row(result, "accuracy")) == {
        "name",
        "label",
        "candidate",
        "in_use",
        "difference",
        "difference_ci",
        "better_share",
    }


def test_figures_of_both_are_those_of_their_evaluations() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 90)
    pair = tuple(
        scores_of(truth, rng.dirichlet([1, 1, 1], 90) + np.eye(3)[truth] * 0.3)
        for _ in range(2)
    )
    result = compare(bundle_of("new"), bundle_of("old"), pair, count=20)
    for scores, who in zip(pair, ("candidate", "in_use"), strict=True):
        alone = evaluate(scores, 1.0)
        assert row(result, "accuracy")[who] == alone["accuracy"]
        assert row(result, "macro_f1")[who] == alone["macro_f1"]
        for label in LABELS:
            rates = alone["per_class"][label]
            assert row(result, "recall", label)[who] == rates["recall"]
            assert row(result, "auc", label)[who] == rates["auc"]


def test_better_model_is_called_better_and_the_other_way_round_worse() -> None:
    bad = list(range(0, 60))
    result = compared([], bad)
    assert result["verdict"] == "better"
    assert row(result, "accuracy")["difference"] == 0.5
    low, high = row(result, "accuracy")["difference_ci"]
    assert 0.3 < low < 0.5 < high < 0.7
    assert row(result, "accuracy")["better_share"] == 1.0
    assert "The candidate is better" in result["sentences"][0]
    other = compared(bad, [])
    assert other["verdict"] == "worse"
    assert other["dropped"] == list(LABELS)


def test_small_difference_is_not_clear() -> None:
    result = compared([0, 4, 8], [1, 5, 9, 12])
    assert result["verdict"] == "no clear difference"
    assert "do not show which is better" in result["sentences"][0]
    low, high = row(result, "macro_f1")["difference_ci"]
    assert low < 0 < high


def test_interval_is_of_the_difference_not_of_two_figures() -> None:
    # Wrong about the same films but for a few: the films themselves cancel out.
    shared = list(range(0, 50))
    result = compared(shared, [*shared, 51, 55, 59, 63])
    low, high = row(result, "accuracy")["difference_ci"]
    assert high - low < 0.08


def test_patients_are_drawn_whole() -> None:
    truth = np.arange(120) % 3
    wrong = list(range(0, 20))
    widths = []
    for each in (1, 20):
        pair = (
            scores_of(truth, called(truth, []), each=each),
            scores_of(truth, called(truth, wrong), each=each),
        )
        result = compare(bundle_of("new"), bundle_of("old"), pair, count=300)
        low, high = row(result, "accuracy")["difference_ci"]
        widths.append(high - low)
        assert result["groups"] == 120 // each
    assert widths[1] > 2 * widths[0]


def test_ties_count_half_for_each() -> None:
    result = compared([1, 2], [1, 2])
    assert row(result, "accuracy")["better_share"] == 0.5
    assert result["mcnemar"]["p"] == 1.0
    assert "Both are right about the same films." in result["sentences"]


def test_mcnemar_is_the_exact_test_of_the_films_they_disagree_on() -> None:
    one = np.array([True] * 15 + [False] * 5 + [True] * 30 + [False] * 10)
    other = np.array([False] * 15 + [True] * 5 + [True] * 30 + [False] * 10)
    given = mcnemar(one, other)
    assert given["only_candidate_right"] == 15
    assert given["only_in_use_right"] == 5
    assert given["p"] == pytest.approx(binomtest(15, 20).pvalue, rel=1e-3)


def test_small_probability_is_never_said_to_be_none() -> None:
    result = compared([], list(range(60)))
    assert 0 < result["mcnemar"]["p"] < 1e-12
    assert any("probability of under 1 %" in s for s in result["sentences"])


def test_class_that_loses_too_much_rules_out_better() -> None:
    # Of 40 films a label: covid loses four, the others win thirty.
    covid = [0, 3, 6, 9]
    others = [i for i in range(120) if i % 3][:30]
    result = compared(covid, others)
    assert row(result, "macro_f1")["difference_ci"][0] > 0
    assert result["dropped"] == ["covid"]
    assert result["verdict"] != "better"
    (sentence,) = [s for s in result["sentences"] if "COVID-19" in s]
    assert "falls by 0.100" in sentence
    assert "more than the 0.05 allowed" in sentence
    assert compared(covid, others, allowed_drop=0.1)["verdict"] == "better"


def test_class_that_surely_loses_too_much_makes_it_worse() -> None:
    covid = list(range(0, 60, 3))
    others = [i for i in range(120) if i % 3][:60]
    result = compared(covid, others)
    assert row(result, "accuracy")["difference"] > 0
    assert result["verdict"] == "worse"
    assert "loses more of a class than is allowed" in result["sentences"][0]
    assert any("more than chance" in s for s in result["sentences"])


def test_drop_that_may_be_chance_is_said_to_be() -> None:
    result = compared([0], [], n=30)
    assert result["dropped"] == ["covid"]
    assert result["verdict"] == "no clear difference"
    assert any("may be chance" in s for s in result["sentences"])


def test_few_patients_are_warned_about() -> None:
    few, enough = compared([0], [], n=27), compared([0], [], n=30)
    assert any("only 27 films in 27 independent groups" in w for w in few["warnings"])
    assert not any("groups" in w for w in enough["warnings"])


@pytest.mark.parametrize("n", [1, 5])
def test_of_hardly_any_films_no_model_is_called_better_or_worse(n: int) -> None:
    every = list(range(n))
    for result in (compared([], every, n=n), compared(every, [], n=n)):
        assert result["verdict"] == "no clear difference"
        (said,) = result["sentences"]
        assert said.startswith(
            "1 film in 1 independent group " if n == 1 else "5 films"
        )
        assert said.endswith("cannot show which is better: as much may be chance.")
    assert compared([], list(range(6)), n=6)["verdict"] == "better"


def test_same_model_is_said_to_be() -> None:
    truth = np.arange(30) % 3
    scores = scores_of(truth, called(truth, [1]))
    same = bundle_of("same")
    result = compare(same, same, (scores, scores), count=20)
    assert result["verdict"] == "no clear difference"
    assert result["sentences"] == ["They are the same model."]


def relabelled(*labels: Label) -> ModelCard:
    card = make_card()
    points = tuple(
        msgspec.structs.replace(card.operating_points[0], label=each.name)
        for each in labels
    )
    probe = (1 / len(labels),) * len(labels)
    return msgspec.structs.replace(
        card, labels=labels, operating_points=points, probe=probe
    )


def test_labels_are_paired_by_either_name_and_without_case() -> None:
    card = relabelled(Label("NORMAL", "Normal"), Label("COVID-19", "COVID-19"))
    pairing = pair_labels(card, make_card())
    assert pairing.columns == (2, 0)
    assert pairing.missing == ()
    assert pairing.ignored == ("Pneumonia",)


def test_models_are_compared_on_the_labels_they_share() -> None:
    card = relabelled(Label("Normal", "Normal"), Label("covid19", "COVID-19"))
    truth = np.array([0, 1] * 20)
    two = np.full((40, 2), 0.2, np.float32)
    two[np.arange(40), truth] = 0.8
    # The model in use would say pneumonia of all, if it were asked.
    three = np.full((40, 3), 0.9, np.float32)
    three[:, [2, 0]] = two * 0.1
    first = scores_of(truth, two, card.label_names)
    second = dataclasses.replace(first, labels=LABELS, logits=np.log(three))
    result = compare(
        bundle_of("new", card), bundle_of("old"), (first, second), count=20
    )
    assert row(result, "accuracy")["in_use"] == 1.0
    assert any("also knows Pneumonia" in w for w in result["warnings"])


def test_models_whose_labels_differ_are_not_comparable() -> None:
    card = relabelled(Label("normal", "Normal"), Label("tb", "Tuberculosis"))
    pair = bundle_of("new", card), bundle_of("old")
    pairing = pair_labels(*(bundle.card for bundle in pair))
    result = not_comparable(*pair, pairing, 0.05)
    assert result["verdict"] == "not comparable"
    assert set(result) == KEYS
    assert "does not know Tuberculosis" in result["sentences"][0]
    assert comparison_text(result, card)


def test_label_without_films_has_no_difference_and_no_harm() -> None:
    truth = np.array([0, 2] * 20)
    pair = (
        scores_of(truth, called(truth, [])),
        scores_of(truth, called(truth, [1, 2, 3])),
    )
    result = compare(bundle_of("new"), bundle_of("old"), pair, count=50)
    assert row(result, "recall", "pneumonia")["difference"] is None
    assert row(result, "auc", "pneumonia")["difference_ci"] is None
    json.dumps(result, allow_nan=False)
    assert "Recall, Pneumonia" in comparison_text(result, make_card())


def test_scores_of_other_films_are_a_mistake() -> None:
    truth = np.arange(6) % 3
    one, other = (scores_of(truth[:n], called(truth[:n], [])) for n in (6, 5))
    with pytest.raises(ValueError, match="same films"):
        compare(bundle_of("new"), bundle_of("old"), (one, other))


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom_set(tmp_path_factory.mktemp("films"), per_label=4, size=64)


def with_films(bundle: ModelBundle, split: Split, path: Path) -> ModelBundle:
    """The bundle with the list of its films, as training writes it."""
    listed = path.with_suffix(".csv")
    write_film_list(listed, split)
    files = {name: bundle.path / name for name in (GRAPH, GRAPH_WEIGHTS)}
    card = msgspec.structs.replace(bundle.card, name=path.name)
    return write_bundle(path, card, {**files, FILMS: listed})


def test_films_a_model_has_seen_are_counted_by_their_content(
    tiny_bundle: ModelBundle, make_film: Any, tmp_path: Path
) -> None:
    paths = [make_film(f"{i}.png", 20 * i) for i in range(6)]
    films = [Sample(p.name, p, "covid") for p in paths]
    split = Split(tuple(films[:2]), tuple(films[2:3]), tuple(films[3:5]))
    bundle = with_films(tiny_bundle, split, tmp_path / "model")
    moved = tmp_path / "renamed.png"
    shutil.copy(paths[0], moved)
    hashes = [film_sha256(p) for p in (moved, *paths[2:])]
    assert films_seen(hashes, bundle) == 2  # of training, and of validation
    assert films_seen(hashes, tiny_bundle) is None
    text = (bundle.path / FILMS).read_text("utf-8")
    assert text.startswith("sha256,split\n")
    assert ".png" not in text
    assert len(read_film_list(bundle) or {}) == 5


def test_film_list_that_cannot_be_understood_is_refused(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    (tmp_path / "films.csv").write_text("a,b\n1,2\n")
    files = {name: tiny_bundle.path / name for name in (GRAPH, GRAPH_WEIGHTS)}
    files[FILMS] = tmp_path / "films.csv"
    bundle = write_bundle(tmp_path / "m", tiny_bundle.card, files)
    with pytest.raises(BundleError, match="list of films"):
        read_film_list(bundle)


def test_films_that_were_trained_on_are_said_and_rule_out_better(
    tiny_bundle: ModelBundle, make_film: Any, tmp_path: Path
) -> None:
    truth = np.arange(30) % 3
    paths = [make_film(f"{i}.png", 8 * i) for i in range(30)]
    samples = tuple(
        Sample(p.name, p, LABELS[t]) for p, t in zip(paths, truth, strict=True)
    )
    seen = with_films(
        tiny_bundle, Split(samples[:7], (), samples[7:]), tmp_path / "seen"
    )
    clean = with_films(tiny_bundle, Split((), (), samples), tmp_path / "clean")
    clean = dataclasses.replace(clean, sha256="other")
    good = Scores(samples, LABELS, truth, np.log(called(truth, [])), {})
    bad = dataclasses.replace(good, logits=np.log(called(truth, list(range(20)))))
    result = compare(seen, clean, (good, bad), count=100)
    assert result["seen"] == {"candidate": 7, "in_use": 0}
    assert result["verdict"] == "no clear difference"
    assert "trained or chosen on some of these films" in result["sentences"][0]
    (warning,) = result["warnings"]
    assert "candidate, seen, was trained or chosen on 7 of these 30 films" in warning
    other = compare(clean, seen, (good, bad), count=100)
    assert other["verdict"] == "better"
    assert any("model in use, seen, was trained" in w for w in other["warnings"])


def test_model_that_does_not_say_its_films_is_warned_about() -> None:
    warnings = compared([1], [2, 3])["warnings"]
    assert sum("cannot be known" in warning for warning in warnings) == 2


def core(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        input=stdin,
    )


@pytest.mark.slow
def test_command_prints_the_verdict_and_writes_the_json(
    tiny_bundle: ModelBundle, phantoms: Path, tmp_path: Path
) -> None:
    out = tmp_path / "c.json"
    words = ["compare", tiny_bundle.path, tiny_bundle.path, "--data", phantoms]
    words += ["--split", "all", "--json", out]
    done = core(*words)
    assert done.returncode == 0, done.stderr
    assert "Verdict:   no clear difference" in done.stdout
    assert "Warning: It cannot be known" in done.stdout
    result = json.loads(out.read_text("utf-8"))
    assert set(result) == KEYS | {"data", "split", "left_out"}
    assert core(*words).returncode == 2
    assert core(*words, "--overwrite").returncode == 0


@pytest.mark.slow
def test_command_compares_with_the_model_that_comes_along(
    tiny_bundle: ModelBundle, phantoms: Path
) -> None:
    done = core("compare", tiny_bundle.path, "--data", phantoms, "--split", "all")
    assert done.returncode == 0, done.stderr
    assert "Hilum chest X-ray model" in done.stdout


@pytest.mark.slow
def test_command_tells_its_events(
    start: Callable[..., Child],
    tiny_bundle: ModelBundle,
    phantoms: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "c.json"
    words = (tiny_bundle.path, tiny_bundle.path, "--data", phantoms, "--json", out)
    child = start(*words, "--split", "all", "--events", command="compare")
    status, errors = child.finish()
    assert status == 0, errors
    assert isinstance(child.events[0], StageStarted)
    assert child.events[-1] == JobSucceeded(str(out))
    assert json.loads(out.read_text("utf-8"))["n"] == 12


@pytest.mark.slow
def test_command_tells_of_a_failure_as_an_event(
    start: Callable[..., Child], tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    words = (tiny_bundle.path, "--data", tmp_path / "nothing", "--json", tmp_path / "c")
    child = start(*words, "--events", command="compare")
    status, _ = child.finish()
    last = child.events[-1]
    assert isinstance(last, JobFailed)
    assert "nothing" in last.message
    assert last.hint
    assert status == 2


def test_differences_of_several_trainings_are_those_of_their_means() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 60)
    one, other = (rng.dirichlet(np.ones(3), (2, 60)) for _ in range(2))
    resamples = Resamples.by_group(range(60), seed=0, count=50)

    def rows(*p: np.ndarray) -> list[dict[str, Any]]:
        return differences(truth, p, ("a", "b", "c"), resamples, lambda share: None)

    together = rows(one, other)
    apart = [rows(one[i], other[i]) for i in range(2)]
    for whole, first, second in zip(together, *apart, strict=True):
        mean = (first["difference"] + second["difference"]) / 2
        assert whole["difference"] == pytest.approx(mean, abs=2e-4)
    low, high = together[0]["difference_ci"]
    for each in apart:  # a mean varies less than what it is of
        assert high - low < np.ptp(each[0]["difference_ci"])
