"""Tables of methods by data, noise and noise level."""

from helpers.pages import result

from denoiser.reports.tables import grid as grids
from denoiser.runs.row import Row


def grid(*rows):
    return grids.grid(map(Row.from_json, rows), "published")


def words(*rows):
    table = grid(*rows)
    return [table.words(condition) for condition in table.conditions]


def test_heads_name_what_differs_between_pictures():
    assert words(result(channels=1, place="a"), result(sigma=50, channels=1, place="a")) == [
        "photos, sigma 25",
        "photos, sigma 50",
    ]
    assert words(result(channels=1), result(channels=3)) == ["photos, grey, sigma 25", "photos, colour, sigma 25"]
    folders = [result(data="folder", channels=3, place=place) for place in "ab"]
    assert words(*folders, result()) == ["folder a, sigma 25", "folder b, sigma 25", "photos, sigma 25"]
    assert words(result(n_images=5), result(n_images=2)) == ["photos, n = 5, sigma 25", "photos, n = 2, sigma 25"]


def test_numbers_of_images_are_listed_for_each_data():
    assert grid(result(), result(data="set12", n_images=12)).images == "photos n = 5, set12 n = 12"
    assert grid(result(), result(n_images=2)).images == "photos n = 5 and 2"


def test_the_noisy_input_is_a_row_of_its_own_and_no_line():
    table = grid(result(method="noisy", sigma=15), result(method="nlm"), result(method="noisy"))
    assert table.lines == ["nlm"] and [condition.level for condition in table.conditions] == [15, 25]
    assert table.missing == 1 and table.noisy_text(table.conditions[1]) == "20.17 / 0.4100"
