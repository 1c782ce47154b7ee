"""Schedulers: what they make of the rates, in which order to call them, what they save."""

import pytest

import torchlite as torch
from torchlite.optim import SGD, lr_scheduler


@pytest.fixture
def optimizer():
    return SGD([torch.ones(1, requires_grad=True)], lr=1.0)


def rates(optimizer, scheduler, steps):
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_step_lr(optimizer):
    scheduler = lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
    assert rates(optimizer, scheduler, 5) == [1, 1, 0.5, 0.5, 0.25]


def test_warm_up_and_decay(optimizer):
    warm = lr_scheduler.LinearLR(optimizer, 0.25, total_iters=3)
    scheduler = lr_scheduler.SequentialLR(
        optimizer, [warm, lr_scheduler.ExponentialLR(optimizer, 0.5)], [3]
    )
    assert rates(optimizer, scheduler, 6) == pytest.approx([0.25, 0.5, 0.75, 1, 0.5, 0.25])


def test_plateau(optimizer):
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    for metric in (3, 2, 2, 2, 1):
        scheduler.step(metric)
    assert scheduler.get_last_lr() == [0.5]


def test_the_order_of_steps_is_checked(optimizer):
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()
    with pytest.warns(UserWarning, match="use `get_last_lr"):
        scheduler.get_lr()


def test_a_callable_object_is_saved_with_its_scheduler(optimizer):
    class Decay:
        def __init__(self, gamma):
            self.gamma = gamma

        def __call__(self, epoch):
            return self.gamma**epoch

    saved = lr_scheduler.LambdaLR(optimizer, Decay(0.5)).state_dict()
    assert saved["lr_lambdas"] == [{"gamma": 0.5}]
    other = lr_scheduler.LambdaLR(optimizer, Decay(0.9))
    other.load_state_dict(saved)
    assert other.lr_lambdas[0].gamma == 0.5
    assert saved["lr_lambdas"] == [{"gamma": 0.5}]


def test_refusals(optimizer):
    with pytest.raises(TypeError, match="int is not an Optimizer"):
        lr_scheduler.StepLR(3, 1)
    with pytest.raises(KeyError, match="param 'initial_lr' is not specified"):
        lr_scheduler.StepLR(optimizer, 1, last_epoch=3)
    with pytest.raises(ValueError, match="at least one scheduler"):
        lr_scheduler.ChainedScheduler([])
    one = lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=1, cycle_momentum=False)
    optimizer.step(), one.step()
    with pytest.raises(ValueError, match="Tried to step 2 times"):
        one.step()


def test_an_optimizer_with_a_scheduler_is_freed():
    import gc
    import weakref

    gc.disable()
    try:
        optimizer = SGD([torch.ones(1, requires_grad=True)])
        scheduler, gone = lr_scheduler.StepLR(optimizer, 1), weakref.ref(optimizer)
        del optimizer, scheduler
        assert gone() is None
    finally:
        gc.enable()
