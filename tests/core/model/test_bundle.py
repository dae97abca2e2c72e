"""The model bundle: it comes back as written, or is refused with a reason."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.errors import BundleError, OutputError
from core.model.bundle import (
    CARD,
    EVALUATION,
    GRAPH,
    GRAPH_WEIGHTS,
    ModelBundle,
    ModelCard,
    card_from_json,
    card_to_json,
    read_bundle,
    write_bundle,
)
from tests.small_disk import as_nobody, largest_file, open_folder, tiny_disk
from tests.tiny_bundle import make_card, write_tiny_bundle


@pytest.fixture
def bundle(tiny_bundle: ModelBundle, tmp_path: Path) -> ModelBundle:
    """A bundle of this test's own, to damage."""
    path = tmp_path / "model"
    shutil.copytree(tiny_bundle.path, path)
    return read_bundle(path)


def change_card(bundle: ModelBundle, change: Callable[[dict[str, Any]], None]) -> None:
    card = bundle.path / CARD
    fields = json.loads(card.read_text("utf-8"))
    change(fields)
    card.write_text(json.dumps(fields), "utf-8")


def files_of(bundle: ModelBundle) -> dict[str, Path]:
    return {name: bundle.path / name for name in (GRAPH, GRAPH_WEIGHTS)}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_bundle_comes_back_as_it_was_written(tmp_path: Path) -> None:
    written = write_tiny_bundle(tmp_path / "Modell Größe", threshold=0.7)
    read = read_bundle(written.path)
    assert read == written
    assert msgspec.structs.replace(read.card, files={}) == make_card(threshold=0.7)


def test_card_comes_back_from_its_json() -> None:
    card = make_card()
    assert card_from_json(json.loads(json.dumps(card_to_json(card)))) == card


def test_name_of_a_model_is_the_hash_over_its_graph_and_weights(
    bundle: ModelBundle, tmp_path: Path
) -> None:
    hashes = [
        hashlib.sha256((bundle.path / name).read_bytes()).hexdigest()
        for name in (GRAPH, GRAPH_WEIGHTS)
    ]
    assert bundle.sha256 == hashlib.sha256("".join(hashes).encode()).hexdigest()


def test_name_of_a_model_does_not_depend_on_its_card(
    bundle: ModelBundle, tmp_path: Path
) -> None:
    card = msgspec.structs.replace(bundle.card, name="Renamed", temperature=2.0)
    assert write_bundle(tmp_path / "b", card, files_of(bundle)).sha256 == bundle.sha256


@pytest.mark.parametrize("changed", [GRAPH, GRAPH_WEIGHTS])
def test_name_of_a_model_changes_with_its_graph_and_with_its_weights(
    bundle: ModelBundle, tmp_path: Path, changed: str
) -> None:
    other = tmp_path / changed
    other.write_bytes((bundle.path / changed).read_bytes() + b" ")
    files = {**files_of(bundle), changed: other}
    assert write_bundle(tmp_path / "b", bundle.card, files).sha256 != bundle.sha256


def test_further_files_are_kept_and_verified(
    bundle: ModelBundle, tmp_path: Path
) -> None:
    rows = tmp_path / "evaluation.csv"
    rows.write_text("file,label\n")
    files = {**files_of(bundle), rows.name: rows}
    made = write_bundle(tmp_path / "b", bundle.card, files)
    assert (made.path / rows.name).read_text() == "file,label\n"
    (made.path / rows.name).write_text("file,label\na,b\n")
    with pytest.raises(BundleError, match=r"evaluation\.csv is not the file"):
        read_bundle(made.path)


@pytest.mark.parametrize("name", [GRAPH, GRAPH_WEIGHTS])
def test_file_that_was_changed_is_refused(bundle: ModelBundle, name: str) -> None:
    file = bundle.path / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(BundleError, match=f"damaged: {name} is not the file") as caught:
        read_bundle(bundle.path)
    assert "Copy the model again" in caught.value.hint


@pytest.mark.parametrize("name", [GRAPH, GRAPH_WEIGHTS])
def test_file_that_was_cut_short_is_refused(bundle: ModelBundle, name: str) -> None:
    file = bundle.path / name
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BundleError, match=name):
        read_bundle(bundle.path)


@pytest.mark.parametrize("name", [GRAPH, GRAPH_WEIGHTS])
def test_file_that_is_missing_is_named(bundle: ModelBundle, name: str) -> None:
    (bundle.path / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        read_bundle(bundle.path)


def test_folder_in_the_place_of_a_file_is_refused(bundle: ModelBundle) -> None:
    (bundle.path / GRAPH).unlink()
    (bundle.path / GRAPH).mkdir()
    with pytest.raises(BundleError, match="cannot be read"):
        read_bundle(bundle.path)


@pytest.mark.parametrize("name", [GRAPH, GRAPH_WEIGHTS])
def test_card_that_does_not_list_a_file_it_needs_is_refused(
    bundle: ModelBundle, name: str
) -> None:
    change_card(bundle, lambda fields: fields["files"].pop(name))
    with pytest.raises(BundleError, match=f"does not list {name}"):
        read_bundle(bundle.path)


@pytest.mark.parametrize("version", [2, 99])
def test_a_newer_format_version_is_refused_politely(
    bundle: ModelBundle, version: int
) -> None:
    change_card(bundle, lambda fields: fields.update(format_version=version))
    sentence = rf"made by a newer Hilum \(format {version}\); this one.* format 1\."
    with pytest.raises(BundleError, match=sentence) as caught:
        read_bundle(bundle.path)
    assert "Get the newer Hilum" in caught.value.hint


@pytest.mark.parametrize("version", [0, -1, None, "one", [1]])
def test_a_format_version_that_is_none_is_damage(
    bundle: ModelBundle, version: Any
) -> None:
    change_card(bundle, lambda fields: fields.update(format_version=version))
    with pytest.raises(BundleError, match="damaged: .* states format version"):
        read_bundle(bundle.path)


def test_newer_card_is_refused_for_its_version_not_for_its_fields(
    bundle: ModelBundle,
) -> None:
    (bundle.path / CARD).write_text('{"format_version": 2, "outputs": {}}')
    with pytest.raises(BundleError, match="newer Hilum .format 2."):
        read_bundle(bundle.path)


@pytest.mark.parametrize(
    "text", ["", "{", "not json", "[]", "null", "{}", '{"name": "x"}', b"\xff\xfe{"]
)
def test_card_that_is_no_card_is_refused(
    bundle: ModelBundle, text: str | bytes
) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    (bundle.path / CARD).write_bytes(data)
    with pytest.raises(BundleError, match=r"card\.json"):
        read_bundle(bundle.path)


#: Fields that cards of before lack; without them they are read.
NEWER = {"conformal", "sensitivity_points"}


@pytest.mark.parametrize("field", sorted(NEWER))
def test_card_of_before_is_read(bundle: ModelBundle, field: str) -> None:
    change_card(bundle, lambda fields: fields.pop(field))
    assert read_bundle(bundle.path).card == bundle.card


@pytest.mark.parametrize("field", sorted({*card_to_json(make_card())} - NEWER))
def test_card_that_lacks_a_field_is_refused(bundle: ModelBundle, field: str) -> None:
    change_card(bundle, lambda fields: fields.pop(field))
    with pytest.raises(BundleError, match=f"'{field}'|no format version"):
        read_bundle(bundle.path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["labels"], "covid"),
        (["labels", 0], {"name": "covid"}),
        (["preprocess", "size"], "32"),
        (["preprocess", "geometry"], "crop"),
        (["temperature"], "warm"),
        (["temperature"], 0),
        (["temperature"], -1),
        (["temperature"], float("nan")),
        (["temperature"], float("inf")),
        (["operating_points", 1, "threshold"], None),
        (["operating_points", 1, "threshold"], 1.01),
        (["operating_points", 1, "threshold"], float("nan")),
        (["operating_points", 1, "precision"], "high"),
        (["probe"], [0.5, 0.5]),
        (["probe", 0], "x"),
        (["metrics"], 3),
        (["files"], ["model.xml"]),
    ],
)
def test_card_with_an_impossible_value_is_refused(
    bundle: ModelBundle, path: list[Any], value: Any
) -> None:
    def change(fields: dict[str, Any]) -> None:
        place: Any = fields
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    change_card(bundle, change)
    with pytest.raises(BundleError, match="card") as caught:
        read_bundle(bundle.path)
    assert caught.value.hint


def _reverse(fields: dict[str, Any]) -> None:
    fields["operating_points"].reverse()


def _drop_label(fields: dict[str, Any]) -> None:
    del fields["labels"][0]


def _name_twice(fields: dict[str, Any]) -> None:
    fields["labels"][0] = fields["labels"][1]
    fields["operating_points"][0] = fields["operating_points"][1]


def _keep_one(fields: dict[str, Any]) -> None:
    for name in ("labels", "operating_points", "probe"):
        del fields[name][1:]


@pytest.mark.parametrize("change", [_reverse, _drop_label, _name_twice, _keep_one])
def test_labels_and_operating_points_that_differ_are_refused(
    bundle: ModelBundle, change: Callable[[dict[str, Any]], None]
) -> None:
    change_card(bundle, change)
    with pytest.raises(BundleError, match="labels and operating points differ"):
        read_bundle(bundle.path)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "sub/file", "..", "."])
def test_file_outside_the_bundle_is_never_taken(bundle: ModelBundle, name: str) -> None:
    outside = bundle.path.parent / "outside"
    outside.write_bytes(b"x")
    digest = hashlib.sha256(b"x").hexdigest()
    change_card(bundle, lambda fields: fields["files"].update({name: digest}))
    with pytest.raises(BundleError, match="damaged"):
        read_bundle(bundle.path)


def test_file_name_that_cannot_be_is_refused(bundle: ModelBundle) -> None:
    change_card(bundle, lambda fields: fields["files"].update({"a\0b": "0"}))
    with pytest.raises(BundleError, match="no file name"):
        read_bundle(bundle.path)


def test_fields_and_files_that_are_not_known_do_no_harm(bundle: ModelBundle) -> None:
    change_card(bundle, lambda fields: fields.update(colour="blue"))
    (bundle.path / "notes.txt").write_text("mine")
    assert read_bundle(bundle.path) == bundle


def test_place_that_is_no_bundle_is_refused(film: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (film, tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(BundleError, match=f"{path.name} is not a model bundle"):
            read_bundle(path)


def test_bundle_that_cannot_be_read_back_leaves_the_old_one(
    bundle: ModelBundle,
) -> None:
    before = content(bundle.path)
    with pytest.raises(BundleError, match=GRAPH_WEIGHTS):
        write_bundle(bundle.path, bundle.card, {GRAPH: bundle.path / GRAPH})
    assert content(bundle.path) == before


def test_bundle_replaces_the_old_one_whole(bundle: ModelBundle) -> None:
    files = {**files_of(bundle), EVALUATION: bundle.path / CARD}
    write_bundle(bundle.path, bundle.card, files)
    assert EVALUATION in content(bundle.path)
    card = msgspec.structs.replace(bundle.card, name="New")
    write_bundle(bundle.path, card, files_of(bundle))
    assert read_bundle(bundle.path).card.name == "New"
    assert set(content(bundle.path)) == {CARD, GRAPH, GRAPH_WEIGHTS}


def _too_large(card: ModelCard) -> ModelCard:
    return msgspec.structs.replace(card, limits="x" * 300_000)


def test_old_bundle_is_kept_when_the_disk_is_full(
    bundle: ModelBundle, tmp_path: Path
) -> None:
    with tiny_disk(tmp_path / "disk", size_kib=128) as disk:
        old = write_bundle(disk / "model", bundle.card, files_of(bundle))
        with pytest.raises(OutputError, match="no space left"):
            write_bundle(disk / "model", _too_large(bundle.card), files_of(bundle))
        assert read_bundle(disk / "model") == old
        assert [path.name for path in disk.iterdir()] == ["model"]


def test_old_bundle_is_kept_when_a_file_grows_too_large(bundle: ModelBundle) -> None:
    with largest_file(200_000), pytest.raises(OutputError):
        write_bundle(bundle.path, _too_large(bundle.card), files_of(bundle))
    assert read_bundle(bundle.path) == bundle
    assert [path.name for path in bundle.path.parent.iterdir()] == ["model"]


def test_old_bundle_is_kept_in_a_folder_that_is_read_only(
    bundle: ModelBundle,
) -> None:
    with open_folder() as folder:
        old = write_bundle(folder / "model", bundle.card, files_of(bundle))
        sources = {name: old.path / name for name in files_of(bundle)}
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(OutputError, match="may not be written"):
            write_bundle(old.path, bundle.card, sources)
        folder.chmod(0o777)
        assert read_bundle(old.path) == old
        assert [path.name for path in folder.iterdir()] == ["model"]


def test_label_that_the_card_does_not_have_is_a_mistake() -> None:
    card = make_card()
    assert card.display_name("covid") == "COVID-19"
    with pytest.raises(KeyError, match="flu"):
        card.display_name("flu")
    with pytest.raises(KeyError, match="flu"):
        card.threshold("flu")
