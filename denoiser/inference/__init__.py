"""Models as functions of pictures: padding, tiles, and numpy, torch and Pillow in and out."""
