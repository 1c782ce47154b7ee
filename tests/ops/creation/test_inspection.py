"""The questions that a tensor answers about itself."""

import pytest

import torchlite as torch


def test_what_a_tensor_says_of_itself():
    x = torch.zeros(2, 3, 4)
    assert x.nelement() == 24 and x.ndimension() == 3 and x.is_cpu and not x.is_meta
    assert x.transpose(0, 1).dim_order() == (1, 0, 2)
    assert x.is_floating_point() and x.is_signed() and not x.is_complex()
    assert not (x.is_conj() or x.is_neg() or x.is_inference() or x.is_pinned() or x.is_shared())
    assert torch.typename(x) == "torch.FloatTensor" and torch.typename(3) == "int"
    assert torch.result_type(torch.ones(1, dtype=torch.int32), 2.5) is torch.float32
    with pytest.raises(RuntimeError, match="accelerator"):
        x.pin_memory()
