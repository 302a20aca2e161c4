"""The splits of a dataset."""

SPLITS = ("train", "val", "test")


def keys(data):
    """The keys of the pictures of each split."""
    return {split: set(data.split(split).keys) for split in SPLITS}
