"""Run folders to make pages of, and what a page says."""

import json
from html.parser import HTMLParser

import numpy as np
from PIL import Image


def result(**changes):
    row = {"method": "unet", "data": "photos", "noise": "gaussian", "sigma": 25, "n_images": 5}
    return row | {"psnr": 28.57, "ssim": 0.81, "psnr_noisy": 20.17, "ssim_noisy": 0.41} | changes


def make_run(folder, rows=None, overrides=(), **changes):
    """A run folder with results.json and overrides; `changes` are keys of results.json."""
    (folder / ".hydra").mkdir(parents=True)
    facts = {"status": "ok", "protocol": "published", "seed": 0, "commit": None, "command": "denoiser run model=unet"}
    facts |= {"device": "cpu", "seconds": 312.4, "params": 3721152, "macs": 8512000000, "train_data": "synthetic"}
    facts |= {"train_images": 400, "epochs": 2, "steps": 18, "error": None}
    facts |= {"rows": [result()] if rows is None else rows}
    (folder / "results.json").write_text(json.dumps(facts | changes))
    (folder / ".hydra/overrides.yaml").write_text(json.dumps(list(overrides)))
    return folder


def add_strip(folder, name="best.png", size=(8, 6), gaps=2, **changes):
    """A strip of four panels of random pixels, each `size` wide and high, and its entry in images/index.json."""
    (folder / "images").mkdir(exist_ok=True)
    shape = (size[1], 4 * size[0] + 3 * gaps, 3)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)).save(folder / "images/best.png")
    entry = {"rank": "best", "sigma": 25, "image": "coffee", "file": name}
    entry |= {"psnr_noisy": 20.1, "psnr": 30.4, "ssim": 0.9} | changes
    (folder / "images/index.json").write_text(json.dumps([entry]))


class Page(HTMLParser):
    """What a page says, its elements, and every address in it."""

    def __init__(self, path):
        super().__init__()
        self.source, self.tags, self.loads, self.words = path.read_text(), [], [], []
        self.feed(self.source)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for key, value in attrs if key in ("src", "href", "xlink:href", "srcset")]

    def handle_data(self, data):
        self.words.append(data)
