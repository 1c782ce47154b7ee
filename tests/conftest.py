"""What every test gets: a hypothesis profile, a fresh seed, and no state left by the one before.

HYPOTHESIS_PROFILE chooses: dev (default, quick) and ci draw the same examples in every run;
intense searches for new ones (before a release; hours).
"""

import os
import resource
import sys

if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the processors: before NumPy loads
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

import torchlite as torch
from torchlite import backends, dtypes
from torchlite.autograd.anomaly import is_anomaly_enabled
from torchlite.autograd.grad_mode import is_grad_enabled, is_inference_mode_enabled
from torchlite.random import manual_seed

# deadline=None: no test depends on time; too_slow: kernels compile inside the first example
settings.register_profile(
    "dev", max_examples=10, derandomize=True, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.register_profile("ci", settings.get_profile("dev"), max_examples=25)
settings.register_profile(
    "intense", settings.get_profile("dev"), max_examples=2000, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

MOST_MEMORY = 1.5e9  # bytes, of a process
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def modes() -> dict:
    return {
        "gradients are recorded": is_grad_enabled(),
        "inference mode": is_inference_mode_enabled(),
        "anomalies are detected": is_anomaly_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "backend": backends.current().name,
        "default dtype": dtypes.get_default_dtype(),
    }


@pytest.fixture(autouse=True)
def no_state_left():
    """Start from seed 0, and check that the test puts back the modes that it switched."""
    manual_seed(0)
    before = modes()
    yield
    assert modes() == before


def peak_memory() -> float:
    """Of this process, and of the largest child that has ended; in bytes."""
    kinds = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) * RSS_UNIT


@pytest.fixture(autouse=True)
def memory_within_bounds():
    """Fail the test that takes this process, or a child, over the limit; not all that follow."""
    before = peak_memory()
    yield
    after = peak_memory()
    assert before > MOST_MEMORY or after <= MOST_MEMORY, f"{after / 1e9:.1f} GB of memory"
