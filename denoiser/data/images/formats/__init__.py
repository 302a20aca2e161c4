"""One file for each picture format."""
