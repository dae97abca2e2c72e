"""Who reads what while nodes of a cluster come, go and differ."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cluster import scanner as ray_scan
from core.cluster import workers as ray_workers
from core.cluster.cluster import Node
from core.cluster.scanner import RayScanner
from core.errors import CoreError, DatasetError
from core.films.finder import find_films
from core.jobs.events import Noted, TrainingEvent
from core.model.bundle import ModelBundle
from core.scan.row import ScanRow
from core.scan.scanner import Scanner
from tests.scan_folder import write_films
from tests.thread_cluster import ThreadCluster

ONE, TWO = Node("1", "ward-1", 1, 0), Node("2", "ward-2", 1, 0)


class Scan:
    """A scan by a cluster of threads, and what it said."""

    def __init__(self, folder: Path, bundle: ModelBundle) -> None:
        self.folder = write_films(folder, *(f"{n:03}.png" for n in range(200)))
        self.cluster = ThreadCluster(ONE, TWO)
        self.notes: list[str] = []
        self.bundle = bundle

    def run(self) -> list[ScanRow]:
        scanner = RayScanner(
            self.bundle, self.folder, "threads", precision="float32", report=self._hear
        )
        return list(scanner.scan(find_films(self.folder).films))

    def plain(self) -> list[ScanRow]:
        found = find_films(self.folder).films
        return list(Scanner(self.bundle, self.folder).scan(found))

    def _hear(self, event: TrainingEvent) -> None:
        assert isinstance(event, Noted)
        self.notes.append(event.message)


@pytest.fixture
def scan(
    tmp_path: Path, tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scan]:
    made = Scan(tmp_path / "in", tiny_bundle)

    @contextlib.contextmanager
    def connected(address: str) -> Iterator[ThreadCluster]:
        yield made.cluster

    monkeypatch.setattr(ray_scan, "connected", connected)
    monkeypatch.setattr(ray_scan, "check_connection", lambda address, check: None)
    monkeypatch.setattr(ray_scan, "_LARGEST", 24)
    monkeypatch.setattr(ray_workers, "_LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(ray_workers, "_TIMEOUT_S", 0.5)
    yield made
    made.cluster.close()


def by_file(rows: list[ScanRow]) -> list[ScanRow]:
    return sorted(rows, key=lambda row: row.file)


@pytest.mark.slow
def test_all_nodes_read_and_every_film_has_one_row(scan: Scan) -> None:
    assert by_file(scan.run()) == scan.plain()
    assert set(scan.notes) == {
        "ward-1 takes part: 1 core.",
        "ward-2 takes part: 1 core.",
    }


@pytest.mark.slow
def test_a_node_that_goes_is_told_and_its_films_are_read(scan: Scan) -> None:
    def lose(number: int) -> None:
        if number == 2:
            scan.cluster.alive.remove(TWO)

    scan.cluster.on_shard = lose
    assert by_file(scan.run()) == scan.plain()
    assert "ward-2 was lost; others read its films." in scan.notes


@pytest.mark.slow
def test_a_node_that_comes_takes_part(scan: Scan) -> None:
    scan.cluster.alive.remove(TWO)

    def join(number: int) -> None:
        if number == 2:
            scan.cluster.alive.append(TWO)

    scan.cluster.on_shard = join
    assert by_file(scan.run()) == scan.plain()
    assert "ward-2 takes part: 1 core." in scan.notes


@pytest.mark.slow
def test_a_film_that_ends_its_reader_is_a_row_and_costs_no_other(scan: Scan) -> None:
    scan.cluster.poison = {"123.png"}
    rows = by_file(scan.run())
    expected = scan.plain()
    assert rows[:123] + rows[124:] == expected[:123] + expected[124:]
    assert rows[123].file == "123.png"
    assert rows[123].error.startswith("Whatever read this film ended at once, 3 times.")


@pytest.mark.parametrize(
    "facts", [{"has_folder": False}, {"missing": "000.png"}], ids=["none", "empty"]
)
def test_a_node_without_the_films_fails_the_scan_in_a_sentence(
    scan: Scan, facts: dict[str, object]
) -> None:
    scan.cluster.facts["2"] = facts
    with pytest.raises(DatasetError, match="ward-2 has .* folder") as caught:
        scan.run()
    assert "the folder of the films at the same path" in caught.value.hint


@pytest.mark.slow
def test_a_node_without_the_films_that_comes_later_is_left_out(scan: Scan) -> None:
    scan.cluster.alive.remove(TWO)
    scan.cluster.facts["2"] = {"has_folder": False}

    def join(number: int) -> None:
        if number == 2:
            scan.cluster.alive.append(TWO)

    scan.cluster.on_shard = join
    assert by_file(scan.run()) == scan.plain()
    assert f"ward-2 has no folder {scan.folder}." in scan.notes


@pytest.mark.slow
def test_a_node_with_another_version_is_left_out(scan: Scan) -> None:
    scan.cluster.facts["2"] = {"openvino": "1999.1"}
    assert by_file(scan.run()) == scan.plain()
    assert any(note.startswith("ward-2 has OpenVINO 1999.1") for note in scan.notes)
    assert scan.cluster.started == 1


def test_where_no_node_can_serve_the_last_reason_is_said(scan: Scan) -> None:
    for node in (ONE, TWO):
        scan.cluster.facts[node.id] = {"version": "0.0.9"}
    with pytest.raises(CoreError, match="has Hilum 0.0.9, not"):
        scan.run()


@pytest.mark.slow
def test_where_all_nodes_are_lost_it_waits_and_then_says_so(scan: Scan) -> None:
    def lose(number: int) -> None:
        if number == 2:
            scan.cluster.alive.clear()

    scan.cluster.on_shard = lose
    with pytest.raises(CoreError, match="No node of the cluster is there to read"):
        scan.run()
    assert "No node is there to read; waiting for one." in scan.notes


def test_where_the_folder_is_gone_everywhere_the_scan_says_so(scan: Scan) -> None:
    def unmount(number: int) -> None:
        if number == 2:
            scan.folder.rename(scan.folder.with_name("gone"))

    scan.cluster.on_shard = unmount
    with pytest.raises(DatasetError, match="is no longer there; what was done is kept"):
        scan.run()


def test_a_wish_to_stop_is_heard_while_nobody_answers(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stop(Exception):
        """The wish."""

    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) > 3:
            raise Stop

    scan.cluster.alive.clear()
    scanner = RayScanner(
        scan.bundle, scan.folder, "threads", precision="float32", report=lambda _: None
    )
    with pytest.raises(Stop):
        list(scanner.scan(find_films(scan.folder).films, check))
