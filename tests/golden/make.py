"""Make the golden set anew, with the commit that is checked out: `python tests/golden/make.py`, two minutes.

What earlier commits have written must be read by later ones, and come to the same numbers: `tests/test_golden.py` holds
them to what lies here. Make it anew only where numbers are meant to change, and say so in the commit.

Everything is made by the commands, in a working folder whose path is then taken out of all files.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import skimage.data
import tifffile
import torch
from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEVICE = "a processor, 1 threads"
"""What stands here for the processor's name."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "DENOISER_DATA": "store"}
DATA = ["data=folder", "data.path=pictures/train", "data.patch_size=32", "data.crops_per_image=64"]
PLAIN = ["recipe.batch_size=16", "recipe.bfloat16=false", "trainer.accelerator=cpu", "trainer.precision=32-true"]
TRAINING = [*DATA, *PLAIN, "noise.sigma_range=[10,50]", "test.sigma=25", "callbacks.images.count=0"]
EPOCHS, STOPPED_AFTER = 12, 7
TINY = [*TRAINING, "model.name=tiny", "model.network.widths=[4,8]", "model.network.blocks=[1,1]"]
DNCNN = [*TRAINING, "model=dncnn", *(f"model.network.{key}" for key in ("nc=6", "nb=9", "act_mode=R"))]
EVALUATION = ["weights=dncnn.pth", "baseline=wavelet", "data=folder", "data.path=pictures/test", "device=cpu"]
EVALUATION += ["test.sigma=[15,50]", "batch_size=1"]
DENOISE = ["--device", "cpu", "--precision", "32"]
EXPORTED = "tiny"
KINDS = {"model": "network", "data": "data", "noise": "noise", "objective": "objective", "optimizer": "optimizer"}
KINDS |= {"callbacks": "callback", "logger": "logger"}
"""What the objects of a configuration group are for `denoiser.build`."""


def main():
    """Make all in a working folder and put it in the place of what is here."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder).resolve()
        draw(work / "pictures", work / "photos")
        trained(work)
        called(work, "evaluate", "checkpoint=run", *EVALUATION, "hydra.run.dir=evaluation")
        scrub(work / "evaluation", work)
        called(work, "report", "run", "evaluation", "-o", "comparison")
        called(
            work,
            "denoise",
            "photos/phone.jpg",
            "photos/scan.tif",
            "-o",
            "denoised/tiny",
            "--checkpoint",
            "run",
            *DENOISE,
        )
        called(work, "denoise", "photos", "-o", "denoised/shipped", *DENOISE)
        called(work, "export", "run", "-o", f"export/{EXPORTED}")
        scrub(work / "export", work)
        run_onnx(work / "export")
        shutil.rmtree(work / "evaluation" / "images")  # large
        pages = {}
        for name in ("run", "evaluation"):
            called(work, "report", name)
            pages[name] = figures((work / name / "report.html").read_text(encoding="utf-8"))
        (work / "figures.json").write_text(json.dumps(pages, indent=1) + "\n")
        (work / "targets.json").write_text(json.dumps(targets(), indent=1) + "\n")
        keep(work)


def called(work, verb, *arguments):
    """A command, in the working folder."""
    subprocess.run(
        [sys.executable, "-m", f"denoiser.{verb}", *arguments], cwd=work, env=os.environ | ONE_THREAD, check=True
    )


def draw(pictures, photos):
    """Crops of photographs that scikit-image holds, free of any licence; and noisy ones of phone and scanner."""
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        whole = Image.fromarray(getattr(skimage.data, name)())
        half = whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.BOX)
        for i, (x, y) in enumerate(((40, 30), (120, 30), (60, 90), (150, 80))):
            folder = pictures / ("test" if i == 3 else "train")
            folder.mkdir(parents=True, exist_ok=True)
            half.crop((x, y, x + 40, y + 40)).save(folder / f"{name}{i}.png", optimize=True)
    photos.mkdir()
    clean = np.asarray(Image.fromarray(skimage.data.chelsea()).crop((120, 60, 216, 132)), np.float64) / 255
    noisy = (clean + np.random.default_rng(0).normal(0, 20 / 255, clean.shape)).clip(0, 1)
    bytes8 = Image.fromarray((noisy * 255).round().astype(np.uint8))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Golden", 6  # maker; turn it by 90 degrees
    bytes8.save(photos / "phone.jpg", quality=98, subsampling=2, exif=exif)
    bytes8.convert("L").crop((0, 0, 48, 40)).save(photos / "grey.png")
    part = (noisy[:40, :48] * 65535).round().astype(np.uint16)
    tifffile.imwrite(photos / "scan.tif", part, photometric="rgb", compression="zlib", predictor=True)


def trained(work):
    """A finished run, one of the same that was interrupted, and weights as others publish them."""
    called(work, "run", *TINY, f"trainer.max_epochs={EPOCHS}", "hydra.run.dir=run")
    while not interrupted(work):
        shutil.rmtree(work / "interrupted")
    for name in ("run", "interrupted"):
        shutil.rmtree(work / name / "tensorboard")  # its files are named by host and time
        scrub(work / name, work)
    resumed(work / "resumed", work)
    called(work, "run", *DNCNN, "trainer.max_epochs=5", "hydra.run.dir=dncnn")
    state = torch.load(work / "dncnn" / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    own = {key.removeprefix("network."): value for key, value in state.items() if key.startswith("network.")}
    torch.save(own, work / "dncnn.pth")


def interrupted(work):
    """Ctrl-C in the epoch after `STOPPED_AFTER`; gives back whether it came in time."""
    asked = [*TINY, f"trainer.max_epochs={EPOCHS}", "hydra.run.dir=interrupted"]
    command = [sys.executable, "-m", "denoiser.run", *asked]
    with subprocess.Popen(command, cwd=work, env=os.environ | ONE_THREAD, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            print(line, end="")
            if line.startswith(f"epoch {STOPPED_AFTER}/"):
                time.sleep(0.1)  # the checkpoint is written after the line
                process.send_signal(signal.SIGINT)
    done = json.loads((work / "interrupted" / "results.json").read_text())["status"]
    epochs = (work / "interrupted" / "metrics.csv").read_text().splitlines()[1:]
    return done == "interrupted" and len(epochs) == STOPPED_AFTER


def resumed(folder, work):
    """How the interrupted run ends: the figures of its epochs, and its weights.

    This alone is what a commit makes anew where the noise of trainings changes: the runs are those of earlier commits.
    """
    shutil.copytree(work / "interrupted", work / "copy")
    called(work, "run", "resume=copy")
    (folder / "checkpoints").mkdir(parents=True)
    shutil.copy(work / "copy" / "metrics.csv", folder)
    ended = torch.load(work / "copy" / "checkpoints" / "last.ckpt", weights_only=True)
    torch.save({"state_dict": ended["state_dict"]}, folder / "checkpoints" / "last.ckpt")


def scrub(folder, work):
    """Take the working folder and the processor's name out of the files of a folder."""
    for path in sorted(folder.rglob("*.ckpt")):
        content = torch.load(path, weights_only=True)
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        torch.save(mapped(content, str(work)), path)
        after = hashlib.sha256(path.read_bytes()).hexdigest()
        replace(folder / "results.json", before, after)
    file = next(path for path in (folder / "results.json", folder / f"{EXPORTED}.json") if path.exists())
    device = json.loads(file.read_text())["device"]
    for path in folder.rglob("*"):
        if path.suffix in (".json", ".yaml", ".csv", ".md"):
            replace(path, f"{work}/", "")
            replace(path, device, DEVICE)


def mapped(value, work):
    """A checkpoint's content with relative paths."""
    if isinstance(value, dict):
        return type(value)((mapped(key, work), mapped(item, work)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return type(value)(mapped(item, work) for item in value)
    return value.replace(f"{work}/", "") if isinstance(value, str) else value


def replace(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def onnx_input():
    """A noisy picture `(1, 3, 37, 50)`, of which no side divides by anything."""
    return np.random.default_rng(0).random((1, 3, 37, 50), np.float32)


def run_onnx(folder):
    import onnxruntime

    session = onnxruntime.InferenceSession(folder / f"{EXPORTED}.onnx", providers=["CPUExecutionProvider"])
    np.save(folder / "output.npy", session.run(None, {"noisy": onnx_input()})[0])


class Page(HTMLParser):
    """The visible text of a page: its table rows, and all that is outside of tables, drawings and listings."""

    HIDDEN = ("script", "style", "svg", "pre", "head", "dl")

    def __init__(self):
        super().__init__()
        self.rows, self.text, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("tr", *self.HIDDEN):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if not set(self.open) & set(self.HIDDEN):
            (self.rows[-1] if "tr" in self.open else self.text).append(data)


def figures(html):
    """Of a page the figures of each table's rows, and those in its sentences."""
    page = Page()
    page.feed(html)
    return apart([" ".join(row) for row in page.rows], page.text)


def figures_of_markdown(text):
    """The same of a table in Markdown and the sentences below it."""
    lines = text.splitlines()
    return apart([line for line in lines if line.startswith("|")], [line for line in lines if not line.startswith("|")])


def apart(rows, sentences):
    """Rows of figures in their order, without heads; and whatever has two digits behind the point in sentences."""
    found = [numbers(row) for row in rows]
    told = {number for number in numbers(" ".join(sentences)) if re.search(r"\.\d\d", number)}
    return {"rows": [row for row in found if "." in "".join(row)], "sentences": sorted(told)}


def numbers(text):
    """The numbers of a text as they are written, and the names of the methods here, in their order."""
    text = text.replace("\N{MINUS SIGN}", "-")
    return re.findall(r"\b(?:tiny|dncnn|wavelet)\b|[-+]?\d+\.\d+|\d+", text)


def targets():
    """By kind of object all that today's configurations name: run folders and checkpoints hold such names."""
    found = {}
    for group, kind in KINDS.items():
        text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "conf" / group).glob("*.yaml")))
        found[kind] = sorted(set(re.findall(r"_target_: (\S+)", text)))
    return found


KEPT = [
    "pictures",
    "photos",
    "run",
    "interrupted",
    "resumed",
    "dncnn.pth",
    "evaluation",
    "comparison",
    "denoised",
    "export",
]
KEPT += ["figures.json", "targets.json"]
LEFT_OUT = ("report.html", "*.tex", "tensorboard", "store")


def keep(work):
    """Put what was made here in the place of what there is, but for pages."""
    for name in KEPT:
        target = HERE / name
        if target.is_dir():
            shutil.rmtree(target)
        if (work / name).is_dir():
            shutil.copytree(work / name, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copy2(work / name, target)
    held = [path for path in HERE.rglob("*") if path.is_file() and str(work).encode() in path.read_bytes()]
    if held:
        raise SystemExit(f"the working folder's path is in {held}")


if __name__ == "__main__":
    main()
