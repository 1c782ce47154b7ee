"""Modules that infer the width of their input from the first one."""

from __future__ import annotations

from typing import Any

from torchlite.autograd import no_grad
from torchlite.core.tensor import Tensor
from torchlite.nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from torchlite.nn.modules.instancenorm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from torchlite.nn.modules.linear import Linear
from torchlite.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from torchlite.ops.creation.factories import tensor


class LazyModuleMixin:
    """Makes a module lazy; it comes before `Module` among the bases.

    A subclass sets `UninitializedParameter` and `UninitializedBuffer` as attributes and defines
    ``initialize_parameters(*input)``, which is called before the first forward. Then, or when a
    state dict with shapes is loaded, the module becomes a `cls_to_become`.
    """

    cls_to_become: type | None = None

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(
            self._infer_parameters, with_kwargs=True
        )

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialise the uninitialised tensors for this input; every subclass defines it."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self: Any) -> bool:
        """Whether a parameter or buffer still has no shape."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def _infer_parameters(self, module: Any, args: tuple, kwargs: dict | None = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
        for name in ("_initialize_hook", "_load_hook"):
            getattr(module, name).remove()
            delattr(module, name)
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _lazy_load_hook(self: Any, state_dict: dict, prefix: str, *rest: Any) -> None:
        for name, own in (*self._parameters.items(), *self._buffers.items()):
            loaded = state_dict.get(prefix + name)
            if is_lazy(own) and isinstance(loaded, Tensor) and not is_lazy(loaded):
                own.materialize(loaded.shape)

    def _load_tensor(self, prefix: str, name: str, own: Tensor, source: Any,
                     assign: bool) -> list[str]:  # fmt: skip
        """Nothing to do if neither side has a shape."""
        if is_lazy(own) and is_lazy(source):
            return []
        return super()._load_tensor(prefix, name, own, source, assign)  # type: ignore[misc]


class LazyLayer(LazyModuleMixin):
    """A lazy layer with a weight and optionally a bias."""

    #: The attribute that is inferred from the first input; 0 until then.
    _width: str

    def _postpone(self: Any, bias: bool, like: dict[str, Any]) -> None:
        """Leave the shapes of the weight, and of the bias if there is one, undetermined."""
        self.register_parameter("weight", UninitializedParameter(**like))
        if bias:
            self.register_parameter("bias", UninitializedParameter(**like))

    def reset_parameters(self: Any) -> None:
        """Reinitialise the parameters, if they have a shape."""
        if not self.has_uninitialized_params() and getattr(self, self._width) != 0:
            super().reset_parameters()  # type: ignore[misc]


class LazyLinear(LazyLayer, Linear):
    """A `Linear` that takes `in_features` from its first input."""

    cls_to_become = Linear
    _width = "in_features"
    weight: Any  # a Parameter once its shape is known

    def __init__(
        self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self._postpone(bias, {"device": device, "dtype": dtype})

    def initialize_parameters(self, input: Tensor) -> None:  # type: ignore[override]
        """Take `in_features` from `input`."""
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = input.shape[-1]
                self.weight.materialize((self.out_features, self.in_features))
                if self.bias is not None:
                    self.bias.materialize((self.out_features,))
                self.reset_parameters()
        if self.in_features == 0:
            if input.shape[-1] != self.weight.shape[-1]:
                raise AssertionError(
                    f"The in_features inferred from input: {input.shape[-1]} is not equal to "
                    f"in_features from self.weight: {self.weight.shape[-1]}"
                )
            self.in_features = input.shape[-1]


class _LazyNorm(LazyLayer):
    """A normalisation layer that takes `num_features` from its first input."""

    _width = "num_features"

    def __init__(self: Any, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:  # fmt: skip
        like = {"device": device, "dtype": dtype}
        super().__init__(0, eps, momentum, False, False, **like, bias=False)
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self._postpone(bias, like)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**like)
            self.running_var = UninitializedBuffer(**like)
            self.num_batches_tracked = tensor(0)

    def initialize_parameters(self: Any, input: Tensor) -> None:
        """Take `num_features` from `input`."""
        if not self.has_uninitialized_params():
            return
        self.num_features = input.shape[1]
        for x in (self.weight, self.bias, self.running_mean, self.running_var):
            if x is not None:
                x.materialize((self.num_features,))
        self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A `BatchNorm1d` that takes `num_features` from its first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A `BatchNorm2d` that takes `num_features` from its first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A `BatchNorm3d` that takes `num_features` from its first input."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """An `InstanceNorm1d` that takes `num_features` from its first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """An `InstanceNorm2d` that takes `num_features` from its first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """An `InstanceNorm3d` that takes `num_features` from its first input."""

    cls_to_become = InstanceNorm3d

__all__ = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyInstanceNorm1d",
    "LazyInstanceNorm2d", "LazyInstanceNorm3d", "LazyLinear",
]  # fmt: skip
