"""DataParallel without accelerators: the module itself."""

import torchlite as torch
from torchlite import nn


def test_it_is_the_module():
    module = nn.Linear(2, 3)
    parallel = nn.DataParallel(module, device_ids=[0])
    x = torch.randn(4, 2)
    assert parallel.module is module and parallel.device_ids == []
    assert torch.equal(parallel(x), module(x))
    assert list(parallel.state_dict()) == ["module.weight", "module.bias"]
    assert nn.parallel.DataParallel is nn.DataParallel
