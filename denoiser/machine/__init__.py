"""The machine: files, memory, signals, devices and the processes of a launcher."""
