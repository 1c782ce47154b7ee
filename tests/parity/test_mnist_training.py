"""The main example's training, step by step beside PyTorch: start, shuffling and losses."""

from pathlib import Path

import numpy as np
import pytest

import torchlite
import torchlite.utils.data
from torchlite.vision.datasets import MNIST

torch = pytest.importorskip("torch")
DIGITS = Path(__file__).parents[2] / "examples" / "data" / "mnist"
BACKENDS = ["numpy", "numba"]


@pytest.fixture(scope="module")
def digits():
    return MNIST(DIGITS)


def first_losses(lib, digits, momentum: float, softmax: bool, steps: int = 100) -> list[float]:
    images = lib.from_numpy(digits.data.numpy().astype("f4") / 127.5 - 1).flatten(1)
    data = lib.utils.data.TensorDataset(images, lib.from_numpy(digits.targets.numpy()))
    lib.manual_seed(0)
    nn = lib.nn
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10),
        nn.Softmax(dim=1) if softmax else nn.Identity(),
    )  # fmt: skip
    optimizer = lib.optim.SGD(model.parameters(), lr=0.01, momentum=momentum)
    losses: list[float] = []
    for rows, labels in lib.utils.data.DataLoader(data, batch_size=32, shuffle=True):
        loss = nn.CrossEntropyLoss()(model(rows), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == steps:
            break
    return losses


@pytest.mark.parametrize("momentum", [0, 0.9])
@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_first_100_losses_equal_pytorch_s(backend, digits, momentum, softmax):
    if backend == "numba":
        pytest.importorskip("numba")
    with torchlite.backends.use(backend):
        ours = first_losses(torchlite, digits, momentum, softmax)
    np.testing.assert_allclose(ours, first_losses(torch, digits, momentum, softmax), rtol=1e-4)
