"""A camera's noise: a clean picture is taken back to the sensor, gets noise there, and goes through a camera again."""
