"""Is anything basic broken? Seconds, and no more than the path that most users take."""

import pytest

import torchlite as torch
from torchlite import nn
from torchlite.utils.data import DataLoader, TensorDataset


@pytest.fixture(params=["numpy", "numba"])
def backend(request):
    if request.param == "numba":
        pytest.importorskip("numba")
    with torch.backends.use(request.param):
        yield request.param


def test_arithmetic_with_broadcasting_and_promotion(backend):
    x = torch.tensor([[1, 2], [3, 4]])
    y = x / 2 + torch.tensor([10.0, 20.0])
    assert y.dtype is torch.float32
    assert y.tolist() == [[10.5, 21.0], [11.5, 22.0]]


def test_views_share_memory(backend):
    x = torch.zeros(2, 3)
    x[1].add_(1)
    x.t()[0] = 5
    assert x.tolist() == [[5, 0, 0], [5, 1, 1]]


def test_gradient(backend):
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4, 6]


def test_gradient_of_a_gradient(backend):
    x = torch.tensor(2.0, requires_grad=True)
    (slope,) = torch.autograd.grad(x**3, x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope, x)
    assert (slope.item(), curvature.item()) == (12, 12)


def test_printing(backend):
    assert repr(torch.arange(3) * 0.5) == "tensor([0.0000, 0.5000, 1.0000])"


def test_errors_are_pytorch_s(backend):
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(2x3 and "):
        torch.ones(2, 3) @ torch.ones(2, 3)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
def test_a_network_learns_a_rule(backend, kind):
    torch.manual_seed(0)
    x = torch.randn(256, 2)
    labels = (x[:, 0] > x[:, 1]).long()
    model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = kind(model.parameters(), lr=0.05)
    for _ in range(10):
        for rows, targets in DataLoader(TensorDataset(x, labels), batch_size=16, shuffle=True):
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(model(rows), targets).backward()
            optimizer.step()
    assert (model(x).argmax(dim=1) == labels).float().mean().item() > 0.95


def test_a_checkpoint_comes_back(backend, tmp_path):
    first, second = nn.Linear(3, 4), nn.Linear(3, 4)
    torch.save(first.state_dict(), tmp_path / "linear.pt")
    second.load_state_dict(torch.load(tmp_path / "linear.pt"))
    assert torch.equal(first.weight, second.weight)
