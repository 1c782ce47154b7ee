"""`detect_anomaly` names the operation whose gradient fails, and the line that called it."""

import pytest

import torchlite as torch
from torchlite.autograd import anomaly, detect_anomaly, set_detect_anomaly


def not_a_number(x):
    return (x.sqrt() * 0).sum()  # the gradient of sqrt at 0 is infinite, times 0 it is NaN


def test_a_nan_in_backward_is_an_error_that_shows_the_line_of_forward():
    x = torch.zeros(1, requires_grad=True)
    with set_detect_anomaly(True):
        y = not_a_number(x)
        with (
            pytest.warns(UserWarning, match=r"Error detected in SqrtBackward0(.|\n)*x\.sqrt\(\)"),
            pytest.raises(RuntimeError, match="'SqrtBackward0' returned nan values in its 0th"),
        ):
            y.backward()
    assert x.grad is None


def test_without_check_nan_only_failures_are_explained():
    x = torch.zeros(1, requires_grad=True)
    with set_detect_anomaly(True, check_nan=False):
        not_a_number(x).backward()
        assert x.grad.isnan().all()
        y = x.exp()
        z = y.sum()
        y += 1
        with (
            pytest.warns(UserWarning, match=r"ExpBackward0(.|\n)*y = x\.exp\(\)"),
            pytest.raises(RuntimeError, match="modified by an inplace operation"),
        ):
            (z * y).sum().backward()


def test_a_forward_outside_leaves_no_traceback():
    y = not_a_number(torch.zeros(1, requires_grad=True))
    with (
        set_detect_anomaly(True),
        pytest.warns(UserWarning, match="No forward pass information"),
        pytest.raises(RuntimeError),
    ):
        y.backward()


def test_a_failing_custom_function_is_explained():
    class Fails(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            raise ValueError("mine")

    with (
        set_detect_anomaly(True),
        pytest.warns(UserWarning, match=r"FailsBackward(.|\n)*Fails\.apply"),
        pytest.raises(ValueError, match="mine"),
    ):
        Fails.apply(torch.ones(1, requires_grad=True)).backward()


def test_the_switches_put_back_what_was():
    assert not anomaly.is_anomaly_enabled()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        context = detect_anomaly(check_nan=False)
    with context:
        assert anomaly.is_anomaly_enabled() and not anomaly.is_anomaly_check_nan_enabled()
        with set_detect_anomaly(False):
            assert not anomaly.is_anomaly_enabled()
        assert anomaly.is_anomaly_enabled()
    assert not anomaly.is_anomaly_enabled()
    set_detect_anomaly(True)
    assert anomaly.is_anomaly_check_nan_enabled()
    set_detect_anomaly(False)
    assert not anomaly.is_anomaly_enabled()


def test_anomalies_are_found_in_code_without_a_module():
    program = "with detect_anomaly():\n    (x.sqrt() * 0).sum().backward()"
    x = torch.zeros(1, requires_grad=True)
    with pytest.warns(UserWarning), pytest.raises(RuntimeError, match="returned nan values"):
        exec(program, {"detect_anomaly": torch.autograd.detect_anomaly, "x": x})
