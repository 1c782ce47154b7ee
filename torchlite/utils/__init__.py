"""Helpers around training: data loading in `torchlite.utils.data`."""

from torchlite.utils import data

__all__ = ["data"]
