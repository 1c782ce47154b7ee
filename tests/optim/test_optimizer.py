"""What all optimizers share: parameter groups, state dicts, hooks, errors."""

import copy
import pickle

import pytest

import torchlite as torch
from torchlite import optim
from torchlite.optim import SGD, Adam, AdamW, Optimizer
from torchlite.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    required,
)


def parameter(*values, grad=True):
    p = torch.tensor(values or (1.0, 2.0), requires_grad=True)
    if grad:
        p.grad = torch.ones(len(p))
    return p


# --- constructor and groups ----------------------------------------------------------------------

P = parameter()
MADE = parameter() * 2
BAD = [
    (lambda: SGD([]), ValueError, "optimizer got an empty parameter list"),
    (lambda: SGD(P), TypeError, "should be an iterable of Tensors or dicts, but got torch.FloatT"),
    (lambda: SGD([1]), TypeError, "one of the params is int"),
    (lambda: SGD("w"), TypeError, "one of the params is str"),
    (lambda: SGD([MADE]), ValueError, "can't optimize a non-leaf Tensor"),
    (lambda: SGD([{"params": {P}}]), TypeError, "ordered collections"),
    (lambda: SGD([{"lr": 1}]), KeyError, "params"),
    (lambda: SGD([{"params": [P]}, {"params": P}]), ValueError, "more than one parameter group"),
    (lambda: SGD([("a", P), parameter()]), ValueError, "Some param names are missing"),
    (lambda: SGD([P]).add_param_group([P]), TypeError, "param_group must be a dict"),
    (lambda: SGD([P], lr=-1), ValueError, "Invalid learning rate: -1"),
    (lambda: SGD([P], lr=float("nan")), ValueError, "Invalid learning rate: nan"),
    (lambda: SGD([P], lr=torch.ones(2)), ValueError, "Tensor lr must be 1-element"),
    (lambda: SGD([P], momentum=-1), ValueError, "Invalid momentum value: -1"),
    (lambda: SGD([P], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    (lambda: SGD([P], nesterov=True), ValueError, "Nesterov momentum requires"),
    (lambda: SGD([P], fused=True, foreach=True), RuntimeError, "cannot be `True` together"),
    (lambda: SGD([P], fused=True, differentiable=True), RuntimeError, "does not support"),
    (lambda: Adam([P], lr=-1), ValueError, "Invalid learning rate: -1"),
    (lambda: Adam([P], eps=-1), ValueError, "Invalid epsilon value: -1"),
    (lambda: Adam([P], betas=(1, 0.9)), ValueError, "Invalid beta parameter at index 0: 1"),
    (lambda: Adam([P], betas=(0.1, 2)), ValueError, "Invalid beta parameter at index 1: 2"),
    (lambda: Adam([P], betas=(torch.tensor(0.1), 0.9)), ValueError, "both floats or both Tensors"),
    (lambda: AdamW([P], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    (lambda: Adam([P], torch.tensor(0.1), foreach=True), ValueError, "lr as a Tensor"),
    (lambda: Optimizer([P], {"lr": required}), ValueError, "didn't specify a value of required"),
]


@pytest.mark.parametrize("make, kind, text", BAD, ids=[text for _, _, text in BAD])
def test_wrong_arguments(make, kind, text):
    with pytest.raises(kind, match=text):
        make()


def test_a_parameter_twice_in_a_group_warns():
    with pytest.warns(UserWarning, match="duplicate parameters"):
        SGD([P, P])


def test_a_refused_group_is_not_added():
    optimizer = SGD([P])
    group = {"params": [parameter(), MADE]}
    with pytest.raises(ValueError):
        optimizer.add_param_group(group)
    assert len(optimizer.param_groups) == 1 and list(group) == ["params"]


def test_groups_keep_their_own_options():
    a, b = parameter(), parameter()
    optimizer = SGD([{"params": a, "lr": 0.5}, {"params": iter([b])}], lr=0.25)
    optimizer.step()
    assert a.tolist() == [0.5, 1.5] and b.tolist() == [0.75, 1.75]
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.25]


def test_a_scheduler_may_change_the_options_of_a_group():
    p = parameter()
    optimizer = SGD([p], lr=1)
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    assert p.tolist() == [0.5, 1.5]


def test_names_of_parameters_are_kept():
    optimizer = SGD([("weight", P)])
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight"]
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": parameter()})
    with pytest.raises(ValueError, match="cannot add param group with names"):
        SGD([P]).add_param_group({"params": [("a", parameter())]})


def test_repr():
    assert repr(SGD([{"params": P, "lr": 0.5}])) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n"
        "    fused: None\n    lr: 0.5\n    maximize: False\n    momentum: 0\n    nesterov: False\n"
        "    weight_decay: 0\n)"
    )
    assert "betas: (0.9, 0.999)\n" in repr(AdamW([P]))


# --- gradients -----------------------------------------------------------------------------------


def test_zero_grad():
    p, q = parameter(), parameter(grad=False)
    optimizer = SGD([p, q])
    grad = p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == grad.tolist() == [0, 0] and q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_zero_grad_cuts_a_recorded_gradient_off():
    p = parameter(grad=False)
    (p**3).sum().backward(create_graph=True)
    SGD([p]).zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0] and not p.grad.requires_grad


def test_step_leaves_parameters_without_gradient():
    p = parameter(grad=False)
    for kind in (SGD, Adam):
        optimizer = kind([p])
        optimizer.step()
        assert p.tolist() == [1, 2] and optimizer.state_dict()["state"] == {}


def test_the_closure_is_recorded_also_under_no_grad():
    p = parameter(grad=False)
    optimizer = SGD([p], lr=0.5)

    def closure():
        loss = (p * p).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 5
    assert p.tolist() == [0, 0]


def test_the_base_has_no_step():
    with pytest.raises(NotImplementedError):
        Optimizer([P], {}).step()


# --- state dicts ---------------------------------------------------------------------------------


def trained(kind=Adam, **options):
    optimizer = kind([parameter(), parameter(3.0)], **options)
    optimizer.step()
    return optimizer


def test_layout_of_a_state_dict():
    state = trained(amsgrad=True).state_dict()
    assert list(state) == ["state", "param_groups"]
    assert list(state["state"]) == [0, 1]
    assert list(state["state"][0]) == ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    step = state["state"][0]["step"]
    assert step.dtype is torch.float32 and step.shape == () and step.item() == 1
    assert state["param_groups"][0]["params"] == [0, 1]
    assert list(trained(SGD, momentum=0.9).state_dict()["state"][1]) == ["momentum_buffer"]
    assert trained(SGD).state_dict()["state"] == {}


@pytest.mark.parametrize(
    "kind, options", [(SGD, {"momentum": 0.9}), (Adam, {"amsgrad": True}), (AdamW, {"lr": 0.5})]
)
def test_a_loaded_state_goes_on_the_same_way(kind, options):
    first = trained(kind, **options)
    params = [p.detach().clone().requires_grad_() for p in first.param_groups[0]["params"]]
    second = kind(params)
    second.load_state_dict(first.state_dict())
    for optimizer in (first, second):
        for p in optimizer.param_groups[0]["params"]:
            p.grad = torch.ones(len(p)) * 2
        optimizer.step()
        optimizer.step()
    assert repr(first) == repr(second)
    for p, q in zip(first.param_groups[0]["params"], params):
        assert p.tolist() == q.tolist()


def test_a_loaded_state_is_a_copy():
    first, second = trained(), Adam([parameter(), parameter(3.0)])
    second.load_state_dict(first.state_dict())
    first.step()
    assert second.state_dict()["state"][0]["step"].item() == 1


def test_loaded_state_takes_the_dtype_of_its_parameter_but_steps_do_not():
    p = torch.ones(2, dtype=torch.float64, requires_grad=True)
    optimizer = Adam([p, torch.ones(1, requires_grad=True)])
    optimizer.load_state_dict(trained().state_dict())
    assert optimizer.state[p]["exp_avg"].dtype is torch.float64
    assert optimizer.state[p]["step"].dtype is torch.float32


def test_old_checkpoints_have_numbers_for_steps_and_lack_options():
    optimizer = Adam([P])
    state = {"step": 3, "exp_avg": torch.ones(2), "exp_avg_sq": torch.ones(2)}
    saved = {"state": {0: state}, "param_groups": [{"params": [0], "lr": 0.5}]}
    optimizer.load_state_dict(saved)
    optimizer.step()
    assert optimizer.state[P]["step"].item() == 4
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999)


@pytest.mark.parametrize(
    "change, text",
    [
        (lambda s: s["param_groups"].clear(), "different number of parameter groups"),
        (lambda s: s["param_groups"][0]["params"].pop(), "doesn't match the size"),
        (lambda s: s["state"][1].update(exp_avg=torch.ones(7)), "exp_avg of shape"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, text):
    optimizer, saved = trained(), copy.deepcopy(trained(lr=0.5).state_dict())
    saved["state"][0]["step"] = torch.tensor(7.0)
    before = repr(optimizer.state_dict())
    change(saved)
    with pytest.raises(ValueError, match=text):
        optimizer.load_state_dict(saved)
    assert repr(optimizer.state_dict()) == before


def test_an_optimizer_can_be_pickled_and_copied():
    optimizer = trained()
    optimizer.register_step_pre_hook(print)
    for other in (pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)):
        assert repr(other.state_dict()) == repr(optimizer.state_dict())
        for p in other.param_groups[0]["params"]:
            p.grad = torch.ones(len(p))
        other.step()
        assert other.state_dict()["state"][0]["step"].item() == 2
    assert optimizer.state_dict()["state"][0]["step"].item() == 1


# --- hooks ---------------------------------------------------------------------------------------


def test_step_hooks_run_in_order_around_the_step():
    p, seen = parameter(), []
    optimizer = SGD([p], lr=1)
    handles = [
        register_optimizer_step_pre_hook(lambda *a: seen.append(("all before", p.tolist()))),
        optimizer.register_step_pre_hook(lambda *a: seen.append(("before", a[1:]))),
        optimizer.register_step_post_hook(lambda *a: seen.append(("after", p.tolist()))),
        register_optimizer_step_post_hook(lambda *a: seen.append(("all after", a[0]))),
    ]
    optimizer.step()
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert seen == [
        ("all before", [1, 2]),
        ("before", ((optimizer,), {})),
        ("after", [0, 1]),
        ("all after", optimizer),
    ]


def test_a_pre_hook_may_change_the_arguments():
    optimizer = SGD([P])
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, lambda: 9), {}))
    assert optimizer.step() == 9
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 4)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        optimizer.step()


def test_hooks_also_surround_the_step_of_a_users_optimizer():
    class Mine(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self):
            seen.append("step")

    seen = []
    mine = Mine([P])
    mine.register_step_post_hook(lambda *a: seen.append("after"))
    mine.step()
    assert seen == ["step", "after"]


def test_state_dict_hooks():
    seen = []
    optimizer = SGD([P])
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("b"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("a"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "note": 1})
    saved = optimizer.state_dict()
    assert saved["note"] == 1 and seen == ["a", "b"]

    def halve(o, state):
        groups = [{**g, "lr": g["lr"] / 2} for g in state["param_groups"]]
        return {**state, "param_groups": groups}

    optimizer.register_load_state_dict_pre_hook(halve)
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o.param_groups[0]["lr"]))
    optimizer.load_state_dict(saved)
    assert seen[-1] == 0.0005 and saved["param_groups"][0]["lr"] == 0.001
