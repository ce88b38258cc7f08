"""A predicted spectrum at accurate masses, from peaks whose ions are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .ions import AnnotatedPeak, Ion
from .prediction import INTENSITY_FLOOR

# Ions closer than this are one peak: no instrument for electron ionization resolves them.
SAME_MASS = 1e-4
# A peak of which the ions carry less has no accurate mass that one could vouch for.
LEAST_EXPLAINED = 0.01


def at_accurate_masses(peaks: Sequence[AnnotatedPeak]) -> tuple[tuple[AnnotatedPeak, ...], float]:
    """Split peaks at nominal m/z into their ions.

    A peak's intensity, what no ion explains included, goes to its ions in proportion. A
    peak of which the ions carry less than 1 % has no accurate mass and is left out.

    Args:
        peaks: all peaks of a spectrum, at nominal m/z.

    Returns:
        Peaks at accurate m/z, in its order, base peak 1, those below 0.001 dropped; of each, the
        ions and the share that no ion explains. And the share of the spectrum's intensity that
        is left out.

    Example:
        >>> from nextims.spectra.accurate_mass import at_accurate_masses
        >>> from nextims.spectra.ions import AnnotatedPeak, Ion
        >>> acetyl = Ion("C2H3O+", 43.01784, 0.6, "CH3", 0, 0, (0, 1, 2), "CC=O")
        >>> propyl = Ion("C3H7+", 43.05423, 0.2, "CO", 0, 0, (0, 1, 3), "CCC")
        >>> of_ions = AnnotatedPeak(43, 1.0, (acetyl, propyl), 0.0, 0.2)
        >>> of_none = AnnotatedPeak(41, 0.25, (), 0.0, 1.0)
        >>> peaks, left_out = at_accurate_masses([of_none, of_ions])
        >>> [(round(peak.mz, 4), round(peak.intensity, 2)) for peak in peaks], left_out
        ([(43.0178, 1.0), (43.0542, 0.33)], 0.2)
    """
    placed: list[tuple[Ion, float, float]] = []  # with its intensity, and what of it it explains
    left_out = 0.0
    for peak in peaks:
        named = sum(ion.share for ion in peak.ions)
        if not peak.ions or 1 - peak.unexplained < LEAST_EXPLAINED:
            left_out += peak.intensity
            continue
        placed += [
            (ion, peak.intensity * ion.share / named, peak.intensity * ion.share)
            for ion in peak.ions
        ]
    merged = [_merge(group) for group in _close_together(placed)]
    base = max((peak.intensity for peak in merged), default=0.0)
    scaled = (peak._replace(intensity=peak.intensity / base) for peak in merged)
    total = sum(peak.intensity for peak in peaks)
    return (
        tuple(peak for peak in scaled if peak.intensity >= INTENSITY_FLOOR),
        left_out / total if total else 0.0,
    )


def _close_together(
    placed: Iterable[tuple[Ion, float, float]],
) -> list[list[tuple[Ion, float, float]]]:
    groups: list[list[tuple[Ion, float, float]]] = []
    for item in sorted(placed, key=lambda item: item[0].mz):
        if groups and item[0].mz - groups[-1][-1][0].mz < SAME_MASS:
            groups[-1].append(item)
        else:
            groups.append([item])
    return groups


def _merge(group: list[tuple[Ion, float, float]]) -> AnnotatedPeak:
    intensity = sum(part for _, part, _ in group)
    ions = tuple(
        ion._replace(share=explained / intensity)
        for ion, _, explained in sorted(group, key=lambda item: -item[1])
    )
    mz = sum(ion.mz * part for ion, part, _ in group) / intensity
    return AnnotatedPeak(mz, intensity, ions, 0.0, 1 - sum(ion.share for ion in ions))
