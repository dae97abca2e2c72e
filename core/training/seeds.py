"""Random numbers by phase and epoch, so that a job that was killed goes on the same.

What a phase draws must not depend on what the process did before: a resumed job
skips what a former process finished.
"""

from __future__ import annotations

import gc

import keras
import numpy as np

# `clear_session` collects garbage: each time it would look, for a quarter of a second,
# through all that Keras and what it computes with are made of.
gc.freeze()

_PHASES = ("start", "head", "fine-tuning", "export")
#: Keras's name of the variable from which a dropout layer draws, batch by batch.
_STATE = "seed_generator_state"


def begin_phase(seed: int, phase: str) -> None:
    """Make the networks built from now on the same in every process of a job.

    Their random weights, and the names that Keras gives their layers: these get
    into the exported graph, and Keras numbers them through.
    """
    keras.backend.clear_session()
    keras.utils.set_random_seed(_number(seed, phase))


def begin_epoch(network: keras.Model, seed: int, phase: str, epoch: int) -> None:
    """Make what dropout drops the same, whether or not the process ran the last epoch.

    Its layers count the batches of the epoch themselves. Nothing else that Keras
    draws may decide an epoch: a new seed for all of TensorFlow would make it prepare
    the step anew, which for a small head takes longer than the epoch.

    Args:
        epoch: 0-based, within its phase.
    """
    states = (variable for variable in network.variables if variable.name == _STATE)
    for place, state in enumerate(states):
        number = _number(seed, phase, 1 + epoch, 1 + place)
        state.assign(np.array([number, 0], state.dtype))


def _number(seed: int, phase: str, *further: int) -> int:
    """A seed that every backend takes, whose integers may have 32 bits and a sign."""
    entropy = (seed, _PHASES.index(phase), *further)
    return int(np.random.SeedSequence(entropy).generate_state(1)[0] >> 1)
