"""How much one request may ask for, so that none keeps the others waiting."""

from __future__ import annotations

from typing import NamedTuple

# Of a structure's text: some ten an atom, and of a MOL block some 110, bonds counted.
CHARACTERS = 30_000
NAME = 500
# Of a measured spectrum: a spectrum at accurate masses has a few thousand.
PEAKS = 10_000
STRUCTURES = 64
CANDIDATES = 2_000
# Of all structures of a request.
DERIVATIVES = 400
# Measured spectra of a file that are taken.
SPECTRA = 500


class Limits(NamedTuple):
    """What a request may weigh and take.

    Attributes:
        body: bytes of a request; also of a gzipped file when it is unpacked.
        atoms: heavy atoms of a structure; molecules of 1000 Da have 80.
        seconds: from the request to its answer.
    """

    body: int = 16 << 20
    atoms: int = 250
    seconds: float = 60.0
