"""Trainings that start from weights: what fits, what is recorded, and that no test picture was seen before."""

import json

import pytest
import torch
from helpers.checkpoints import SEEN, save, write_export
from helpers.tiny import configured, store
from omegaconf import OmegaConf

import denoiser
from denoiser.data import from_config, leaks
from denoiser.errors import DenoiserError
from denoiser.machine.files import sha256_of
from denoiser.run import main, run
from denoiser.training import assemble
from denoiser.weights import exported, initial
from denoiser.weights.export import card
from denoiser.weights.load import load, opened

UNET = ["model=unet", "model.network.widths=[4,8,8]", "model.network.blocks=[1,1,1]"]
QUICK = ["logger=none", "trainer=cpu", "trainer.precision=32-true", "callbacks.images.count=0"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return store(tmp_path_factory.mktemp("store"))


def small(root, *words, data="folder"):
    return configured(root, *UNET, *QUICK, *words, data=data)


@pytest.fixture(scope="module")
def source(root, tmp_path_factory):
    """A run on the pictures of `noisy`."""
    folder = tmp_path_factory.mktemp("source") / "run"
    run(small(root, f"data.path={root / 'noisy'}"), folder)
    return folder


def module(root, *words):
    torch.manual_seed(5)
    return assemble.module(small(root, *words))


def started(root, init, *words):
    model = module(root, *words)
    initial.opened(str(init))(model)
    return model


def test_weights_of_a_run_are_loaded_and_the_table_says_so(root, source, capsys):
    model, theirs = started(root, source), load(source).network.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in model.network.state_dict().items())
    assert not torch.equal(next(iter(module(root).network.parameters())), next(iter(theirs.values())))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"unet starts from unet ({source / 'checkpoints' / 'best.ckpt'})"
    assert lines[1].split() == [str(len(theirs)), "of", str(len(theirs)), "tensors", "loaded"]
    assert [line.split()[0] for line in lines[2:]] == ["0", "0", "0"]
    assert all(parameter.requires_grad for parameter in model.network.parameters())


def test_what_does_not_fit_stays_as_it_starts(root, source, capsys):
    before = module(root, "data.channels=1").network.state_dict()
    model = started(root, source, "data.channels=1")
    after, theirs = model.network.state_dict(), load(source).network.state_dict()
    other = [name for name in after if after[name].shape != theirs[name].shape]
    assert other and all(torch.equal(after[name], before[name]) for name in other)
    assert all(torch.equal(after[name], theirs[name]) for name in after if name not in other)
    text = capsys.readouterr().out
    assert f"{len(other)} of another shape, left as they start: {other[0]} " in text
    assert "unet is a network of data.channels=3" in text
    assert model.init["loaded"] == len(after) - len(other) and len(model.init["reshaped"]) == len(other)


def test_tensors_that_are_missing_or_extra_are_named():
    tensors = {name: torch.zeros(2, 3) for name in "abc"}
    fit = initial.fitting(tensors, {"b": torch.zeros(2, 3), "c": torch.zeros(()), "d": torch.zeros(1)})
    assert fit.loaded == ["b"] and fit.missing == ["a"] and fit.extra == ["d"] and fit.total == 3
    assert fit.reshaped == ["c one number instead of 2x3"]


@pytest.mark.parametrize(
    ("words", "count", "fix"),
    [
        (["init=photo"], r"\d+ of the \d+ tensors of unet", "'model.network.widths=[48,96,192]'"),
        (
            ["init=photo", "model=cifar_shallow"],
            r"0 of the \d+ tensors of cifar_shallow",
            "model=unet, or other weights",
        ),
    ],
)
def test_another_architecture_is_refused_with_what_would_fit(words, count, fix, root, tmp_path):
    words = [word for word in words if not word.startswith("init")]
    cfg = configured(root, *(words or UNET), *QUICK)
    model = assemble.module(cfg)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(DenoiserError, match=rf"another architecture: {count} are in photo") as caught:
        initial.opened("photo")(model)
    assert fix in caught.value.fix and caught.value.code == 2 and model.init is None
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_fix_of_another_width_fits(root):
    with pytest.raises(DenoiserError) as caught:
        started(root, "photo")
    words = [word.strip("'") for word in caught.value.fix.split()]
    model = started(root, "photo", *words)
    assert model.init["name"] == "photo" and model.init["loaded"] == model.init["tensors"]
    assert [record["data"] for record in model.earlier] == ["bsds500"]


def test_a_setting_that_no_tensor_shows_is_told(root, source, capsys):
    started(root, source, "model.network.slope=0.25")
    assert "unet is a network of 'model.network.slope=0'" in capsys.readouterr().out


@pytest.mark.parametrize("init", ["absent", "."])
def test_a_file_that_is_not_there_leaves_no_folder(init, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DenoiserError, match="checkpoint"):
        run(small(root, f"init={init}"), tmp_path / "out" / "run")
    assert not (tmp_path / "out").exists()


def test_a_run_records_what_it_started_from(root, source, tmp_path, monkeypatch):
    monkeypatch.chdir(source.parent)
    content = run(small(root, "init=run"), tmp_path / "run")
    file = source / "checkpoints" / "best.ckpt"
    for kept in (content["init"], json.loads((tmp_path / "run" / "results.json").read_text())["init"]):
        assert kept["source"] == str(file) and kept["sha256"] == sha256_of(file)
        assert kept["loaded"] == kept["tensors"] > 0 and kept["reshaped"] == kept["missing"] == kept["extra"] == []
    assert OmegaConf.load(tmp_path / "run" / ".hydra" / "config.yaml").init == str(source)
    assert content["methods"][0]["trained_on"].endswith("; started from unet (folder, gaussian noise, sigma 25)")
    assert load(tmp_path / "run").hparams["trained_on"] == content["methods"][0]["trained_on"]


def test_from_python(root, source, tmp_path):
    words = [*UNET, *QUICK, "data=folder", f"data.path={root / 'path'}", "data.patch_size=16", "trainer.max_epochs=1"]
    content = denoiser.train(*words, f"init={source}", out=tmp_path / "run")
    assert content["init"]["name"] == "unet" and content["init"]["loaded"] == content["init"]["tensors"]


def test_a_resumed_run_keeps_the_record_without_the_file(root, source, tmp_path):
    cfg = small(root, f"init={source}", "trainer.max_epochs=1")
    first = run(cfg, tmp_path / "run")
    (tmp_path / "run" / "results.json").unlink()
    config = OmegaConf.load(tmp_path / "run" / ".hydra" / "config.yaml")
    config.init = str(tmp_path / "gone")
    OmegaConf.save(config, tmp_path / "run" / ".hydra" / "config.yaml")
    assert main([f"resume={tmp_path / 'run'}", "trainer.max_epochs=2"]) == 0
    content = json.loads((tmp_path / "run" / "results.json").read_text())
    assert content["init"] == first["init"] and content["epochs"] == 2
    assert content["methods"][0]["trained_on"] == first["methods"][0]["trained_on"]
    record = load(tmp_path / "run").seen
    assert [one["pictures"] for one in record["earlier"]] == [load(source).seen["pictures"]]


def test_pictures_of_the_weights_before_are_found_in_an_evaluation(root, source, tmp_path):
    run(small(root, f"init={source}"), tmp_path / "run")
    record = load(tmp_path / "run").seen
    data = from_config.named(root / "noisy")
    keys = leaks.find(record, data)
    assert keys and keys == leaks.find(load(source).seen, data)
    own = {key: value for key, value in record.items() if key != "earlier"}
    assert leaks.find(own, data) == [] and leaks.find(own, from_config.named(root / "path"))


def test_unknown_pictures_before_are_not_said_to_be_none(root, source, tmp_path):
    known = load(source).seen
    nothing = {"data": "published", "split": "not recorded", "pictures": 0}
    data = from_config.named(root / "path")
    assert leaks.find(known, data) == [] and leaks.find({**known, "earlier": [nothing]}, data) is None
    assert leaks.find({**known, "earlier": [nothing]}, from_config.named(root / "noisy"))


def test_weights_without_a_record_are_recorded_as_unknown(root, source, tmp_path):
    content = torch.load(source / "checkpoints" / "best.ckpt", weights_only=True)
    file = save(tmp_path / "bare.ckpt", {key: value for key, value in content.items() if key != "seen"})
    model = started(root, file)
    assert model.earlier == ({"data": "unet", "split": "not recorded", "pictures": 0},)


def test_test_pictures_that_the_weights_have_seen_are_refused(root, source, tmp_path):
    """The folder is split otherwise, so that training pictures of the weights are test pictures now."""
    cfg = small(root, f"data.path={root / 'noisy'}", "data.split_seed=3", f"init={source}")
    with pytest.raises(DenoiserError, match=r"test pictures are among those of the weights it starts from"):
        run(cfg, tmp_path / "run")
    same = small(root, f"data.path={root / 'noisy'}", f"init={source}")
    assert run(same, tmp_path / "same")["status"] == "ok"


def test_a_chain_of_three_keeps_every_record(root, source, tmp_path):
    run(small(root, f"init={source}"), tmp_path / "second")
    run(small(root, f"init={tmp_path / 'second'}", f"data.path={root / 'clean'}"), tmp_path / "third")
    record = load(tmp_path / "third").seen
    assert len(record["earlier"]) == 2 and not any("earlier" in one for one in record["earlier"])


def test_an_export_keeps_the_records_before(root, tmp_path):
    model = module(root)
    record = {**SEEN, "earlier": [SEEN, {"data": "x", "split": "y", "pictures": 3}]}
    kept = opened(write_export(model, tmp_path / "net", seen=record)).seen
    torch.testing.assert_close(kept["earlier"][0]["thumbnails"], SEEN["thumbnails"])
    assert kept["earlier"][1] == record["earlier"][1]
    assert exported.describe(model, record)["seen"]["earlier"][1] == record["earlier"][1]


@pytest.mark.parametrize("earlier", [3, [3], [{"data": 3}], [{**SEEN, "pictures": 7}], {"data": "x"}])
def test_damaged_records_before_are_refused(earlier, source, tmp_path):
    content = torch.load(source / "checkpoints" / "best.ckpt", weights_only=True)
    content["seen"]["earlier"] = earlier
    with pytest.raises(DenoiserError, match="record of its training pictures is damaged"):
        load(save(tmp_path / "odd.ckpt", content))


def test_published_weights_of_the_same_architecture(root, tmp_path):
    words = ["model=dncnn", "model.network.nc=4", "model.network.nb=17", "model.network.act_mode=R"]
    donor = assemble.module(configured(root, *words, *QUICK))
    torch.save(donor.network.state_dict(), tmp_path / "dncnn.pth")
    model = assemble.module(configured(root, *words, *QUICK))
    initial.opened(str(tmp_path / "dncnn.pth"))(model)
    assert model.init["loaded"] == model.init["tensors"] and model.earlier[0]["data"] == "dncnn"
    for name, value in donor.network.state_dict().items():
        assert torch.equal(value, model.network.state_dict()[name])


def test_a_model_card_names_the_pictures_before_and_their_licence():
    earlier = {"data": "bsds500", "split": "benchmark", "pictures": 432}
    text = "\n".join(card._data({"seen": {**SEEN, "earlier": [earlier]}, "trained_on": "folder"}))
    before = text.partition("Before, the weights that it started from: 432 pictures (split benchmark).")[2]
    assert "bsds500" in before and "Licence: " in before
