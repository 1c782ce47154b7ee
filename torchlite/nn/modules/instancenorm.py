"""Normalisation of each channel of each sample."""

from __future__ import annotations

import warnings
from typing import Any

from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.modules.batchnorm import _NormBase
from torchlite.nn.modules.spatial import check_dim


class _InstanceNorm(_NormBase):
    spatial = 0  # dimensions after the channels

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1,
                 affine: bool = False, track_running_stats: bool = False, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _check_input_dim(self, input: Tensor) -> None:
        check_dim(input, self.spatial + 1, self.spatial + 2)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool,
                              missing_keys: list, unexpected_keys: list,
                              error_msgs: list) -> None:  # fmt: skip
        """Checkpoints without a version may have running statistics that were never used."""
        if local_metadata.get("version") is None and not self.track_running_stats:
            names = [n for n in ("running_mean", "running_var") if prefix + n in state_dict]
            if names:
                kind = type(self).__name__
                error_msgs.append(
                    f"Unexpected running stats buffer(s) {' and '.join(map(repr, names))} for "
                    f"{kind} with track_running_stats=False. Remove these keys from the "
                    f"state_dict, or set track_running_stats=True in {kind} to use them."
                )
            for name in names:
                state_dict.pop(prefix + name)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def forward(self, input: Tensor) -> Tensor:
        """`input`, each channel of each sample normalised over its spatial dimensions."""
        self._check_input_dim(input)
        dim = input.dim() - self.spatial - 1
        if input.size(dim) != self.num_features:
            self._complain(dim, input.size(dim))
        if dim == 0:
            return self._normalized(input.unsqueeze(0)).squeeze(0)
        return self._normalized(input)

    def _complain(self, dim: int, size: int) -> None:
        if self.affine:
            raise ValueError(
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), "
                f"but got: {size}."
            )
        warnings.warn(
            f"input's size at dim={dim} does not match num_features. You can silence this warning "
            "by not passing in num_features, which is not used because affine=False",
            stacklevel=3,
        )

    def _normalized(self, input: Tensor) -> Tensor:
        own = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        return F.instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, own, momentum,
            self.eps,
        )  # fmt: skip


class InstanceNorm1d(_InstanceNorm):
    """Normalises each channel of each sample to mean 0 and variance 1.

    Source: Ulyanov, Vedaldi and Lempitsky 2016, https://arxiv.org/abs/1607.08022
    Arguments as for `BatchNorm1d`; affine and track_running_stats are False by default.
    Shape: (N, C, L) or (C, L), unchanged. Raises: ValueError for other dimensions, or for L = 1.
    """

    spatial = 1


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` for images. Shape: (N, C, H, W) or (C, H, W), unchanged."""

    spatial = 2


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d` for volumes. Shape: (N, C, D, H, W) or (C, D, H, W), unchanged."""

    spatial = 3

__all__ = ["InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]
