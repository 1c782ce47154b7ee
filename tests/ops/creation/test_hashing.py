"""Hashes of tensors."""

import pytest

import torchlite as torch


def test_a_hash_is_the_exclusive_or_of_the_bits():
    assert torch.hash_tensor(torch.tensor([5, 3, 9])).item() == 5 ^ 3 ^ 9
    assert torch.hash_tensor(torch.tensor([1.0, 2.0])).item() == 0x3FF0 << 48 ^ 0x4000 << 48
    x = torch.tensor([[1, 2], [3, 4]], dtype=torch.uint8)
    assert x.hash_tensor(1, keepdim=True).tolist() == [[3], [7]]
    assert x.hash_tensor(0).dtype is torch.uint64
    with pytest.raises(RuntimeError, match="Unknown hash_tensor mode"):
        torch.hash_tensor(x, mode=1)
    with pytest.raises(RuntimeError, match="reduction dim"):
        torch.hash_tensor(x[:0])
