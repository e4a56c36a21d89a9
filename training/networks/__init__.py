"""The networks of the unified model in PyTorch, with the tensor names of the official layout."""
