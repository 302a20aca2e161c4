from denoiser.photos.batch.messages import Remarks


def test_each_kind_is_said_once_with_how_many_pictures_it_is_of():
    remarks = Remarks()
    remarks.add(["sigma estimated: 12.3", "from CMYK"])
    remarks.add(["sigma estimated: 7.0"])
    remarks.add(["from CMYK"])
    remarks.add(["tiles of 256 pixels"])
    assert list(remarks) == [
        "sigma estimated: 12.3 and others (2 pictures)",
        "from CMYK (2 pictures)",
        "tiles of 256 pixels",
    ]
