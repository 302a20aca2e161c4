"""Classical denoisers, a file each: `nlm.py` is `baseline=nlm`, without being listed anywhere.

A file has a function `denoise(image, sigma)`. The image is float32 `(H, W)` or `(H, W, 3)`, nominally in [0, 1] and not
clipped, and may be changed in place; sigma is above 0 and in the same unit. The output has the same shape and is not
clipped. A file that needs a package which may be missing has a function `check()`, too, see `bm3d.py`.
"""
