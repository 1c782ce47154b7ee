"""Data pipes: streams (`iter`) and maps (`map`) of samples, made of one another."""

from torchlite.utils.data.datapipes import iter, map
