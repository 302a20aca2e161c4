"""The noise of cameras: a clean picture is converted back to sensor data, gets noise there, and is processed again.

Scripts that train networks for photographs use this package as a library. It is no choice of `noise=` in configurations
yet, so `denoiser run noise=camera` does not exist.
"""
