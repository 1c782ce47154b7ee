"""Of which release this is."""

__version__ = "0.1.0"
cuda = hip = xpu = None  # what PyTorch may have been built with
debug = False
git_version = "Unknown"
