"""What the tables of samples are written with."""


def call(*args, **kwargs):
    """The arguments of one call."""
    return args, kwargs


def valued(value, draw):
    """An entry with its reference: `draw`, whose calls must return ``value(*args, **kwargs)``."""

    def drawn(d):
        return draw(d)

    drawn.value = value
    return drawn


def each(groups):
    """A table with an entry for each of the names in the keys."""
    return {name: entry for names, entry in groups.items() for name in names.split()}
