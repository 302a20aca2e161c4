"""Run folders to make pages of, and the text of a page."""

import json
import tempfile
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from PIL import Image

from denoiser.runs.reading import read


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


def parsed(**content):
    """The run that a results.json of this content describes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "results.json").write_text(json.dumps(content))
        return read(Path(folder))


def make_evaluation(folder, methods=("unet", "nlm"), sigmas=(15, 50), leak=(), images=3, further=(), **changes):
    """An evaluation's folder: rows, methods, comparisons and a results.csv; the first method is 1 dB above the next."""
    rows, lines = [], []
    for i, method in enumerate(methods):
        for sigma in sigmas:
            found = {"psnr": 36 - sigma / 5 - i, "psnr_interval": [28.125, 31], "ssim_interval": None}
            rows.append(
                result(method=method, sigma=sigma, n_images=images, seconds_per_megapixel=0.25, **found) | dict(further)
            )
            lines += [f"{method},photos,gaussian,{sigma},p{j},{found['psnr'] - j},0.8,20,0.4" for j in range(images)]
    one = {"data": "photos", "noise": "gaussian", "sigma": 15, "n_images": images, "psnr": 1.0, "interval": [-0.25, 2]}
    facts = [{"method": method, "kind": "baseline", "architecture": method.upper(), "leak": []} for method in methods]
    facts[0] |= {"kind": "checkpoint", "source": "best.ckpt", "sha256": "ab" * 32, "trained_sigma": [0, 55]}
    facts[0] |= {"trained_on": "bsds500", "params": 556032, "macs": 36_400_000_000, "leak": list(leak)}
    compared = [one | {"a": methods[0], "b": other} for other in methods[1:]]
    make_run(folder, rows, kind="evaluation", methods=facts, comparisons=compared, draws=4, **changes)
    head = "method,data,noise,sigma,image,psnr,ssim,psnr_noisy,ssim_noisy"
    (folder / "results.csv").write_text("\n".join([head, *lines]) + "\n")
    return folder


def noise(width, height, channels=3, seed=0):
    """A picture that no format makes small."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(pixels if channels == 3 else pixels[..., 0])


def add_strip(folder, name="best.png", size=(8, 6), gaps=2, **changes):
    """A strip of four panels of random pixels, each `size` wide and high, and its entry in images/index.json."""
    (folder / "images").mkdir(exist_ok=True)
    panels = len(changes.get("panels", range(4)))
    noise(panels * size[0] + (panels - 1) * gaps, size[1]).save(folder / "images/best.png")
    entry = {"rank": "best", "sigma": 25, "image": "coffee", "file": name}
    entry |= {"psnr_noisy": 20.1, "psnr": 30.4, "ssim": 0.9} | changes
    (folder / "images/index.json").write_text(json.dumps([entry]))


class Page(HTMLParser):
    """The text of a page, its elements, and every address in it."""

    def __init__(self, path):
        super().__init__()
        self.source, self.tags, self.loads, self.words = path.read_text(), [], [], []
        self.feed(self.source)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for key, value in attrs if key in ("src", "href", "xlink:href", "srcset")]

    def handle_data(self, data):
        if self.lasttag not in ("script", "style"):  # HTMLParser's own: the last start tag
            self.words.append(data)
