"""Many pictures at once: which, in which process, read ahead and written behind the model."""
