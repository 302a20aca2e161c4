"""Tables of methods by data, noise and noise level."""

from helpers.pages import result

from denoiser.reports.tables.grid import Grid
from denoiser.runs.reading import result_row


def grid(*rows):
    made = Grid("published")
    for row in rows:
        made.put(row["method"], result_row(row))
    return made


def words(*rows):
    made = grid(*rows)
    return [made.words(column) for column in made.columns]


def test_heads_say_of_the_pictures_what_tells_them_from_others():
    assert words(result(channels=1, place="a"), result(sigma=50, channels=1, place="a")) == [
        "photos, sigma 25",
        "photos, sigma 50",
    ]
    assert words(result(channels=1), result(channels=3)) == ["photos, grey, sigma 25", "photos, colour, sigma 25"]
    folders = [result(data="folder", channels=3, place=place) for place in "ab"]
    assert words(*folders, result()) == ["folder a, sigma 25", "folder b, sigma 25", "photos, sigma 25"]
    assert words(result(n_images=5), result(n_images=2)) == ["photos, n = 5, sigma 25", "photos, n = 2, sigma 25"]


def test_numbers_of_images_are_told_for_each_data():
    assert grid(result(), result(data="set12", n_images=12)).images == "photos n = 5, set12 n = 12"
    assert grid(result(), result(n_images=2)).images == "photos n = 5 and 2"


def test_the_noisy_input_is_a_row_of_its_own_and_no_line():
    made = grid(result(method="noisy", sigma=15), result(method="nlm"), result(method="noisy"))
    assert made.lines == ["nlm"] and [column.sigma for column in made.columns] == [15, 25]
    assert made.missing == 1 and made.noisy_text(made.columns[1]) == "20.17 / 0.4100"
