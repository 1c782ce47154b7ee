"""Helpers of `nn.utils`, without PyTorch to compare with."""

import copy
import pickle

import pytest

import torchlite as torch
import torchlite.nn.utils.prune
from torchlite.nn import utils


def test_clipping_scales_all_gradients_by_one_factor():
    a, b = (torch.zeros(2, requires_grad=True) for _ in range(2))
    a.grad, b.grad = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0])
    assert utils.clip_grad_norm_([a, b], 1.0).item() == 5
    assert a.grad.tolist() == pytest.approx([0.6, 0], abs=1e-6)
    assert b.grad.tolist() == pytest.approx([0, 0.8], abs=1e-6)
    utils.clip_grad_value_([a, b], 0.7)
    assert b.grad.tolist() == pytest.approx([0, 0.7])


def test_an_empty_generator_is_noticed():
    with pytest.warns(UserWarning, match="empty generator"):
        utils.clip_grad_norm_((p for p in ()), 1.0)


def test_a_vector_that_is_too_short_changes_nothing():
    a, b = (torch.ones(2, requires_grad=True) for _ in range(2))
    with pytest.raises(RuntimeError, match="invalid for input of size 1"):
        utils.vector_to_parameters(torch.zeros(3), [a, b])
    assert a.tolist() == b.tolist() == [1, 1]


def test_skip_init_uses_no_random_numbers():
    torch.manual_seed(0)
    expected = torch.rand(1).item()
    torch.manual_seed(0)
    module = utils.skip_init(torch.nn.Linear, 3, 4)
    assert module.weight.shape == (4, 3) and module.weight.requires_grad
    assert torch.rand(1).item() == expected


def test_packing_stores_each_step_once():
    rows = [torch.tensor([1, 2]), torch.tensor([3, 4, 5])]
    packed = utils.rnn.pack_sequence(rows, enforce_sorted=False)
    assert packed.data.tolist() == [3, 1, 4, 2, 5]
    assert packed.batch_sizes.tolist() == [2, 2, 1]
    assert [row.tolist() for row in utils.rnn.unpack_sequence(packed)] == [[1, 2], [3, 4, 5]]
    assert utils.rnn.pad_sequence(rows, True, 9, "left").tolist() == [[9, 1, 2], [3, 4, 5]]


def test_lengths_beyond_the_padding_are_refused():
    with pytest.raises(RuntimeError, match="at most 2"):
        utils.rnn.pack_padded_sequence(torch.ones(2, 1), [3])


def test_a_parametrized_module_is_not_pickled():
    module = utils.parametrizations.spectral_norm(torch.nn.Linear(2, 2))
    with pytest.raises(RuntimeError, match="state_dict"):
        pickle.dumps(module)
    twin = copy.deepcopy(module.eval())
    assert twin.weight.tolist() == module.weight.tolist()


def test_an_assignment_that_is_refused_changes_nothing():
    module = utils.parametrizations.weight_norm(torch.nn.Linear(2, 2))
    before = module.weight.tolist()
    with pytest.raises(ValueError, match="dtype"):
        module.weight = torch.ones(2, 2, dtype=torch.float64)
    assert module.weight.tolist() == before


def test_pruned_elements_stay_zero_in_training():
    module = torch.nn.Linear(2, 1)
    utils.prune.custom_from_mask(module, "weight", torch.tensor([[1.0, 0.0]]))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        module(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    utils.prune.remove(module, "weight")
    assert module.weight[0, 1].item() == 0 and module.weight[0, 0].item() != 0
