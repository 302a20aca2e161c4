"""What a network learns from: one file for each objective."""
