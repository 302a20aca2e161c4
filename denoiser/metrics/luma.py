"""Luma of ITU-R BT.601: the brightness of a colour image as a weighted sum of red, green and blue."""

LUMA = (0.299, 0.587, 0.114)
"""The weights of red, green and blue; those of Pillow's `convert("L")` and of JPEG."""
STUDIO_SWING = 219
"""White minus black in studio range, 16 to 235 in grey levels of 255; in full range it is 255."""
