"""Philox4x32-10: the published known answers, and the place of each part of an identity in the counter."""

from __future__ import annotations

import numpy as np
import pytest

from pynn_annarchy import _mathematics


def words_of(counter, key):
    return _mathematics.philox(
        *key,
        element=counter[0] | (counter[1] & 0xFFFF) << 32,
        trial_batch=counter[1] >> 16,
        step=counter[2],
        event=counter[3] & 0xFFFF,
        draw=counter[3] >> 16,
    )


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
    ids=["zeros", "ones", "digits of pi"],
)
def test_words_are_those_published_with_random123(counter, key, words):
    assert words_of(counter, key) == words


@pytest.mark.parametrize("part", ["element", "trial_batch", "step", "event", "draw"])
def test_every_part_of_an_identity_changes_all_four_words(part):
    plain = _mathematics.philox(1, 2)
    other = _mathematics.philox(1, 2, **{part: 1})

    assert all(a != b for a, b in zip(plain, other, strict=True))


def test_a_trial_and_a_batch_share_sixteen_bits_without_collision():
    words = {_mathematics.trial_batch(trial, batch) for trial in range(1024) for batch in range(64)}

    assert len(words) == 2**16
    assert [_mathematics.trial_batch(trial, 0) for trial in (0, 1, 65535)] == [0, 1, 65535]


def test_seeds_are_mixed_by_splitmix64():
    # first outputs of SplitMix64 for seeds 0 and 1234567, upper halves (published with the algorithm)
    assert _mathematics.hash_seed(0) == 0xE220A839
    assert _mathematics.hash_seed(1234567) == 6457827717110365317 >> 32
    assert _mathematics.hash_seed(-1) == _mathematics.hash_seed(2**64 - 1)


def test_neighbouring_seeds_have_distinct_keys():
    keys = {_mathematics.hash_seed(seed) for seed in range(1000)}

    assert len(keys) == 1000


def test_open_uniform_takes_52_bits_of_two_words():
    elements = np.arange(1000)
    drawn = _mathematics.draw("uniform", (0.0, 1.0), 7, 8, elements)

    for element, value in zip(elements, drawn, strict=True):
        high, low, *_ = _mathematics.philox(7, 8, element=int(element))
        assert value == (2 * (high << 20 | low >> 12) + 1) / 2**53
