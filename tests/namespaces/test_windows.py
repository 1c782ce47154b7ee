"""Windows: symmetric and periodic."""

import pytest

import torchlite as torch
from torchlite import signal
from torchlite.testing import assert_close


@pytest.mark.parametrize("name", ["hann", "hamming", "blackman", "bartlett", "kaiser"])
def test_a_periodic_window_is_a_symmetric_one_without_its_end(name):
    window, same = getattr(torch, f"{name}_window"), getattr(signal.windows, name)
    assert_close(window(6), window(7, False)[:-1])
    assert_close(window(6), same(6, sym=False))
    assert_close(window(7, periodic=False), same(7))
    assert window(0).shape == (0,)
    assert window(1).tolist() == [1]
    with pytest.raises(RuntimeError, match="non-negative window_length"):
        window(-1)
    with pytest.raises(RuntimeError, match="expects floating point dtypes"):
        window(4, dtype=torch.int64)


@pytest.mark.parametrize("name", signal.windows.__all__)
def test_symmetric_windows(name):
    options = {"a": [0.5, 0.4, 0.1]} if name == "general_cosine" else {}
    window = getattr(signal.windows, name)
    w = window(7, **options, dtype=torch.float64)
    assert_close(w, w.flip(0))
    assert w.argmax() == 3
    assert window(7, **options, requires_grad=True).requires_grad
    with pytest.raises(ValueError, match="requires non-negative window length"):
        window(-1, **options)
    with pytest.raises(ValueError, match="expects float32 or float64"):
        window(3, **options, dtype=torch.float16)
