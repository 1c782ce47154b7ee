"""SummaryWriter, which writes logs for TensorBoard through the package tensorboardX."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NoReturn

from torchlite.core.tensor import Tensor

__all__ = ["SummaryWriter"]


class SummaryWriter:
    """Writes scalars, images, texts... to a directory for TensorBoard; tensors may be on a graph.

    Besides the methods below it has those of ``tensorboardX.SummaryWriter``: `add_figure`,
    `add_video`, `add_audio`, `add_embedding`, `add_pr_curve`, `add_mesh`, `add_custom_scalars`...

    Args:
        log_dir: The directory. Default: a new one, ``runs/<time>_<host><comment>``.
        comment: Suffix of the default name.
        purge_step: Discard an earlier run's events from this step on.
        max_queue: Write when this many events are pending...
        flush_secs: ... or when this many seconds have passed.
        filename_suffix: Suffix of file names.

    Raises: ImportError if tensorboardX is not installed.
    Example: ``with SummaryWriter() as writer: writer.add_scalar("loss", loss, step)``
    """

    def __init__(self, log_dir: Any = None, comment: str = "", purge_step: int | None = None,
                 max_queue: int = 10, flush_secs: int = 120,
                 filename_suffix: str = "") -> None:  # fmt: skip
        self._writer = _tensorboardx().SummaryWriter(
            logdir=None if log_dir is None else str(log_dir), comment=comment,
            purge_step=purge_step, max_queue=max_queue, flush_secs=flush_secs,
            filename_suffix=filename_suffix,
        )  # fmt: skip
        self.log_dir = self._writer.logdir

    def get_logdir(self) -> str:
        """The directory of the logs."""
        return self.log_dir

    def add_scalar(self, tag: str, scalar_value: Any, global_step: int | None = None,
                   walltime: float | None = None, new_style: bool = False,
                   double_precision: bool = False) -> None:  # fmt: skip
        """Add a number; `new_style` and `double_precision` are accepted but have no effect."""
        self._writer.add_scalar(tag, _plain(scalar_value), global_step, walltime)

    def add_hparams(self, hparam_dict: Mapping[str, Any], metric_dict: Mapping[str, Any],
                    hparam_domain_discrete: Mapping[str, Any] | None = None,
                    run_name: str | None = None,
                    global_step: int | None = None) -> None:  # fmt: skip
        """Add the settings of a run and its results; `hparam_domain_discrete` has no effect.

        Raises: TypeError if the first two are not dicts.
        """
        if not (isinstance(hparam_dict, dict) and isinstance(metric_dict, dict)):
            raise TypeError("hparam_dict and metric_dict should be dictionary.")
        self._writer.add_hparams(_plain(hparam_dict), _plain(metric_dict), run_name, global_step)

    def add_graph(self, model: Any, input_to_model: Any = None, verbose: bool = False,
                  use_strict_trace: bool = True) -> NoReturn:  # fmt: skip
        """Raises NotImplementedError: there is no TorchScript graph to show."""
        raise NotImplementedError(
            "SummaryWriter.add_graph is not supported: torchlite has no TorchScript to trace with"
        )

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_"):
            raise AttributeError(f"'SummaryWriter' object has no attribute {name!r}")
        return _with_plain_arguments(getattr(self._writer, name))

    def flush(self) -> None:
        """Write all pending events to the file."""
        self._writer.flush()

    def close(self) -> None:
        """Write all pending events, and close the files."""
        self._writer.close()

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _tensorboardx() -> Any:
    try:
        return importlib.import_module("tensorboardX")
    except ImportError as error:
        raise ImportError(
            "torchlite.utils.tensorboard needs the package tensorboardX: "
            "pip install 'torchlite[tensorboard]'"
        ) from error


def _with_plain_arguments(method: Callable) -> Callable:
    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        return method(*_plain(args), **_plain(kwargs))

    return call


def _plain(value: Any) -> Any:
    """`value` with its tensors, at any depth, as arrays."""
    if isinstance(value, Tensor):
        return value.detach().numpy()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(map(_plain, value))
    return value
