"""The state of optimizers, as dicts that are saved and loaded."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from copy import deepcopy
from itertools import chain
from typing import Any

from torchlite import dtypes
from torchlite.backends.registry import current
from torchlite.core.tensor import Tensor, wrap
from torchlite.optim.hooks import HOOKS, Hooks


class State(Hooks):
    """The part of `Optimizer` that handles state dicts and pickles."""

    #: Names of states with the shape of their parameter, which `load_state_dict` checks.
    _shaped_like_parameter: tuple[str, ...] = ()
    defaults: dict[str, Any]
    state: defaultdict[Any, Any]
    param_groups: list[dict[str, Any]]

    def state_dict(self) -> dict[str, Any]:
        """``{"state": {number: {...}}, "param_groups": [{..., "params": [numbers]}]}``.

        Parameters are numbered in the order of the groups. The tensors are not copied.
        """
        for hook in self._hooks("state_dict_pre"):
            hook(self)
        params = chain.from_iterable(group["params"] for group in self.param_groups)
        number: dict[int, int] = {}
        for p in params:
            number.setdefault(id(p), len(number))
        groups = []
        for group in self.param_groups:
            packed = {k: v for k, v in group.items() if k != "params"}
            groups.append({**packed, "params": [number[id(p)] for p in group["params"]]})
        state = {number[id(k)] if isinstance(k, Tensor) else k: v for k, v in self.state.items()}
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._hooks("state_dict_post"):
            replaced = hook(self, result)
            result = result if replaced is None else replaced
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore options and a copy of the state from what `state_dict` returned.

        Floating-point state is converted to the dtype of its parameter.
        Raises: ValueError if the groups differ in number or size, or a state in shape from its
        parameter; the optimizer is unchanged then.
        """
        state_dict = state_dict.copy()
        for hook in self._hooks("load_state_dict_pre"):
            replaced = hook(self, state_dict)
            state_dict = state_dict if replaced is None else replaced
        saved = deepcopy(state_dict["param_groups"])
        parameter = self._match(saved)
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in parameter:
                self._check_shapes(key, value, parameter[key])
                state[parameter[key]] = _converted(value, parameter[key])
            else:
                state[key] = value
        groups = []
        for group, new in zip(self.param_groups, saved):
            kept = {"param_names": group["param_names"]} if "param_names" in group else {}
            groups.append({**kept, **new, "params": group["params"]})
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in self._hooks("load_state_dict_post"):
            hook(self)

    def _match(self, saved: list[dict[str, Any]]) -> dict[int, Tensor]:
        """The parameters by their numbers in the saved groups."""
        if len(saved) != len(self.param_groups):
            raise ValueError(
                "loaded state dict has a different number of parameter groups\n"
                f"The optimizer has {len(self.param_groups)}, the state dict {len(saved)}."
            )
        for i, (group, new) in enumerate(zip(self.param_groups, saved)):
            if len(group["params"]) != len(new["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    f"optimizer's group\nGroup {i} of the optimizer has {len(group['params'])} "
                    f"parameters, that of the state dict {len(new['params'])}."
                )
        numbers = chain.from_iterable(group["params"] for group in saved)
        return dict(zip(numbers, chain.from_iterable(g["params"] for g in self.param_groups)))

    def _check_shapes(self, number: int, state: dict[str, Any], p: Tensor) -> None:
        for name in self._shaped_like_parameter:
            value = state.get(name)
            if isinstance(value, Tensor) and value.shape != p.shape:
                raise ValueError(
                    f"loaded state dict has {name} of shape {tuple(value.shape)} for parameter "
                    f"{number} of shape {tuple(p.shape)}"
                )

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in ("defaults", "state", "param_groups")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in HOOKS:  # hooks are not pickled
            self.__dict__.setdefault(name, OrderedDict())
        for group in self.param_groups:  # saved by a version that had fewer options
            for name, default in self.defaults.items():
                group.setdefault(name, default)


def _converted(value: Any, p: Tensor, key: str | None = None) -> Any:
    """A copy of a saved state; floating-point values take the parameter's dtype."""
    if isinstance(value, Tensor):
        floating = p.dtype.category >= dtypes.FLOAT and key != "step"
        return wrap(current().astype(value._data, p.dtype if floating else value.dtype))
    if isinstance(value, dict):
        return {k: _converted(v, p, k) for k, v in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_converted(v, p) for v in value)
    return value
