"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from torchlite import dtypes
from torchlite.core.tensor import Tensor
from torchlite.nn import functional as F
from torchlite.nn.modules.affine import add_affine, reset_affine
from torchlite.nn.modules.module import Module
from torchlite.nn.modules.spatial import check_dim
from torchlite.ops.creation.factories import ones, tensor, zeros


class _NormBase(Module):
    """Weight, bias and running statistics, each (num_features,) or None."""

    _version = 2

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
                 affine: bool = True, track_running_stats: bool = True, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        like = {"device": device, "dtype": dtype}
        add_affine(self, (num_features,), affine, bias, like)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **like) if tracked else None)
        self.register_buffer("running_var", ones(num_features, **like) if tracked else None)
        count = tensor(0, dtype=dtypes.int64) if tracked else None
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Reset the running mean to 0, the variance to 1 and the batch count to 0."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set weight 1, bias 0, and reset the running statistics."""
        self.reset_running_stats()
        if self.affine:
            reset_affine(self)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any,
                              *rest: Any) -> None:  # fmt: skip
        """Checkpoints before version 2 lack the batch count."""
        version, key = local_metadata.get("version"), f"{prefix}num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def extra_repr(self) -> str:
        """The number of channels, and all options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_NormBase):
    def forward(self, input: Tensor) -> Tensor:
        """`input`, normalised; training mode updates the running statistics."""
        self._check_input_dim(input)
        factor = 0.0 if self.momentum is None else self.momentum
        tracking = self.training and self.track_running_stats
        if tracking and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                factor = 1.0 / float(self.num_batches_tracked)
        mean, var = self.running_mean, self.running_var
        training = self.training or (mean is None and var is None)
        if self.training and not self.track_running_stats:
            mean = var = None
        return F.batch_norm(input, mean, var, self.weight, self.bias, training, factor, self.eps)


class BatchNorm1d(_BatchNorm):
    """Normalises each channel to mean 0 and variance 1, then scales by `weight` and adds `bias`.

    Source: Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167
    Training mode uses the statistics of the batch, and updates the running ones; evaluation mode
    uses the running ones.

    Args:
        num_features: Number of channels C.
        eps: Added to the variance. Default: 1e-5.
        momentum: Weight of a new batch in the running statistics; None: their cumulative average.
        affine: Whether there are a weight and a bias. Default: True.
        track_running_stats: Whether to keep running statistics; otherwise both modes use those of
            the batch. Default: True.
        bias: Whether there is a bias, if `affine`. Default: True.

    Shape: (N, C) or (N, C, L), unchanged. Raises: ValueError for other dimensions, and in training
    mode for a single value per channel.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        check_dim(input, 2, 3)


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d` for images. Shape: (N, C, H, W), unchanged."""

    def _check_input_dim(self, input: Tensor) -> None:
        check_dim(input, 4)


class BatchNorm3d(_BatchNorm):
    """`BatchNorm1d` for volumes. Shape: (N, C, D, H, W), unchanged."""

    def _check_input_dim(self, input: Tensor) -> None:
        check_dim(input, 5)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation over all processes of a group; here there is only one.

    `process_group` is accepted. Shape: (N, C, *), unchanged.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
                 affine: bool = True, track_running_stats: bool = True, process_group: Any = None,
                 device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """`module` with every batch normalisation in it replaced by one of this class."""
        converted = module
        if isinstance(module, _BatchNorm):
            converted = cls(
                module.num_features, module.eps, module.momentum, module.affine,
                module.track_running_stats, process_group, bias=module.bias is not None,
            )  # fmt: skip
            converted._parameters.update(module._parameters)
            converted._buffers.update(module._buffers)
            converted.training = module.training
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"]
