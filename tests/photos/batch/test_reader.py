"""Pictures are read ahead of the model, each once, as many as fit into a bounded memory."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
from helpers.dimmer import picture
from hypothesis import given
from hypothesis import strategies as st

from denoiser.data.images import reading
from denoiser.data.images.formats.photo import Header
from denoiser.errors import DenoiserError
from denoiser.photos.batch.plan import Job
from denoiser.photos.batch.reader import MANY, Budget, FileOptions, Item, ReadAhead, memory


def jobs(folder, count=9, side=12):
    paths = [picture(folder / f"{number}.png", side=side) for number in range(count)]
    return [Job(str(path), f"{path}.out.png", path.stat().st_size) for path in paths]


def test_each_picture_comes_once_decoded_and_what_is_wrong_with_one_comes_with_it(tmp_path):
    todo = jobs(tmp_path)
    Path(todo[3].source).write_text("no picture")
    items = []
    budget = Budget(10**6)
    workload = ReadAhead(todo, budget, FileOptions(10**6))
    for item in workload:
        items.append(item)
        budget.release(item.cost)
    assert len(workload) == 9 and sorted(item.job for item in items) == todo
    for item in items:
        if item.job == todo[3]:
            assert item.before is None and item.error.what == f"not a picture ({item.job.source})"
        else:
            assert (item.before.pixels == reading.read(Path(item.job.source)).pixels).all() and not item.error


def test_each_version_of_a_picture_has_its_memory(tmp_path):
    (job,), costs = jobs(tmp_path, 1, side=99), []
    for versions in (2, 3):
        budget = Budget(10**5)
        costs += [item.cost for item in ReadAhead([job], budget, FileOptions(10**6), versions)]
    assert costs[1] == 1.5 * costs[0] > 10**5 // MANY


def test_no_more_is_read_than_the_budget_allows_until_something_is_given_back(tmp_path, monkeypatch):
    todo, started, ready = jobs(tmp_path), [], threading.Semaphore(0)
    read = reading.page

    def counted(pages, *arguments):
        started.append(pages)
        ready.release()
        return read(pages, *arguments)

    monkeypatch.setattr(reading, "page", counted)
    cost = memory(reading.header(Path(todo[0].source)))
    budget = Budget(3 * cost)
    items = iter(ReadAhead(todo, budget, FileOptions(10**6)))
    first = next(items)
    for _ in range(3):
        assert ready.acquire(timeout=60)
    assert not ready.acquire(timeout=0.2) and len(started) == 3
    budget.release(first.cost)
    assert ready.acquire(timeout=60)
    assert not ready.acquire(timeout=0.2) and len(started) == 4
    items.close()


def test_a_picture_that_is_larger_than_the_budget_has_it_alone(tmp_path):
    budget = Budget(100)
    assert budget.take(1000)
    second = threading.Thread(target=budget.take, args=(1,))
    second.start()
    second.join(0.1)
    assert second.is_alive()
    budget.release(1000)
    second.join(60)
    assert not second.is_alive()


def test_who_waits_is_let_go_when_the_work_ends(tmp_path):
    budget, got = Budget(100), []
    assert budget.take(100)
    waiting = [threading.Thread(target=lambda: got.append(budget.take(100))) for _ in range(2)]
    for thread in waiting:
        thread.start()
    budget.close()
    for thread in waiting:
        thread.join(60)
    assert got == [False, False]


@given(st.lists(st.integers(1, 300), max_size=40), st.integers(1, 4))
def test_the_budget_is_kept_and_everybody_gets_their_turn(costs, threads):
    budget, lock = Budget(200), threading.Lock()
    held, waiting, fits = [], list(costs), []

    def work():
        while True:
            with lock:
                if not waiting:
                    return
                cost = waiting.pop()
            assert budget.take(cost)
            with lock:
                held.append(cost)
                fits.append(sum(held) <= 200 or len(held) == 1)
            with lock:
                held.remove(cost)
            budget.release(cost)

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert len(fits) == len(costs) and all(fits)


def test_small_pictures_are_not_read_without_end():
    assert Item(Job("a", "b", 1), cost=Budget(1600).limit // MANY).cost == 100


def test_memory_is_of_the_picture_before_and_after():
    header = Header(100, 200, 3, 16, "PNG")
    colours = np.zeros((100, 200, 3), np.uint16)
    alpha = np.zeros((100, 200), np.uint16)
    assert memory(header) == 2 * (colours.nbytes + alpha.nbytes)
    assert memory(replace(header, alpha=True)) == 2 * (colours.nbytes + alpha.nbytes) + colours.nbytes
    assert memory(header, versions=3) == 3 * (colours.nbytes + alpha.nbytes)


def test_an_error_keeps_its_code_and_names_its_picture():
    item = Item(Job("in/a.png", "out/a.png", 1), 1)
    item.fail(DenoiserError("the model's output is not finite", "another model", 2))
    assert (item.error.what, item.error.fix) == ("the model's output is not finite (in/a.png)", "another model")
    item.fail(DenoiserError("not a picture (in/a.png)", "give a picture"))
    assert item.error.what == "not a picture (in/a.png)"
    item.fail(MemoryError())
    assert "MemoryError" in item.error.what


def test_small_pictures_are_not_read_ahead_without_end(tmp_path):
    budget = Budget(10**9)
    items = iter(ReadAhead(jobs(tmp_path, MANY + 9), budget, FileOptions(10**6)))
    assert next(items).cost == 10**9 // MANY
    items.close()
