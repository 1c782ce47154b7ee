"""Saving and loading the state of modules."""

from collections import OrderedDict

import pytest

import torchlite as torch
from torchlite import nn


def model():
    return nn.Sequential(OrderedDict(first=nn.Linear(2, 3), second=nn.Linear(3, 1, bias=False)))


def test_state_dict_shares_memory_and_has_metadata():
    module = model()
    state = module.state_dict()
    assert list(state) == ["first.weight", "first.bias", "second.weight"]
    assert type(state) is OrderedDict and not state["first.bias"].requires_grad
    assert state._metadata[""] == {"version": 1} and list(state._metadata) == [
        "",
        "first",
        "second",
    ]
    state["first.bias"].fill_(7)
    assert module.first.bias.tolist() == [7, 7, 7]
    assert module.state_dict(keep_vars=True)["first.bias"] is module.first.bias
    assert next(iter(module.state_dict(prefix="m."))) == "m.first.weight"
    destination = {}
    assert module.state_dict(destination=destination) is destination and len(destination) == 3
    with pytest.warns(FutureWarning, match="Positional args are being deprecated"):
        module.state_dict({}, "m.")


def test_loading_copies_into_the_same_parameters():
    source, module = model(), model()
    weight = module.first.weight
    result = module.load_state_dict(source.state_dict())
    assert str(result) == "<All keys matched successfully>"
    assert result.missing_keys == [] and result.unexpected_keys == []
    assert module.first.weight is weight and (weight == source.first.weight).all()
    with torch.no_grad():
        source.first.weight.zero_()
    assert not (weight == 0).all()


def test_loading_converts_the_dtype_unless_assigned():
    module, state = model(), model().double().state_dict()
    module.load_state_dict(state)
    assert module.first.weight.dtype is torch.float32
    module.first.weight.requires_grad_(False)
    module.load_state_dict(state, assign=True)
    assert module.first.weight.dtype is torch.float64
    assert isinstance(module.first.weight, nn.Parameter)
    assert not module.first.weight.requires_grad and module.first.bias.requires_grad


def test_all_errors_come_at_once():
    state = model().state_dict()
    state["first.weight"] = torch.ones(3, 3)
    state["extra"] = torch.ones(1)
    del state["first.bias"]
    state["second.weight"] = 3
    with pytest.raises(RuntimeError) as caught:
        model().load_state_dict(state)
    assert str(caught.value).split("\n\t") == [
        "Error(s) in loading state_dict for Sequential:",
        'Missing key(s) in state_dict: "first.bias". ',
        'Unexpected key(s) in state_dict: "extra". ',
        "size mismatch for first.weight: copying a param with shape torch.Size([3, 3]) from "
        "checkpoint, the shape in current model is torch.Size([3, 2]).",
        'While copying the parameter named "second.weight", expected torch.Tensor or Tensor-like '
        "object from checkpoint but received <class 'int'>",
    ]


def test_loose_loading_reports_keys():
    result = model().load_state_dict({"other": torch.ones(1)}, strict=False)
    assert result.missing_keys == ["first.weight", "first.bias", "second.weight"]
    assert result.unexpected_keys == ["other"]
    assert repr(result).startswith("_IncompatibleKeys(missing_keys=['first.weight'")
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'int'>"):
        model().load_state_dict(3)


def test_a_single_number_loads_from_one_element():
    module = nn.Module()
    module.scale = nn.Parameter(torch.tensor(1.0))
    module.load_state_dict({"scale": torch.tensor([5.0])})
    assert module.scale.item() == 5


def test_extra_state_is_saved_and_loaded():
    class Counter(nn.Module):
        count = 0

        def get_extra_state(self):
            return self.count

        def set_extra_state(self, state):
            self.count = state

    source, target = Counter(), Counter()
    source.count = 5
    assert source.state_dict() == {"_extra_state": 5}
    target.load_state_dict(source.state_dict())
    assert target.count == 5
    with pytest.raises(RuntimeError, match=r'Missing key.*"_extra_state"'):
        target.load_state_dict({})
    with pytest.raises(RuntimeError, match=r'Unexpected key.*"_extra_state"'):
        nn.ReLU().load_state_dict({"_extra_state": 1})


def test_version_reaches_loading():
    class Versioned(nn.Module):
        _version = 3

        def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
            self.loaded = local_metadata.get("version")
            super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    module = nn.Sequential(Versioned())
    module.load_state_dict(module.state_dict())
    assert module[0].loaded == 3
    module.load_state_dict({})
    assert module[0].loaded is None


def test_hooks_of_saving():
    module, calls = nn.Linear(1, 1), []
    module.register_state_dict_pre_hook(lambda m, prefix, keep: calls.append((prefix, keep)))
    handle = module.register_state_dict_post_hook(lambda m, state, prefix, meta: state.clear())
    assert module.state_dict() == {} and calls == [("", False)]
    handle.remove()
    module.register_state_dict_post_hook(lambda *_: {})
    with pytest.raises(RuntimeError, match="post-hook must return None"):
        module.state_dict()


def test_hooks_of_loading():
    module = nn.Linear(1, 1, bias=False)

    def rename(m, state, prefix, *_):
        assert m is module
        state[prefix + "weight"] = state.pop(prefix + "old")

    module.register_load_state_dict_pre_hook(rename)
    module.load_state_dict({"old": torch.full((1, 1), 4.0)})
    assert module.weight.item() == 4
    module.register_load_state_dict_post_hook(lambda m, keys: keys.unexpected_keys.clear())
    module.load_state_dict({"old": torch.zeros(1, 1), "more": 1})
    assert module.weight.item() == 0
