"""What every test gets: a hypothesis profile, a fresh seed, and no state left by the one before.

HYPOTHESIS_PROFILE chooses: dev (default, quick), ci, intense (before a release; hours).
"""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the processors: before NumPy loads
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

from torchlite import backends, dtypes
from torchlite.autograd.grad_mode import is_grad_enabled, is_inference_mode_enabled
from torchlite.random import manual_seed

# deadline=None: no test depends on time; too_slow: kernels compile inside the first example
settings.register_profile(
    "dev", max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("dev"), max_examples=25, derandomize=True)
settings.register_profile("intense", settings.get_profile("dev"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def modes() -> dict:
    return {
        "gradients are recorded": is_grad_enabled(),
        "inference mode": is_inference_mode_enabled(),
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
