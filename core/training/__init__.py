"""Everything that needs Keras; imported by no one but the training commands."""

# Before Keras, which may load OpenVINO: it keeps OpenVINO off the network.
import core.graph  # noqa: F401
