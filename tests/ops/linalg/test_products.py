"""Matrix products."""

import pytest

import torchlite as torch
from torchlite import nn


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_products_with_infinities_do_not_warn(backend):
    if backend == "numba":
        pytest.importorskip("numba")
    with torch.backends.use(backend):
        x = torch.tensor([[float("inf"), -3e38], [3e38, float("nan")]], requires_grad=True)
        layer = nn.Linear(2, 2)
        (x @ x).sum().backward()
        layer(x.detach()).sum().backward()
    assert layer.weight.grad.isnan().any()
