"""The `denoiser` script: its verbs, arguments and errors."""
