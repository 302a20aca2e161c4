"""Folders of configuration: the package's, those of --config-dir and hydra.searchpath, and those of installed ones."""

import json

import pytest
from helpers import own_package

import denoiser
from denoiser import config, evaluate, run, search_path
from denoiser.cli import keys
from denoiser.cli.advice import advice
from denoiser.config import EVALUATE, compose
from denoiser.data import from_config
from denoiser.data.store.catalogue import dataset_card, dataset_class
from denoiser.errors import DenoiserError
from denoiser.noise.mixed import Mixed
from denoiser.search_path import searching


@pytest.fixture
def conf(tmp_path, monkeypatch):
    """The folder of configuration of `mypkg`, which can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield own_package.write(tmp_path)
    own_package.forget()


@pytest.fixture
def installed(tmp_path, conf):
    """The same, of an installed package."""
    conf.rename(tmp_path / "mypkg" / "conf")
    about = tmp_path / "mypkg-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mypkg\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[denoiser.conf]\nmypkg = mypkg.conf\n")
    search_path._installed.cache_clear()
    yield tmp_path / "mypkg"
    search_path._installed.cache_clear()


def test_choices_of_a_folder_are_listed_and_composed_within_its_context_alone(conf):
    with searching([conf]):
        assert {"own", "own_trusted"} < set(search_path.options("model"))
        assert "dead" in search_path.options("noise") and "model" in search_path.groups()
        assert compose(["model=own", "data=eight"]).data.images == 8
    assert "own" not in search_path.options("model")
    assert "own" in config.list_models(conf) and "eight" in denoiser.list_data(config_dir=conf)
    assert denoiser.compose("model=own", config_dir=conf).model.name == "own"


@pytest.mark.parametrize("application", [config.RUN, EVALUATE])
def test_every_override_of_the_search_path_counts(application, conf):
    for place in (conf, f"file://{conf}"):
        cfg = compose([f"hydra.searchpath=['{place}']", "noise=dead", "noise.share=0.5"], application)
        assert cfg.noise.share == 0.5


def test_a_path_may_hold_any_character(conf, tmp_path):
    strange = tmp_path / "a b's, [x]"
    conf.rename(strange)
    assert compose(["noise=dead"], config_dir=strange).noise.share == 0.1
    with searching([strange, tmp_path / "mypkg"]):
        words = search_path.added_words()
    assert compose([*words, "noise=dead"]).noise.share == 0.1
    with searching([strange]):
        assert search_path.added_words() == [f"--config-dir={strange}"]
    assert search_path.added_words() == []


def test_a_package_on_the_search_path_is_not_imported(conf, tmp_path):
    (tmp_path / "mypkg" / "__init__.py").write_text("raise ImportError")
    conf.rename(tmp_path / "mypkg" / "conf")
    assert "own" in config.list_models("pkg://mypkg.conf")
    for place in ("pkg://mypkg.absent", "pkg://absent_package.conf", "pkg://", str(tmp_path / "absent")):
        with pytest.raises(DenoiserError, match="no such folder of configuration"), searching([place]):
            pass


def test_a_choice_that_would_never_be_found_is_refused(conf):
    (conf / "model" / "unet.yaml").write_text("model: {}\n")
    with pytest.raises(DenoiserError, match=r"denoiser has a model/unet\.yaml of its own") as caught, searching([conf]):
        pass
    assert f"mv {conf / 'model' / 'unet.yaml'} {conf / 'model' / 'my_unet.yaml'}" in caught.value.fix


def test_checks_and_advice_know_the_choices_of_a_folder(conf):
    with searching([conf]):
        keys.check_values(compose(["model=own", "data=eight"]), ["model=own", "data=eight"])
        known = config.keys(compose(["model=own"]))
        assert advice("noise.share", "1", known, config.RUN)[1].endswith("noise=dead has noise.share")
    assert "dead" not in advice("noise.share", "1", known, config.RUN)[1]


def test_datasets_within_datasets_are_found(conf):
    with searching([conf]):
        assert dataset_class("eight").__name__ == "Synthetic" and dataset_card("eight")
        cfg = compose(["data=mix", "data.sources=[eight,synthetic]", "data.images=8"])
        with pytest.raises(DenoiserError) as caught:
            from_config.training_data(compose(["data.test=eigth"]))
        assert caught.value.fix == "data.test=eight"
        assert set(from_config.training_data(cfg).sources) == {"eight", "synthetic"}
        assert from_config.named("eight").name == "eight"


def test_a_choice_counts_as_trusted_where_the_command_makes_it(conf, pictures_folder, monkeypatch):
    from denoiser.trust import names_of_command, names_of_files

    monkeypatch.setenv("OWN_PICTURES", str(pictures_folder(10)))
    with searching([conf]):
        assert dataset_card("halves") is None  # listing imports nothing
        assert type(from_config.named("halves")).__name__ == "Halves"
        cfg = compose(["data.images=8", "data.test=halves"])
        with names_of_command(cfg.trust):
            assert len(from_config.training_data(cfg).split("test")) > 0
        with names_of_files(cfg.trust), pytest.raises(DenoiserError, match="Halves is not allowed"):
            from_config.training_data(cfg)


def test_a_noise_of_your_own_can_be_mixed_where_it_is_trusted(conf):
    from denoiser.trust import names_of_command

    with searching([conf]):
        with names_of_command(["mypkg"]):
            (noise,) = Mixed(parts={"dead": {"share": 1, "clip": True}}).noises
            assert type(noise).__name__ == "Dead" and noise.clip
        with names_of_command([]), pytest.raises(DenoiserError, match=r"trust=\[mypkg\]"):
            Mixed(parts={"dead": 1})


def test_an_installed_package_brings_its_choices(installed, capsys):
    assert "own" in denoiser.list_models() and "halves" in denoiser.list_data()
    assert compose(["model=own"]).model.name == "own" and search_path.added_words() == []
    with pytest.raises(SystemExit):  # Hydra's
        run.main(["--help"])
    assert "own_trusted" in capsys.readouterr().out
    assert evaluate.main(["--help"]) == 0
    assert "dead" in capsys.readouterr().out


def test_help_lists_the_choices_of_a_folder(conf, capsys):
    with pytest.raises(SystemExit):
        run.main(["--config-dir", str(conf), "--help"])
    assert "own_trusted" in capsys.readouterr().out
    assert evaluate.main(["--help", f"hydra.searchpath=[{conf}]"]) == 0
    assert "dead" in capsys.readouterr().out


def test_an_installed_package_without_its_folder_is_named(installed):
    (installed / "conf").rename(installed / "moved")
    search_path._installed.cache_clear()
    with pytest.raises(DenoiserError, match=r"mypkg has no folder mypkg\.conf"):
        search_path.options("model")


def test_the_record_of_a_run_has_the_folder(conf, tmp_path, pictures_folder, monkeypatch):
    monkeypatch.setenv("OWN_PICTURES", str(pictures_folder(10)))
    words = ["model=own_trusted", "data=halves", "trainer=smoke", "callbacks.progress.style=none"]
    results = denoiser.train(*words, out=tmp_path / "run", config_dir=conf)
    assert results["command"].startswith(f"denoiser run --config-dir={conf} model=own_trusted")
    assert results["trust"] == ["mypkg"] == json.loads((tmp_path / "run" / "results.json").read_text())["trust"]


def test_a_folder_above_the_configuration_is_advised_the_right_one(tmp_path):
    (tmp_path / "conf" / "model").mkdir(parents=True)
    assert compose(config_dir=tmp_path)  # nothing there to be meant
    (tmp_path / "conf" / "model" / "gated.yaml").write_text("name: gated\n")
    with pytest.raises(DenoiserError, match=rf"did you mean --config-dir {tmp_path / 'conf'}\?"):
        compose(config_dir=tmp_path)
