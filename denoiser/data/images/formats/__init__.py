"""The formats of picture files, one module each, and what they share."""
