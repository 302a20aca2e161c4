from denoiser.photos.batch.messages import NoteSummary


def test_each_kind_is_said_once_with_how_many_pictures_it_is_of():
    remarks = NoteSummary()
    remarks.add(["estimated noise level: 12.3 in grey levels of 255", "from CMYK"])
    remarks.add(["estimated noise level: 7.0 in grey levels of 255"])
    remarks.add(["from CMYK"])
    remarks.add(["tiles of 256 pixels"])
    assert list(remarks) == [
        "estimated noise level: 12.3 in grey levels of 255 (2 pictures, whose values differ)",
        "from CMYK (2 pictures)",
        "tiles of 256 pixels",
    ]
