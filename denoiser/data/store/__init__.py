"""The store of named datasets: downloads, archives and their checks."""
