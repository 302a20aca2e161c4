"""The noise of cameras: a clean picture is converted back to sensor data, gets noise there, and is processed again.

`camera.Camera` is the choice `noise=camera` of configurations, and `correlated.Correlated` is `noise=correlated`. The
steps are a library too, for scripts that train networks for photographs.
"""
