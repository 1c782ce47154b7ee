"""Data pipes: composable streams (`iter`) and maps (`map`) of samples."""

from torchlite.utils.data.datapipes import iter, map
