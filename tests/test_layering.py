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
core.errors core.files core.json_file core.outputs core.paths core.pixels core.tags
core.grey_scale core.quick_png core.pictures core.dicom core.images core.preprocess
core.metrics core.events core.control core.setting core.job_settings core.job
core.terminal core.reporting core.presets core.augment core.bundle core.left_out
core.film_finder core.dataset core.balance core.graph_xml core.graph core.precision
core.predict core.explain core.json_shape core.report_shape core.counts core.findings
core.report core.bundle_file core.bundle_commands core.compare_words core.curves
core.differences core.failures core.fingerprints core.poses core.views core.alignment
core.film_features core.nearest core.copies core.grouping core.split core.film_list
core.evaluate core.operating_points core.compare core.compare_command core.model_store
core.patients core.report_file core.run_record core.run_times core.shortcuts
core.audit_words core.summary core.survey core.tallies core.leaks core.audit
core.audit_command core.svg core.plot core.bar_charts core.charts core.thumbnail
core.html_tables core.report_html core.kept_report core.commands core.film_reader
core.film_labels core.scan_row core.triage core.file_lock core.scan_file core.suspects
core.scan core.parity core.scan_summary core.scan_export core.scan_html core.watch
core.ray_worker core.ray_cluster core.ray_shards core.ray_crew core.ray_knock
core.ray_scan core.scan_json core.reading_notes core.wary_scan core.dated_folders
core.scan_record core.scans core.scan_command core.training.state core.run
core.run_story core.runs core.calibrate core.calibrate_command core.scrub
core.crash_files core.edition core.file_names core.placing core.filed_list core.filing
core.licences core.model_shelf core.scan_story core.scan_tail core.user_folders
core.worklist core.worklist_command core.training.convert core.training.backbones
core.training.start core.training.heads core.training.weights core.training.network
core.training.export core.training.pipeline core.training.compiling core.training.device
core.training.epochs core.training.seeds core.training.head_fit core.training.fit
core.training.check core.training.install core.training.features core.training.memory
core.training.progress core.training.train core.training.preflight
core.training.arguments core.training.checks core.training.command core.argument_types
core.internal_commands core.job_lists core.command_line core.__main__
desktop.focus_order desktop.setting_field desktop.camera desktop.film_hud
desktop.item_paint desktop.film_image desktop.drawn_icon desktop.plain_table
desktop.page_scroll desktop.icons desktop.intake desktop.labels desktop.model_choice
desktop.probability_bars desktop.notify desktop.settings desktop.theme desktop.app_icon
desktop.diagnose_actions desktop.diagnosis desktop.empty_state desktop.film_picture
desktop.film_view desktop.key_help desktop.legend desktop.application
desktop.dialog_size desktop.dialogs desktop.disclaimer desktop.status_line
desktop.facts_panel desktop.film_dialogs desktop.film_list desktop.heat_controls
desktop.workers desktop.film_saver desktop.film_session desktop.film_strip
desktop.verdict_panel desktop.diagnose_layout desktop.diagnose_tab desktop.background
desktop.chart_view desktop.check_folder desktop.check_progress desktop.confirm
desktop.core_process desktop.child_job desktop.data_chooser desktop.disclosure
desktop.command_card desktop.figures_table desktop.film_sampler
desktop.augmentation_preview desktop.learning_charts desktop.model_dialogs
desktop.preflight desktop.retrain_intro desktop.row_table desktop.audit_result
desktop.audit_file desktop.run_follower desktop.run_log desktop.run_rows
desktop.report_data desktop.mistakes_view desktop.report_charts desktop.report_files
desktop.setting_fields desktop.run_request desktop.report_body desktop.run_errands
desktop.setting_editors desktop.preset_chooser desktop.severity desktop.message_card
desktop.comparison_view desktop.allowed_drop desktop.comparison_file
desktop.comparison_progress desktop.candidate_panel desktop.export_dialog
desktop.failure_panel desktop.leak_card desktop.audit_view desktop.models_dialog
desktop.model_files desktop.note_row desktop.patience_gauge desktop.preflight_panel
desktop.report_page desktop.runs_model desktop.compare_page desktop.run_delegate
desktop.runs_panel desktop.stage_stepper desktop.run_status desktop.run_controller
desktop.run_page desktop.step_bar desktop.weights_editor desktop.setting_row
desktop.data_options desktop.data_panel desktop.settings_form desktop.new_run_page
desktop.retrain_tab desktop.diagnostics desktop.licences_view desktop.about_dialog
desktop.announcements desktop.scan_errands desktop.active_scan desktop.scan_controller
desktop.scan_chores desktop.film_choice desktop.fitted_dialog desktop.filing_dialog
desktop.scan_export_dialog desktop.scan_actions desktop.scan_texts desktop.scan_columns
desktop.scan_follower desktop.scan_progress desktop.scan_summary_view desktop.scan_order
desktop.scan_cells desktop.finding_sign desktop.wrapped_lines desktop.scan_filters
desktop.scan_model desktop.scan_selection desktop.thumbnails desktop.scan_delegate
desktop.scan_view desktop.scan_table desktop.scan_totals desktop.scan_page
desktop.scan_list desktop.scan_options desktop.scan_start desktop.scan_news
desktop.scan_tab desktop.window_drops desktop.main_window desktop.preconditions
desktop.after_start desktop.crash_reporter desktop.splash desktop.start_clock
desktop.startup desktop.__main__
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
    "openpyxl": "core.scan_export",
    "watchdog": "core.watch",
    "ray": "core.ray_cluster",
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
