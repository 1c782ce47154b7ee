"""`pickle` and `copy.deepcopy` of what programs hold: it comes back, and works."""

import copy
import pickle

import pytest

import torchlite as torch
from torchlite import nn

WAYS = {"pickle": lambda obj: pickle.loads(pickle.dumps(obj)), "deepcopy": copy.deepcopy}


@pytest.fixture(params=WAYS)
def again(request):
    return WAYS[request.param]


VALUES = [
    torch.float32, torch.int64, torch.complex128, torch.device("cpu"), torch.device("cpu:1"),
    torch.Size([1, 2]), torch.strided, torch.channels_last,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_values(again, value):
    result = again(value)
    assert result == value and type(result) is type(value)
    assert not isinstance(value, torch.dtype) or result is value


def test_generators(again):
    generator = torch.Generator().manual_seed(3)
    torch.rand(5, generator=generator)
    result = again(generator)
    assert torch.rand(3, generator=result).tolist() == torch.rand(3, generator=generator).tolist()


def test_tensors_keep_what_they_are(again):
    x = torch.arange(6.0).reshape(2, 3).t().requires_grad_()
    x.title = "x"
    y, again_y = again([x, x])
    assert y is again_y and y.requires_grad and y.is_leaf and y.title == "x"
    assert y.tolist() == x.tolist()
    assert y.dtype is x.dtype and type(y) is torch.Tensor


def make_modules():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return {
        "cnn": (nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2)),
                torch.rand(3, 1, 4, 4)),
        "transformer": (nn.TransformerEncoder(layer, 2), torch.rand(2, 3, 8)),
        "lstm": (nn.LSTM(2, 3, 2), torch.rand(4, 1, 2)),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["cnn", "transformer", "lstm"])
def test_modules(again, name):
    model, x = make_modules()[name]
    model.eval()
    other = again(model)
    assert str(other) == str(model) and not other.training
    a, b = (m(x)[0] if name == "lstm" else m(x) for m in (model, other))
    torch.testing.assert_close(a, b)
    assert not {id(p) for p in model.parameters()} & {id(p) for p in other.parameters()}


def test_attributes_of_parameters_are_pickled():
    p = nn.Parameter(torch.ones(2))
    p.tags = ["a"]
    q = WAYS["pickle"](p)
    assert q.tags == ["a"] and type(q) is nn.Parameter and q.requires_grad


def test_tied_parameters_stay_tied(again):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    other = again(model)
    assert other[1].weight is other[0].weight


OPTIMIZERS = {
    "SGD": {"momentum": 0.9}, "Adam": {}, "AdamW": {"amsgrad": True}, "RMSprop": {"centered": True},
    "Adagrad": {}, "LBFGS": {},
}  # fmt: skip


def step(model, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = model(torch.tensor([[1.0, 2.0]])).square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_model_with_its_optimizer(again, name):
    model = nn.Linear(2, 2)
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.1, **OPTIMIZERS[name])
    step(model, optimizer)
    other, its_optimizer = again((model, optimizer))
    assert its_optimizer.param_groups[0]["params"][0] is other.weight
    for pair in ((model, optimizer), (other, its_optimizer)):
        step(*pair)
        step(*pair)
    torch.testing.assert_close(other.weight, model.weight)


def half(epoch):
    return 0.5**epoch


SCHEDULERS = {
    "StepLR": {"step_size": 2}, "CosineAnnealingLR": {"T_max": 5}, "LambdaLR": {"lr_lambda": half},
    "OneCycleLR": {"max_lr": 0.1, "total_steps": 9}, "CyclicLR": {"base_lr": 0.1, "max_lr": 0.3},
    "ExponentialLR": {"gamma": 0.5},
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers(again, name):
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1, momentum=0.9)
    scheduler = getattr(torch.optim.lr_scheduler, name)(optimizer, **SCHEDULERS[name])
    optimizer.step()
    scheduler.step()
    other = again(scheduler)
    for schedule in (scheduler, other):
        for _ in range(3):
            schedule.optimizer.step()
            schedule.step()
    assert other.get_last_lr() == scheduler.get_last_lr()
    assert other.optimizer.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


def test_an_old_module_gets_what_it_lacked(again):
    model = nn.Linear(1, 1)
    state = model.__getstate__()
    del state["_non_persistent_buffers_set"]
    old = nn.Linear.__new__(nn.Linear)
    old.__setstate__(state)
    old.register_buffer("b", torch.ones(1), persistent=False)
    assert list(old.state_dict()) == ["weight", "bias"]


# --- memory that is shared -----------------------------------------------------------------------


def test_deepcopy_keeps_what_tensors_share():
    x = torch.arange(12.0).reshape(3, 4)
    row, transposed, flat, whole = copy.deepcopy([x[1], x.t(), x.detach().reshape(-1), x])
    whole[1, 2] = 70
    assert row.tolist() == [4, 5, 70, 7] and transposed[2, 1] == 70 and flat[6] == 70
    assert transposed.stride() == (1, 4) and whole.is_contiguous()
    assert x[1, 2] == 6


def test_deepcopy_of_parts_in_any_order():
    x = torch.arange(10)
    tail, head, middle = copy.deepcopy((x[6:], x[:2], x[1:8:2]))
    middle.fill_(-1)
    assert head.tolist() == [0, -1] and tail.tolist() == [6, -1, 8, 9]


def test_deepcopy_keeps_apart_what_is_apart():
    x = torch.zeros(2)
    a, b = copy.deepcopy([x, x.clone()])
    a.fill_(1)
    assert b.tolist() == [0, 0] and x.tolist() == [0, 0]
    a, b = copy.deepcopy(x), copy.deepcopy(x)
    a.fill_(1)
    assert b.tolist() == [0, 0]


def test_deepcopy_of_tensors_that_live_shortly():
    class Box:
        def __init__(self, value):
            self.value = value

        def __deepcopy__(self, memo):
            return copy.deepcopy(torch.full((1000,), self.value), memo)

    assert [x[0].item() for x in copy.deepcopy([Box(1), Box(2), Box(3)])] == [1, 2, 3]


def test_deepcopy_of_a_gradient_and_of_odd_shapes():
    x = torch.ones(3, requires_grad=True)
    (x * 2).sum().backward()
    y = copy.deepcopy(x)
    y.grad.zero_()
    assert x.grad.tolist() == [2, 2, 2] and y.requires_grad
    for odd in (torch.tensor(3), torch.zeros(0, 3), torch.ones(1).expand(4)):
        assert copy.deepcopy(odd).tolist() == odd.tolist()
    assert copy.deepcopy(torch.ones(1).expand(4)).stride() == (0,)


def test_deepcopy_refuses_what_is_computed():
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(torch.ones(1, requires_grad=True) * 2)
