"""Transforms of pictures."""

import numpy as np
import pytest

import torchlite as torch
from torchlite.vision.transforms import Compose, Lambda, Normalize, ToTensor


def test_to_tensor():
    gray = ToTensor()(torch.tensor([[0, 255], [51, 102]], dtype=torch.uint8))
    assert gray.dtype is torch.float32 and gray.shape == (1, 2, 2)
    assert gray.flatten().tolist() == pytest.approx([0, 1, 0.2, 0.4])
    colour = ToTensor()(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
    assert colour.shape == (3, 2, 4) and colour[2, 1, 3].item() == pytest.approx(23 / 255)
    assert ToTensor()(np.full((2, 2), 7.0)).tolist() == [[[7, 7], [7, 7]]]
    with pytest.raises(ValueError, match=r"pic should be 2/3 dimensional\. Got 1 dimensions"):
        ToTensor()(torch.zeros(3))


def test_normalize():
    x = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(2, 1, 2)
    assert Normalize((1, 3), (1, 0.5))(x).flatten().tolist() == [0, 1, 0, 2]
    assert x.flatten().tolist() == [1, 2, 3, 4]
    assert Normalize([0], [2], inplace=True)(x) is x and x.flatten().tolist() == [0.5, 1, 1.5, 2]
    batch = Normalize((0.5,), (0.5,))(torch.ones(5, 1, 2, 2))
    assert batch.shape == (5, 1, 2, 2) and batch.mean().item() == 1


@pytest.mark.parametrize(
    "x, kind, text",
    [
        (3, TypeError, "img should be Tensor Image. Got <class 'int'>"),
        (torch.ones(1, 2, 2, dtype=torch.int64), TypeError, "should be a float tensor"),
        (torch.ones(2, 2), ValueError, "Expected tensor to be a tensor image of size"),
    ],
)
def test_normalize_refuses(x, kind, text):
    with pytest.raises(kind, match=text):
        Normalize((0.5,), (0.5,))(x)
    with pytest.raises(ValueError, match="std evaluated to zero"):
        Normalize((0.5,), (0.0,))(torch.ones(1, 2, 2))


def test_compose_and_lambda():
    chain = Compose([ToTensor(), Lambda(lambda x: x * 2), Normalize((1,), (0.5,))])
    assert chain(torch.full((1, 1), 255, dtype=torch.uint8)).item() == 2
    assert repr(chain) == (
        "Compose(\n    ToTensor()\n    Lambda()\n    Normalize(mean=(1,), std=(0.5,))\n)"
    )
    with pytest.raises(TypeError, match="Argument lambd should be callable, got 'int'"):
        Lambda(3)
