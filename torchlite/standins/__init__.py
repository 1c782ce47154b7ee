"""PyTorch's namespaces for what a CPU library lacks, so that programs can ask."""
