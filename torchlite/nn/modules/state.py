"""Saving the parameters and buffers of a module tree in a dict, and loading them."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from torchlite.autograd import no_grad
from torchlite.core.tensor import RemovableHandle, Tensor
from torchlite.nn.parameter import Parameter

EXTRA_STATE = "_extra_state"  # the key under which `get_extra_state` is saved


class IncompatibleKeys(NamedTuple):
    """Keys on which a module and the state dict it loaded disagree."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


class State:
    """The part of `Module` that saves and loads its state."""

    T_destination = TypeVar("T_destination", bound=dict)  # the dict that `state_dict` fills
    _version = 1

    if TYPE_CHECKING:  # what Module.__init__ sets

        def __getattr__(self, name: str) -> Any: ...

    def get_extra_state(self) -> Any:
        """What a state dict holds besides tensors; override this and `set_extra_state`."""
        raise RuntimeError(f"{type(self).__name__} does not override get_extra_state()")

    def set_extra_state(self, state: Any) -> None:
        """Restore what `get_extra_state` returned."""
        raise RuntimeError(f"{type(self).__name__} does not override set_extra_state()")

    # --- saving --------------------------------------------------------------------------------

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """An ``OrderedDict`` from name to tensor: parameters and persistent buffers.

        The tensors share memory with those of the module and are detached, unless `keep_vars`.
        Its attribute ``_metadata`` holds the version of each module.

        Args:
            destination: A dict to fill and return. Default: a new one.
            prefix: Prepended to every name.
            keep_vars: Whether to return the tensors themselves.
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module."
                "state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args))
            destination = given["destination"] if destination is None else destination
            prefix = prefix or given.get("prefix", "")
            keep_vars = keep_vars or given.get("keep_vars", False)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        return self._fill_state_dict(destination, prefix, keep_vars)

    def _fill_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> Any:
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                below = f"{prefix}{name}."
                module.state_dict(destination=destination, prefix=below, keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            result = hook(self, destination, prefix, metadata)
            if result is not None:
                if getattr(hook, "_from_public_api", False):
                    raise RuntimeError("state_dict post-hook must return None")
                destination = result
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Put the state of this module, without its submodules, into `destination`."""
        for name, tensor in self._own_state().items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not State.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def _own_state(self) -> dict[str, Tensor]:
        state = {name: p for name, p in self._parameters.items() if p is not None}
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                state[name] = buffer
        return state

    # --- loading -------------------------------------------------------------------------------

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy the tensors of `state_dict` into this module and its submodules.

        Args:
            state_dict: As `state_dict` returns it.
            strict: Whether its keys must be exactly those of this module.
            assign: Take the tensors of `state_dict` themselves, with their dtype, instead of
                copying; ``requires_grad`` stays that of the module.

        Returns: the keys missing from `state_dict`, and the unexpected ones.
        Raises: RuntimeError (as PyTorch) that lists missing and unexpected keys if `strict`, and
            shapes that differ; TypeError if `state_dict` is not a mapping.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        loading = _Loading(getattr(state_dict, "_metadata", None), assign)
        copied: Any = OrderedDict(state_dict)  # hooks may change it
        if loading.metadata is not None:
            copied._metadata = loading.metadata
        loading.load(self, copied, "")
        loading.check(self, strict)
        return IncompatibleKeys(loading.missing, loading.unexpected)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str,
                              local_metadata: dict[str, Any], strict: bool, missing_keys: list[str],
                              unexpected_keys: list[str],
                              error_msgs: list[str]) -> None:  # fmt: skip
        """Load the state of this module, without its submodules, and record any errors.

        `local_metadata` has the ``version`` that the state was saved with.
        """
        noted = missing_keys, unexpected_keys, error_msgs
        for hook, with_module in self._load_state_dict_pre_hooks.values():
            given = (self,) if with_module else ()
            hook(*given, state_dict, prefix, local_metadata, strict, *noted)
        assign = local_metadata.get("assign_to_params_buffers", False)
        own = self._own_state()
        for name, tensor in own.items():
            if prefix + name in state_dict:
                error = self._load_tensor(prefix, name, tensor, state_dict[prefix + name], assign)
                error_msgs += error
            elif strict:
                missing_keys.append(prefix + name)
        self._load_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys)
        if strict:
            unexpected_keys += self._unexpected(state_dict, prefix, own)

    def _load_tensor(
        self, prefix: str, name: str, tensor: Tensor, source: Any, assign: bool
    ) -> list[str]:
        """Load one tensor; returns the errors."""
        key = prefix + name
        if not isinstance(source, Tensor):
            return [
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
                f"object from checkpoint but received {type(source)}"
            ]
        if tensor.dim() == 0 and source.shape == (1,):
            source = source[0]  # how PyTorch before 0.4 saved scalars
        if source.shape != tensor.shape:
            return [
                f"size mismatch for {key}: copying a param with shape {source.shape} from "
                f"checkpoint, the shape in current model is {tensor.shape}."
            ]
        try:
            with no_grad():
                self._take(name, tensor, source, assign)
        except Exception as error:  # reported with all other errors, as PyTorch does
            return [
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{tensor.shape} and whose dimensions in the checkpoint are {source.shape}, "
                f"an exception occurred : {error.args}."
            ]
        return []

    def _take(self, name: str, tensor: Tensor, source: Tensor, assign: bool) -> None:
        if not assign:
            tensor.copy_(source)
            return
        if isinstance(tensor, Parameter):
            if isinstance(source, Parameter):
                source.requires_grad_(tensor.requires_grad)
            else:
                source = Parameter(source, requires_grad=tensor.requires_grad)
        setattr(self, name, source)

    def _load_extra_state(
        self, state_dict: dict, prefix: str, strict: bool, missing: list, unexpected: list
    ) -> None:
        key = prefix + EXTRA_STATE
        if type(self).set_extra_state is not State.set_extra_state:
            if key in state_dict:
                self.set_extra_state(state_dict[key])
            elif strict:
                missing.append(key)
        elif strict and key in state_dict:
            unexpected.append(key)

    def _unexpected(self, state_dict: dict, prefix: str, own: dict[str, Tensor]) -> list[str]:
        unexpected = []
        for key in state_dict:
            if key.startswith(prefix) and key != prefix + EXTRA_STATE:
                name, dot, _ = key[len(prefix) :].partition(".")
                if name not in (self._modules if dot else own):
                    unexpected.append(key)
        return unexpected

    # --- hooks ---------------------------------------------------------------------------------

    def register_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before the state is saved."""
        return _register(self._state_dict_pre_hooks, hook, hook)

    def register_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)``, which may change the dict."""
        hook._from_public_api = True  # type: ignore[attr-defined]
        return _register(self._state_dict_hooks, hook, hook)

    def _register_state_dict_hook(self, hook: Callable) -> RemovableHandle:
        """As `register_state_dict_post_hook`, but the hook may return another dict."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        return _register(self._state_dict_hooks, hook, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, *arguments of _load_from_state_dict)`` before loading."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable, with_module: bool = False
    ) -> RemovableHandle:
        return _register(self._load_state_dict_pre_hooks, hook, (hook, with_module))

    def register_load_state_dict_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)``, which may change them, after loading."""
        return _register(self._load_state_dict_post_hooks, hook, hook)


def _register(hooks: OrderedDict, hook: Callable, value: Any) -> RemovableHandle:
    if not callable(hook):
        raise TypeError(f"a hook must be callable, got {type(hook).__name__}")
    return RemovableHandle(hooks, value)


class _Loading:
    """What one `load_state_dict` records while it walks over the modules."""

    def __init__(self, metadata: Any, assign: bool) -> None:
        self.metadata, self.assign = metadata, assign
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.errors: list[str] = []

    def load(self, module: Any, state_dict: dict[str, Any], prefix: str) -> None:
        local = {} if self.metadata is None else self.metadata.get(prefix[:-1], {})
        if self.assign:
            local = {**local, "assign_to_params_buffers": True}
        noted = self.missing, self.unexpected, self.errors
        module._load_from_state_dict(state_dict, prefix, local, True, *noted)
        for name, child in module._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                part = {key: v for key, v in state_dict.items() if key.startswith(below)}
                self.load(child, part, below)
        keys = IncompatibleKeys(self.missing, self.unexpected)
        for hook in module._load_state_dict_post_hooks.values():
            if hook(module, keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected "
                    "to return new values, if incompatible_keys need to be modified, it should be "
                    "done inplace."
                )

    def check(self, module: Any, strict: bool) -> None:
        """Raise RuntimeError if anything is wrong."""
        errors = list(self.errors)
        if strict:
            if self.unexpected:
                errors.insert(0, f"Unexpected key(s) in state_dict: {_quoted(self.unexpected)}. ")
            if self.missing:
                errors.insert(0, f"Missing key(s) in state_dict: {_quoted(self.missing)}. ")
        if errors:
            listed = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(module).__name__}:\n\t{listed}"
            )


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)
