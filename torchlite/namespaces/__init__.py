"""PyTorch's smaller namespaces: `torch.hub` is `torchlite/namespaces/hub.py`."""
