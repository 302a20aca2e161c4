import pytest

from denoiser.config import EVALUATE, compose
from denoiser.data import from_config
from denoiser.errors import DenoiserError

PAIRS = ["data=pairs", "data.noisy=noisy", "data.clean=clean", "noise=none"]


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        ([], "published"),
        (["noise.clip=true"], "clipped"),
        (["noise.clip=true", "protocol=published"], "published"),
        (["protocol=clipped"], "clipped"),
        (["noise=camera"], "clipped"),
        (["noise=mixed", "noise.parts={camera:1}"], "clipped"),
        (["noise=mixed", "noise.parts={gaussian:1}"], "published"),
        (["noise=mixed", "noise.parts={gaussian:1}", "noise.clip=true"], "clipped"),
        (PAIRS, "clipped"),
        ([*PAIRS, "data.test=set12"], "published"),
    ],
)
def test_protocol(overrides, name):
    cfg = compose(overrides)
    assert from_config.protocol_name(cfg) == name
    assert from_config.protocol(cfg).clip == (name == "clipped")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["protocol=publish"], r"no protocol 'publish' \(protocol\)\nfix: protocol=published"),
        ([*PAIRS, "protocol=published"], r"real noise is clipped by the camera \(.*\)\nfix: protocol=clipped"),
        (["test=null"], r"test has no keys \(test=null\)\nfix: test\.sigma=null"),
    ],
)
def test_invalid_protocols_are_refused(overrides, message):
    with pytest.raises(DenoiserError, match=message):
        from_config.protocol(compose(overrides))


def test_a_model_and_data_of_other_channels_are_refused():
    cfg = compose(["model=mnist_basic", "data=cifar10"])
    with pytest.raises(DenoiserError, match=r"model=mnist_basic takes 1 .* data=cifar10 has 3 (.|\n)*fix: model=unet"):
        from_config.training_data(cfg)
    with pytest.raises(DenoiserError, match=r"fix: data\.channels=3"):
        from_config.training_data(compose(["model=bsds_deep", "data.channels=1"]))


def test_the_test_set_has_the_channels_and_the_protocol_of_the_data():
    data = from_config.training_data(compose(["data=synthetic", "data.channels=1", "data.test=set12", "seed=3"]))
    assert (data.name, data.test.name, data.test.channels) == ("synthetic", "set12", 1)
    assert data.test.protocol == data.protocol and data.protocol.seed == 3
    with pytest.raises(DenoiserError, match=r"no data 'se12' \(data\.test\)\nfix: data\.test=set12"):
        from_config.training_data(compose(["data=synthetic", "data.test=se12"]))


def test_an_evaluation_uses_the_data_or_its_test_set(pictures_folder):
    folder = f"data.path={pictures_folder(3)}"
    data = from_config.evaluation_data(compose(["data=folder", folder, "noise.sigma=15"], EVALUATE))
    assert (data.name, data.folder_name, data.evaluation_split) == ("folder", "pictures", "all")
    assert data.protocol.levels == (15.0,)
    photos = from_config.evaluation_data(compose(["data=folder", folder, "data.test=photos"], EVALUATE))
    assert (photos.name, photos.evaluation_split) == ("photos", "test")
