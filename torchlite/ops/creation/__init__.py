"""New tensors, conversions, and what a tensor is asked about itself."""
