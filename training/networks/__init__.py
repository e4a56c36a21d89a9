"""The networks of the unified model in PyTorch, with the tensor names of the official layout."""


def load(folder):
    """The embedded model, ready to create, edit and answer (see `model.Model`)."""
    from .model import Model

    return Model(folder)
