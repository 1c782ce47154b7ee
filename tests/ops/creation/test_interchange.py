"""Memory shared with NumPy and with other libraries, buffers and files."""

import numpy as np
import pytest

import torchlite as torch
from torchlite.utils import dlpack


def test_numpy_sees_the_same_memory():
    x = torch.arange(6.0).reshape(2, 3)
    array = np.asarray(x)
    array[1, 1] = 7
    assert x[1, 1] == 7
    copied = np.array(x, copy=True)
    copied[0, 0] = 9
    assert x[0, 0] == 0
    assert np.asarray(x, dtype="f8").dtype == "f8"
    with pytest.raises(ValueError, match="Unable to avoid copy"):
        np.asarray(x, dtype="f8", copy=False)
    with pytest.raises(RuntimeError, match="requires grad"):
        np.asarray(torch.ones(2, requires_grad=True))


def test_functions_of_numpy_return_tensors():
    x = torch.tensor([0.0, 1.0])
    assert isinstance(np.sin(x), torch.Tensor)
    assert np.isnan(x).dtype is torch.uint8
    product = np.ones(2) * x
    assert isinstance(product, torch.Tensor) and product.dtype is torch.float64


def test_dlpack_shares_memory_both_ways():
    array = np.arange(6.0).reshape(2, 3).T
    x = torch.from_dlpack(array)
    x[0, 1] = 9
    assert array[0, 1] == 9 and x.stride() == (1, 3)
    back = np.from_dlpack(x)
    back[2, 0] = -1
    assert x[2, 0] == -1
    assert x.__dlpack_device__() == (1, 0)
    once = dlpack.from_dlpack(dlpack.to_dlpack(x))
    assert once.data_ptr() == x.data_ptr()
    assert torch.from_dlpack(array, copy=True).data_ptr() != x.data_ptr()


def test_dlpack_refuses_what_it_cannot_share():
    with pytest.raises(BufferError, match="require gradient"):
        np.from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(RuntimeError, match="invalid capsule"):
        torch.from_dlpack([1, 2])


def test_frombuffer_shares_a_part_of_a_buffer():
    memory = bytearray(np.arange(4, dtype="i4").tobytes())
    x = torch.frombuffer(memory, dtype=torch.int32, count=2, offset=4)
    assert x.tolist() == [1, 2]
    x[0] = 7
    assert np.frombuffer(memory, "i4")[1] == 7
    with pytest.warns(UserWarning, match="not writable"):
        torch.frombuffer(bytes(memory), dtype=torch.int32)


@pytest.mark.parametrize(
    ("size", "options", "text"),
    [
        (0, {}, "must not be 0"),
        (6, {}, "multiple of element size"),
        (8, {"offset": 8}, "no greater than buffer length"),
        (8, {"count": 3}, "must not be greater than actual buffer length"),
    ],
)
def test_frombuffer_refuses_what_the_buffer_does_not_hold(size, options, text):
    with pytest.raises(ValueError, match=text):
        torch.frombuffer(bytearray(size), dtype=torch.int32, **options)


def test_a_file_as_memory(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(bytes(8))
    private = torch.from_file(str(path), size=2)
    private[0] = 5
    shared = torch.from_file(str(path), shared=True, size=3)
    assert shared.tolist() == [0, 0, 0]
    shared[2] = 4
    assert torch.from_file(str(path), size=3).tolist() == [0, 0, 4]
    with pytest.raises(RuntimeError, match="it has 12"):
        torch.from_file(str(path), size=4)
