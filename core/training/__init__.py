"""Everything that needs Keras; imported by no one but the training commands."""

import os
import sys
import threading
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import Final

# Before Keras, which may load OpenVINO: it keeps OpenVINO off the network.
import core.model.graph  # noqa: F401
from core.paths import keep_matplotlib_inside, user_data_dir

# Also for children, and before either is loaded. ONNX Runtime would send events to
# its makers and keep a device's id and what it could not send in the home folder;
# Keras and matplotlib, which Keras loads, would make folders there.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("KERAS_HOME", os.fspath(user_data_dir() / "keras"))
keep_matplotlib_inside()


class _Spared(MetaPathFinder):
    """Loads Keras without libraries that it only offers to work with.

    They would take a third of the seconds that it takes to load: charts of films,
    estimators of scikit-learn, and JAX where that is not what it computes with. It
    goes on without what it does not find. Who asks later gets them.
    """

    _NAMES: Final = ("jax", "matplotlib", "sklearn")

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: object = None
    ) -> None:
        if name == "keras":
            self._thread = threading.get_ident()
            return
        keras = sys.modules.get("keras")
        config = sys.modules.get("keras.src.backend.config")
        if (
            name in self._NAMES
            and config is not None
            and config.backend() != name
            and getattr(keras.__spec__, "_initializing", False)
            and self._thread == threading.get_ident()
        ):
            raise ModuleNotFoundError(f"Keras can do without {name}.", name=name)


sys.meta_path.insert(0, _Spared())
