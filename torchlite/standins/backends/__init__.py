"""Flags of PyTorch's libraries (cuDNN, MKL, ...): stored, but without effect."""
