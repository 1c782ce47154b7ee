"""What every test gets: a hypothesis profile, a fresh seed, and no state left by the one before.

HYPOTHESIS_PROFILE chooses: dev (default, quick), ci, intense (before a release; hours).
"""

import os

from hypothesis import HealthCheck, settings

# deadline=None: no test depends on time; too_slow: kernels compile inside the first example
settings.register_profile(
    "dev", max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("dev"), max_examples=60, derandomize=True)
settings.register_profile("intense", settings.get_profile("dev"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(autouse=True)
def no_state_left():
    """Start from seed 0; afterwards grad mode, inference mode, backend, default dtype are as before."""
    torchlite.manual_seed(0)
    before = state()
    yield
    assert state() == before, "the test left other modes behind than it found"


def state() -> dict:
    return {
        "gradients are recorded": torchlite.is_grad_enabled(),
        "inference mode": torchlite.is_inference_mode_enabled(),
        "backend": torchlite.backends.current().name,
        "default dtype": torchlite.get_default_dtype(),
    }
