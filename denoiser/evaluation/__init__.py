"""Methods scored on the same pictures with the same noise."""
