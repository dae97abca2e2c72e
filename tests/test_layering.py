"""The dependency rules of the project, enforced."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Low to high: a module imports only modules listed before it.
ORDER = """
core.errors core.paths
core.pixels core.tags core.grey_scale core.pictures core.dicom core.images
core.preprocess core.metrics core.events core.job core.presets core.augment core.bundle core.dataset
core.split core.graph
core.predict core.explain core.evaluate core.report
core.training.network core.training.pipeline core.training.export
core.training.state core.training.fit core.training.install core.training.train
core.training.command core.commands core.__main__
desktop.camera desktop.film_hud desktop.film_image desktop.icons desktop.intake
desktop.labels desktop.probability_bars desktop.settings desktop.theme
desktop.app_icon desktop.diagnose_actions desktop.diagnosis desktop.empty_state
desktop.film_picture desktop.film_view desktop.key_help desktop.legend
desktop.notify desktop.application desktop.dialogs desktop.facts_panel
desktop.film_dialogs desktop.film_list desktop.heat_controls desktop.workers
desktop.film_saver desktop.film_session desktop.film_strip desktop.verdict_panel
desktop.diagnose_layout desktop.diagnose_tab desktop.main_window desktop.__main__
""".split()

#: package -> the only place that may import it
CONFINED = {
    "PyQt5": "desktop",
    "keras": "core.training",
    "tensorflow": "core.training",
    "h5py": "core.training",
    "tf2onnx": "core.training",
    "onnxruntime": "core.training",
    "openvino": "core.graph",
    "pydicom": "core.dicom",
    "sklearn": "core",
}

#: word -> why it may not stand in the window's code
FORBIDDEN_IN_DESKTOP = {
    "processEvents": "it re-enters the event loop",
    ".terminate(": "it kills a thread that holds locks",
    ".disconnect(": "feedback is blocked with QSignalBlocker",
    "time.sleep": "the window never waits",
}


def imports(module: str) -> set[str]:
    """Names that a module imports anywhere, in functions too."""
    path = ROOT / (module.replace(".", "/") + ".py")
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "absolute imports only"
            found |= {node.module or ""}
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_order_lists_every_module() -> None:
    on_disk = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for top in ("core", "desktop")
        for path in (ROOT / top).rglob("*.py")
        if path.name != "__init__.py"
    }
    assert on_disk == set(ORDER)


@pytest.mark.parametrize("module", ORDER)
def test_module_imports_only_lower_modules(module: str) -> None:
    higher = set(ORDER[ORDER.index(module) :])
    assert not imports(module) & higher


@pytest.mark.parametrize("module", ORDER)
def test_packages_stay_where_they_belong(module: str) -> None:
    for name in imports(module):
        home = CONFINED.get(name.split(".")[0])
        inside = home is None or module == home or module.startswith(f"{home}.")
        assert inside, f"{module} imports {name}"


@pytest.mark.parametrize("word", FORBIDDEN_IN_DESKTOP)
def test_desktop_does_not_use(word: str) -> None:
    users = [
        path.name
        for path in (ROOT / "desktop").glob("*.py")
        if word in path.read_text("utf-8")
    ]
    assert not users, FORBIDDEN_IN_DESKTOP[word]


def test_only_the_worker_asks_the_model() -> None:
    askers = [
        path.name
        for path in (ROOT / "desktop").glob("*.py")
        if "Classifier" in path.read_text("utf-8")
    ]
    assert askers == ["workers.py"]


@pytest.mark.parametrize(
    "module", ["desktop.main_window", "core.__main__", "core.predict", "core.evaluate"]
)
def test_loads_no_training_framework(module: str) -> None:
    code = (
        f"import sys, {module}; "
        "print(sorted({'keras', 'tensorflow', 'torch', 'onnx'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert result.stdout.strip() == "[]", result.stderr


def test_window_loads_no_statistics_library() -> None:
    code = (
        "import sys, desktop.main_window; "
        "print(sorted({'scipy', 'sklearn', 'pydicom', 'pandas'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert result.stdout.strip() == "[]", result.stderr
