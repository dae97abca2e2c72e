"""`core scan --ray`: a folder read by the machines of a cluster."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import importlib.util
import os
import re
import socket
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from core import __version__
from core.cluster import probe as ray_probe
from core.cluster.scanner import MAX_LOSSES, Shard, Shards
from core.cluster.worker import (
    Plan,
    ShardReader,
    facts_here,
    plans,
    refusal,
    ship,
)
from core.errors import BundleError, CoreError, DatasetError
from core.films.finder import find_films
from core.model.bundle import GRAPH_WEIGHTS, ModelBundle
from core.scan.results import ScanFile
from core.scan.scanner import Scanner
from tests.processes import end_all, running
from tests.ray_nodes import RayNodes
from tests.scan_folder import ROOT, files_of, png, write_films

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None or sys.platform == "win32",
    reason="the optional package ray is not installed, or has no cluster here",
)
FILMS, NO_FILM = 160, 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films that take some seconds together, one of them none."""
    made = tmp_path_factory.mktemp("films")
    (made / "0000.png").write_bytes(png(200, 2048))
    for number in range(1, FILMS):
        os.link(made / "0000.png", made / f"{number:04}.png")
    none = made / f"{NO_FILM:04}.png"
    none.unlink()
    none.write_bytes(b"no film")
    return made


@pytest.fixture(scope="module")
def plain(folder: Path, tiny_bundle: ModelBundle) -> list[dict[str, str]]:
    """What a scan by this machine alone says, by file: of one film, and of none."""
    scanner = Scanner(tiny_bundle, folder)
    out = folder.parent / "plain.csv"
    films = find_films(folder).films
    with ScanFile(out, tiny_bundle.card.label_names) as file:
        for row in scanner.scan([films[0], films[NO_FILM]]):
            file.append(row)
    film, none = sorted_rows(out)
    # All others are the same file by another name.
    rows = [{**film, "file": found.file} for found in films]
    rows[NO_FILM] = none
    return rows


@pytest.fixture(scope="module")
def nodes() -> Iterator[RayNodes]:
    """A cluster of one node, to which a test may add others."""
    with RayNodes() as started:
        yield started


def sorted_rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return sorted(csv.DictReader(file), key=lambda row: row["file"])


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts real scans; what a test leaves of them is ended, clusters included."""
    started: list[subprocess.Popen[str]] = []

    def begin(
        *words: str | Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "core", "scan", *map(str, words)],
            cwd=ROOT,
            env=dict(environment or {**os.environ, "PYTHONPATH": str(ROOT)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        started.append(child)
        return child

    yield begin
    for child in started:
        if child.poll() is None:
            end_all([psutil.Process(child.pid)])
        child.communicate()


def wait_for_rows(child: subprocess.Popen[str], out: Path, count: int) -> None:
    """Until so many films are in the file, of a scan that still runs."""
    while not out.exists() or out.read_bytes().count(b"\n") <= count:
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)  # the cores are the scan's


@needs_ray
@pytest.mark.slow
def test_a_node_that_is_lost_half_way_costs_no_film(
    start: Start,
    nodes: RayNodes,
    folder: Path,
    plain: list[dict[str, str]],
    tiny_bundle: ModelBundle,
    tmp_path: Path,
) -> None:
    out = tmp_path / "r.csv"
    nodes.start()
    words = [folder, "--out", out, "--model", tiny_bundle.path, "--ray", nodes.address]
    child = start(*words, environment=nodes.environment)
    assert child.stderr is not None
    told = []
    while sum("takes part" in line for line in told) < 2:
        told.append(child.stderr.readline())
        assert told[-1], told
    wait_for_rows(child, out, FILMS // 4)
    nodes.kill()
    done = out.read_bytes().count(b"\n")
    assert done < FILMS, "it was done before the node was lost"
    said, rest = child.communicate(timeout=60)
    assert child.returncode == 4, rest  # one file is no film
    assert sorted_rows(out) == plain
    assert said.startswith(f"Films: {FILMS}, with a verdict: {FILMS - 1}")
    assert "raylet" not in said + rest


@needs_ray
@pytest.mark.slow
def test_a_killed_scan_and_a_killed_worker_go_on_on_the_cluster_and_then_alone(
    start: Start,
    nodes: RayNodes,
    folder: Path,
    plain: list[dict[str, str]],
    tiny_bundle: ModelBundle,
    tmp_path: Path,
) -> None:
    out = tmp_path / "r.csv"
    words = [folder, "--out", out, "--model", tiny_bundle.path, "--resume"]
    on_cluster = [*words, "--ray", nodes.address]
    first = start(*on_cluster, environment=nodes.environment)
    wait_for_rows(first, out, 20)
    first.kill()
    first.communicate()
    second = start(*on_cluster, "--events", environment=nodes.environment)
    before = len(files_of(out))
    wait_for_rows(second, out, before + 10)
    (worker,) = running(nodes.processes(), "ray::ShardReader")
    worker.kill()
    # More than was on its way: another takes its place.
    wait_for_rows(second, out, len(files_of(out)) + 20)
    assert second.stdin is not None
    second.stdin.write("stop\n")
    second.stdin.flush()
    _, told = second.communicate(timeout=60)
    assert second.returncode == 3, told
    assert before < len(files_of(out)) < FILMS
    third = start(*words)
    third.communicate(timeout=60)
    assert third.returncode == 4
    assert sorted_rows(out) == plain


@needs_ray
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sockets of others are seen there")
def test_a_local_cluster_is_open_to_nobody_and_leaves_nothing(
    start: Start,
    folder: Path,
    plain: list[dict[str, str]],
    tiny_bundle: ModelBundle,
    tmp_path: Path,
) -> None:
    out = tmp_path / "r.csv"
    words = [folder, "--out", out, "--model", tiny_bundle.path, "--ray", "local"]
    child = start(*words)
    wait_for_rows(child, out, 20)
    family = psutil.Process(child.pid).children(recursive=True)
    sockets = []
    for process in [psutil.Process(child.pid), *family]:
        with contextlib.suppress(psutil.NoSuchProcess):  # some live for a moment
            sockets += process.net_connections("inet")
    _, told = child.communicate(timeout=60)
    assert child.returncode == 4, told
    assert sorted_rows(out) == plain
    assert {c.laddr.ip.removeprefix("::ffff:") for c in sockets} == {"127.0.0.1"}
    gone, alive = psutil.wait_procs(family, timeout=20)
    assert not alive
    assert len(gone) > 3, "no cluster was seen"


@pytest.mark.slow
@needs_ray
def test_nobody_at_the_address_is_one_sentence(
    start: Start, folder: Path, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    out = tmp_path / "r.csv"
    child = start(folder, "--out", out, "--model", tiny_bundle.path, "--ray", address)
    _, told = child.communicate(timeout=30)
    assert child.returncode == 2
    assert f"No cluster answers at {address}. Check the address" in told
    assert "Traceback" not in told
    assert not out.exists()


@needs_ray
@pytest.mark.slow
def test_somebody_else_at_the_address_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray_probe, "_ANSWER_S", 2.0)
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(CoreError, match="No cluster answers at"):
            ray_probe.check_connection(address, lambda: asked.append(1))
    assert asked, "a wish to stop would not have been heard"


@needs_ray
@pytest.mark.parametrize("address", ["nonsense", "ray://a:1", "a:b", "a:99999", ":1"])
def test_what_is_no_address_is_said_to_be_none(address: str) -> None:
    with pytest.raises(CoreError, match=r"is not the address|No cluster answers"):
        ray_probe.check_connection(address, lambda: None)


@pytest.mark.slow
def test_without_ray_it_is_said_how_to_get_it(
    folder: Path, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    words = ["scan", folder, "--out", tmp_path / "r.csv", "--model", tiny_bundle.path]
    code = (
        "import sys; sys.modules['ray'] = None\n"
        "from core.__main__ import main\n"
        f"sys.exit(main({[*map(str, words), '--ray', 'local']!r}))"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert child.returncode == 2
    assert "takes the package ray, which is not installed. Install it" in child.stderr
    assert not (tmp_path / "r.csv").exists()


@pytest.mark.slow
def test_a_scan_without_a_cluster_does_not_load_ray() -> None:
    code = "import sys, core.commands.scan; sys.exit('ray' in sys.modules)"
    assert not subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode


@pytest.mark.slow
def test_a_cluster_watches_no_folder(
    start: Start, folder: Path, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    child = start(folder, "--out", tmp_path / "r.csv", "--ray", "local", "--watch")
    _, told = child.communicate(timeout=30)
    assert child.returncode == 2
    assert "A cluster reads what is there, and watches no folder." in told


def test_shards_are_read_one_after_the_other_as_one_scan(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    write_films(tmp_path / "in", *(f"{n:03}.png" for n in range(60)))
    films = find_films(tmp_path / "in").films
    reader = ShardReader(ship(tiny_bundle), tmp_path / "in", threads=1)
    cuts = [films[at : at + 7] for at in range(0, 60, 7)]
    shards = list(map(reader.read, cuts))
    assert [[row.file for row in rows] for rows in shards] == [
        [film.file for film in cut] for cut in cuts
    ]
    alone = list(Scanner(tiny_bundle, tmp_path / "in").scan(films))
    assert [row for rows in shards for row in rows] == alone


def test_a_folder_that_goes_fails_the_shard_and_makes_no_rows(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    write_films(tmp_path / "in", "a.png", "b.png")
    films = find_films(tmp_path / "in").films
    reader = ShardReader(ship(tiny_bundle), tmp_path / "in", threads=1)
    reader.open()
    (tmp_path / "in").rename(tmp_path / "gone")
    with pytest.raises(DatasetError, match="is no longer there"):
        reader.read(films)
    (tmp_path / "gone").rename(tmp_path / "in")
    assert len(reader.read(films)) == 2


def test_a_model_that_does_not_arrive_whole_is_refused(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    model = ship(tiny_bundle)
    weights = bytearray(model.files[GRAPH_WEIGHTS])
    weights[0] ^= 1
    files = {**model.files, GRAPH_WEIGHTS: bytes(weights)}
    for broken in (
        dataclasses.replace(model, files=files),
        dataclasses.replace(model, sha256="0" * 64),
    ):
        with pytest.raises(BundleError, match="did not arrive whole"):
            ShardReader(broken, tmp_path).open()


def test_a_node_that_differs_is_refused_in_a_sentence(tmp_path: Path) -> None:
    write_films(tmp_path / "in", "a.png")
    films = find_films(tmp_path / "in").films
    here = facts_here(tmp_path / "in", films)
    assert here.version == __version__
    assert "CPU" in here.devices
    assert not refusal(here, here, tmp_path)
    for there, said in (
        (dataclasses.replace(here, version="9"), f"has Hilum 9, not {__version__}"),
        (dataclasses.replace(here, openvino="9"), "has OpenVINO 9, not 20"),
        (facts_here(tmp_path / "no", films), f"has no folder {tmp_path / 'in'}"),
        # A folder on which nothing is mounted is there, and empty.
        (facts_here(tmp_path, films), "has another folder .*: it lacks a.png"),
    ):
        assert re.match(said, refusal(there, here, tmp_path / "in"))


def test_a_nodes_cores_are_used_once() -> None:
    for cores in range(1, 200):
        shares = plans(cores, (), 0)
        assert sum(plan.cores for plan in shares) == cores
        assert max(plan.cores for plan in shares) <= 8
        assert {plan.device for plan in shares} == {"CPU"}
    assert plans(4, ("GPU",), 0) == [Plan(4, "GPU", 0)]
    assert plans(4, ("GPU.0", "GPU.1"), 1) == [Plan(2, "GPU.0", 1), Plan(2, "GPU.1", 0)]
    assert [p.device for p in plans(20, ("GPU",), 1)] == ["GPU", "CPU", "CPU"]


def test_a_film_that_ends_its_readers_is_found_and_no_other_is_given_up() -> None:
    shards = Shards(1000)
    poison, given_up, ended = 613, [], 0
    while shards.left:
        shard = shards.take(64)
        assert shard is not None
        if shard.start <= poison < shard.stop:
            ended += 1
            place = shards.give_back(shard)
            if place is not None:
                given_up.append(place)
                assert shards.finish(place)
        else:
            assert all(shards.finish(n) for n in range(shard.start, shard.stop))
    assert given_up == [poison]
    assert ended <= 7 + MAX_LOSSES


def test_a_film_counts_once_however_often_it_is_read() -> None:
    shards = Shards(3)
    assert shards.take(2) == Shard(0, 2)
    assert [shards.finish(n) for n in (0, 1, 1, 0)] == [True, True, False, False]
    assert shards.left == 1


@pytest.mark.slow
def test_a_list_of_ten_million_films_takes_ten_megabytes() -> None:
    tracemalloc.start()
    shards = Shards(10_000_000)
    assert tracemalloc.get_traced_memory()[1] < 11e6
    tracemalloc.stop()
    assert shards.left == 10_000_000
