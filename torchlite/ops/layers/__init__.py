"""The arithmetic of layers: activations, products, windows, normalization."""
