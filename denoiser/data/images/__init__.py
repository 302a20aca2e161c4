"""Picture files: as 8-bit tensors for training, and as photos at full depth with their metadata."""
