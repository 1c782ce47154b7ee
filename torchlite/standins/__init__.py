"""Stand-ins for PyTorch's namespaces that a CPU library lacks, so that programs can query them."""
