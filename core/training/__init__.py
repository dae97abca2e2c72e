"""Everything that needs Keras; imported by no one but the training commands."""

import os

# Before Keras, which may load OpenVINO: it keeps OpenVINO off the network.
import core.model.graph  # noqa: F401
from core.paths import keep_matplotlib_inside, user_data_dir

# Also for children, and before either is loaded. ONNX Runtime would send events to
# its makers and keep a device's id and what it could not send in the home folder;
# Keras and matplotlib, which Keras loads, would make folders there.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("KERAS_HOME", os.fspath(user_data_dir() / "keras"))
keep_matplotlib_inside()
