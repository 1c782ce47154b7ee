"""Switches of PyTorch's libraries (cuDNN, MKL, ...): remembered, without effect."""
