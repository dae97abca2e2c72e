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
core.errors core.regular_file core.json_file core.outputs core.paths core.films.pixels core.films.dicom_tags
core.films.dicom_grey core.films.fast_png core.films.pictures core.films.dicom core.films.radiograph core.films.preprocess
core.evaluation.metrics core.jobs.events core.jobs.control core.runs.setting core.runs.settings core.runs.config
core.terminal core.jobs.reporters core.runs.presets core.runs.augment core.model.bundle core.films.left_out
core.films.finder core.data.dataset core.data.film_weights core.model.graph_xml core.model.graph core.model.precision
core.model.classifier core.model.gradcam core.json_shape core.reports.report_shape core.words core.reports.findings
core.reports.text core.model.archive core.commands.bundle core.evaluation.compare_text core.evaluation.curves
core.evaluation.differences core.jobs.failures core.data.fingerprints core.data.poses core.data.views core.data.alignment
core.data.film_features core.data.nearest core.data.near_duplicates core.data.grouping core.data.split core.model.seen_films
core.evaluation.evaluate core.evaluation.operating_points core.evaluation.compare core.commands.compare core.model.in_use
core.data.patients core.reports.report_json core.runs.record core.runs.times core.audit.shortcuts
core.audit.sentences core.reports.sentences core.audit.survey core.audit.counts core.audit.leaks core.audit.audit
core.commands.audit core.reports.svg core.reports.plot core.reports.bar_charts core.reports.charts core.films.thumbnail
core.reports.html_tables core.reports.html core.commands.kept_report core.commands.predict core.films.read_ahead
core.scan.labels core.scan.row core.scan.triage core.jobs.lock core.scan.results core.scan.crash_probe
core.scan.scanner core.scan.parity core.scan.summary core.scan.export core.scan.html core.scan.watch
core.cluster.worker core.cluster.cluster core.cluster.shards core.cluster.workers core.cluster.probe
core.cluster.scanner core.scan.figures core.scan.in_flight core.scan.resume core.jobs.folders
core.scan.record core.scan.store core.commands.scan core.runs.job_folder core.runs.run
core.runs.progress core.runs.store core.model.int8 core.commands.calibrate core.program.redact
core.program.crash_reports core.program.edition core.filing.names core.filing.new_file core.filing.log core.filing.filer
core.program.licences core.model.installed core.scan.progress core.scan.tail core.program.writable
core.scan.worklist core.commands.worklist core.training.convert core.training.backbones
core.runs.starting_weights core.training.heads core.training.weights core.training.network
core.training.export core.training.pipeline core.training.compiling core.training.device
core.training.epochs core.training.seeds core.training.head_fit core.training.fit
core.training.check core.training.install core.training.features core.training.memory
core.jobs.progress core.training.train core.training.preflight
core.commands.job_arguments core.training.checks core.commands.train core.commands.argument_types
core.commands.internal core.commands.lists core.commands.parser core.__main__
desktop.widgets.focus_order desktop.retrain.settings.field desktop.film.viewport desktop.style.overlay_text
desktop.style.item_paint desktop.film.pyramid desktop.style.drawn_icon desktop.widgets.plain_table
desktop.widgets.page_scroll desktop.style.icons desktop.film.incoming desktop.widgets.labels desktop.models.choice
desktop.diagnose.probability_bars desktop.widgets.notify desktop.settings desktop.style.theme desktop.style.app_icon
desktop.diagnose.actions desktop.diagnose.reading desktop.diagnose.empty_state desktop.diagnose.picture
desktop.film.view desktop.diagnose.key_help desktop.film.legend desktop.app.application
desktop.widgets.dialog_size desktop.models.card_dialog desktop.app.disclaimer desktop.app.status_line
desktop.diagnose.facts_panel desktop.diagnose.file_dialogs desktop.diagnose.films desktop.diagnose.heat_controls
desktop.diagnose.worker desktop.diagnose.saver desktop.diagnose.session desktop.diagnose.strip
desktop.diagnose.verdict_panel desktop.diagnose.layout desktop.diagnose.tab desktop.work.background
desktop.widgets.chart_view desktop.retrain.data.check_folder desktop.retrain.data.check_progress desktop.widgets.confirm
desktop.work.core_process desktop.work.child_job desktop.retrain.data.chooser desktop.widgets.disclosure
desktop.widgets.command_card desktop.widgets.figures_table desktop.retrain.settings.sampler
desktop.retrain.settings.augmentation_preview desktop.retrain.runs.learning_charts desktop.models.file_dialogs
desktop.retrain.preflight desktop.retrain.intro desktop.widgets.row_table desktop.retrain.data.audit_result
desktop.retrain.data.audit_file desktop.retrain.runs.follower desktop.widgets.log_view desktop.retrain.runs.rows
desktop.retrain.report.data desktop.retrain.report.mistakes desktop.widgets.result_charts desktop.retrain.report.files
desktop.retrain.settings.fields desktop.retrain.runs.request desktop.retrain.report.body desktop.retrain.runs.disk
desktop.retrain.settings.editors desktop.retrain.settings.preset_chooser desktop.style.severity desktop.widgets.message_card
desktop.retrain.report.comparison_view desktop.retrain.report.allowed_drop desktop.retrain.report.comparison_file
desktop.retrain.report.comparison_progress desktop.retrain.report.candidate_panel desktop.models.export_dialog
desktop.widgets.failure_panel desktop.retrain.data.leak_card desktop.retrain.data.audit_view desktop.models.list_dialog
desktop.models.menu desktop.widgets.note_row desktop.retrain.runs.patience_gauge desktop.retrain.preflight_panel
desktop.retrain.report.page desktop.retrain.runs.model desktop.retrain.report.compare_page desktop.retrain.runs.delegate
desktop.retrain.runs.panel desktop.widgets.stage_stepper desktop.retrain.runs.status desktop.retrain.runs.controller
desktop.retrain.runs.page desktop.widgets.step_bar desktop.retrain.settings.weights_editor desktop.retrain.settings.row
desktop.retrain.data.options desktop.retrain.data.panel desktop.retrain.settings.form desktop.retrain.new_run_page
desktop.retrain.tab desktop.app.diagnostics desktop.app.licences_view desktop.app.about_dialog
desktop.widgets.announcements desktop.scan.disk desktop.scan.active desktop.scan.controller
desktop.scan.export_jobs desktop.scan.film_choice desktop.widgets.dialogs desktop.scan.filing_dialog
desktop.scan.export_dialog desktop.scan.actions desktop.scan.table.texts desktop.scan.table.columns
desktop.scan.follower desktop.scan.progress desktop.scan.summary_view desktop.scan.table.order
desktop.scan.table.cells desktop.style.finding_icons desktop.widgets.layouts desktop.scan.table.filters
desktop.scan.table.model desktop.scan.table.selection desktop.film.thumbnails desktop.scan.table.delegate
desktop.scan.table.view desktop.scan.table.table desktop.scan.totals desktop.scan.page
desktop.scan.list desktop.scan.options desktop.scan.start_page desktop.scan.news
desktop.scan.tab desktop.app.drops desktop.app.main_window desktop.app.preconditions
desktop.app.startup_checks desktop.app.crash_hook desktop.app.splash desktop.app.start_clock
desktop.app.startup desktop.__main__
""".split()

#: package -> the only place that may import it
CONFINED = {
    "PyQt5": "desktop",
    "keras": "core.training",
    "tensorflow": "core.training",
    "h5py": "core.training",
    "tf2onnx": "core.training",
    "onnxruntime": "core.training",
    "openvino": "core.model.graph",
    "pydicom": "core.films.dicom",
    "sklearn": "core",
    "openpyxl": "core.scan.export",
    "watchdog": "core.scan.watch",
    "ray": "core.cluster.cluster",
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
    "module",
    [
        "desktop.app.main_window",
        "core.__main__",
        "core.model.classifier",
        "core.evaluation.evaluate",
    ],
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
        "import sys, desktop.app.main_window; "
        "print(sorted({'scipy', 'sklearn', 'pydicom', 'pandas'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert result.stdout.strip() == "[]", result.stderr
