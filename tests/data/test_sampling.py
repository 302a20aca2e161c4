import subprocess
import sys

import pytest

from denoiser.data.sampling import EpochSampler, derive_seed


def test_seed_depends_on_every_part_and_not_on_the_process():
    assert (
        len({derive_seed(0, "a"), derive_seed(1, "a"), derive_seed(0, "b"), derive_seed("a", 0), derive_seed(0)}) == 5
    )
    assert 0 <= derive_seed("x") < 2**63
    code = "from denoiser.data.sampling import derive_seed; print(derive_seed(0, 25.0, 'val/101085'))"
    other = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": "1"}
    )
    assert int(other.stdout) == derive_seed(0, 25.0, "val/101085")


def epoch(sampler, number):
    sampler.set_epoch(number)
    return list(sampler)


def test_an_epoch_is_a_permutation_that_counts_on():
    sampler = EpochSampler(50, seed=0)
    first, second = epoch(sampler, 0), epoch(sampler, 1)
    assert len(sampler) == 50 and sorted(first) == list(range(50)) and sorted(second) == list(range(50, 100))
    assert first != sorted(first) and [i - 50 for i in second] != first


def test_order_is_a_function_of_seed_and_epoch():
    assert epoch(EpochSampler(50, 3), 7) == epoch(EpochSampler(50, 3), 7)
    assert epoch(EpochSampler(50, 3), 7) != epoch(EpochSampler(50, 4), 7)


@pytest.mark.parametrize(("length", "world"), [(12, 3), (13, 3), (14, 4)])
def test_processes_share_an_epoch_evenly_and_without_duplicates(length, world):
    shares = [epoch(EpochSampler(length, 0, rank, world), 2) for rank in range(world)]
    dealt = [index for share in shares for index in share]
    assert {len(share) for share in shares} == {length // world} == {len(EpochSampler(length, 0, 0, world))}
    assert len(set(dealt)) == len(dealt) and set(dealt) <= set(range(2 * length, 3 * length))
