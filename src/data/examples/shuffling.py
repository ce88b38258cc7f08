"""The order of the examples in an epoch."""

from __future__ import annotations

import numpy as np

# Above so many spectra the unpacked chunks of a store's peaks are more than its cache holds.
BLOCK_SHUFFLE_ABOVE = 50_000
# Examples that stay together, a chunk or two of peaks; and how many such blocks are mixed, whose
# chunks the cache does hold (6 MB).
_BLOCK = 64
_BLOCKS_MIXED = 64


def epoch_order(size: int, seed: int, epoch: int, *, in_blocks: bool = False) -> np.ndarray:
    """Return the order of the examples in an epoch, by seed and epoch alone.

    Args:
        size: number of examples.
        seed: seed of the order.
        epoch: number of the epoch.
        in_blocks: runs of 64 examples are put in random order and the examples of 64 of them at a
            time are mixed, so that what a batch reads lies in few places of a large file; else
            every order is as likely as any other.

    Returns:
        Positions of all examples, ``(size,)``, int64.

    Example:
        >>> from nextims.data.examples.shuffling import epoch_order
        >>> sorted(epoch_order(5, seed=1, epoch=0).tolist())
        [0, 1, 2, 3, 4]
    """
    generator = np.random.default_rng((seed, epoch))
    if not in_blocks:
        return generator.permutation(size)
    starts = _BLOCK * generator.permutation(-(-size // _BLOCK))
    order = (starts[:, None] + np.arange(_BLOCK)).ravel()
    order = order[order < size]
    for start in range(0, size, _BLOCK * _BLOCKS_MIXED):
        generator.shuffle(order[start : start + _BLOCK * _BLOCKS_MIXED])
    return order
