"""The older name of `torchlite.namespaces.hub.load_state_dict_from_url`."""

from torchlite.namespaces.hub import load_state_dict_from_url as load_url

__all__ = ["load_url"]
