"""The operations of layers: activations, products, windows, normalization."""
