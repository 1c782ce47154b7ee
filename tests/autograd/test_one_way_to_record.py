"""Hooks, checkpoints and anomaly detection see every operation, those on lists and losses too."""

import pytest

import torchlite as torch
from torchlite.autograd.graph import saved_tensors_hooks
from torchlite.nn import functional as F
from torchlite.utils.checkpoint import checkpoint

TARGET = torch.tensor([0, 2])
OPERATIONS = {
    "cross_entropy": lambda x: F.cross_entropy(x, TARGET),
    "cross_entropy, sum": lambda x: F.cross_entropy(x, TARGET, reduction="sum"),
    "cat": lambda x: torch.cat([x, x * x]).sum(),
    "stack": lambda x: torch.stack([x, x.exp()], 1).sum(),
}


def leaf():
    return torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]], requires_grad=True)


def gradient(function, x):
    function(x).backward()
    return x.grad


@pytest.mark.parametrize("name", OPERATIONS)
def test_checkpoint_gives_the_same_gradient(name):
    function = OPERATIONS[name]
    got = gradient(lambda x: checkpoint(function, x, use_reentrant=False), leaf())
    assert torch.equal(got, gradient(function, leaf()))


@pytest.mark.parametrize("name", ["cross_entropy", "cross_entropy, sum"])
def test_what_a_loss_keeps_goes_through_the_hooks(name):
    seen, x = [], leaf()

    def pack(tensor):
        seen.append(tuple(tensor.shape))
        return tensor.clone()

    with saved_tensors_hooks(pack, lambda kept: kept):
        loss = OPERATIONS[name](x)
    loss.backward()
    assert (2, 3) in seen and (2,) in seen
    assert torch.equal(x.grad, gradient(OPERATIONS[name], leaf()))


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
@pytest.mark.parametrize("name", ["cross_entropy", "cat", "stack"])
def test_anomaly_detection_remembers_where_it_was_called(name):
    def called_here(x):
        return F.cross_entropy(x, TARGET) if name == "cross_entropy" else getattr(torch, name)([x])

    with torch.autograd.detect_anomaly():
        node = called_here(leaf()).grad_fn
    assert "called_here" in "".join(node.metadata["traceback_"])
