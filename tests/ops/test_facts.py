"""Old names, tensor types and the questions that tensors answer."""

import pytest

import torchlite as torch


def test_types_named_after_dtypes():
    assert torch.LongTensor([1, 2]).dtype is torch.int64
    assert torch.FloatTensor(2, 3).shape == (2, 3)
    assert torch.DoubleTensor(torch.Size([4])).shape == (4,)
    assert isinstance(torch.zeros(1), torch.FloatTensor)
    assert not isinstance(torch.zeros(1), torch.LongTensor)
    assert torch.zeros(1).type(torch.IntTensor).dtype is torch.int32
    x = torch.zeros(2)
    torch.FloatTensor(x)[0] = 1
    assert x[0] == 1
    with pytest.raises(TypeError, match="dtype"):
        torch.FloatTensor(torch.zeros(2, dtype=torch.int32))


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


def test_element_by_element_and_other_shapes():
    x = torch.tensor([[1, 2], [3, 4]])
    assert x.apply_(lambda a: a * 2).tolist() == [[2, 4], [6, 8]]
    assert x.map_(torch.tensor([1, 2]), lambda a, b: a + b).tolist() == [[3, 6], [7, 10]]
    with pytest.warns(UserWarning, match="deprecated"):
        assert x.resize(1, 2).tolist() == [[3, 6]]
    assert x.shape == (2, 2)
    with pytest.raises(RuntimeError, match="requires grad"):
        torch.ones(2, requires_grad=True).apply_(lambda a: a)


def test_a_subclass_shares_memory_and_history():
    class Mine(torch.Tensor):
        pass

    x = torch.ones(2, requires_grad=True)
    y = (x * 2).as_subclass(Mine)
    assert type(y) is Mine
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(TypeError, match="subclass"):
        x.as_subclass(int)
