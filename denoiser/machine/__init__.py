"""The machine below: files, memory, signals, devices."""
