"""The older name of `torchlite.hub.load_state_dict_from_url`."""

from torchlite.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
