"""A spectrum as a piece of HTML, for notebooks: structure, sticks and the highest peaks.

Drawn without Matplotlib, which takes half a second and is not always installed; what goes into a
text or a paper, ``drawing`` draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ..chemistry.molecule import Molecule
from ..spectra.prediction import PredictedSpectrum
from .panel import LibrarySpectrum

_WIDTH, _HEIGHT = 520, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 12, 12, 22, 20
_LABELS = 8
# Labels nearer to each other than this overlap, in units of the picture.
_LABEL_WIDTH = 24
_PEAKS = 8


def spectrum_html(result: PredictedSpectrum | LibrarySpectrum, facts: Mapping[str, str]) -> str:
    """Return a spectrum as HTML that needs no other file.

    Args:
        result: the spectrum.
        facts: what is to be said of it beside its name.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.pictures.html import spectrum_html
        >>> "m/z 31" in spectrum_html(ethanol(), {"formula": "C2H6O"})
        True
    """
    said = "".join(
        f"<div>{escape(name)}: <code>{escape(value)}</code></div>" for name, value in facts.items()
    )
    name = escape(result.name) or "unnamed"
    structure = "" if result.molecule is None else structure_svg(result.molecule)
    return (
        f"<div><b>{name}</b>{said}<div style='display:flex;flex-wrap:wrap;align-items:center'>"
        f"{structure}{sticks_svg(result)}</div>{_peaks(result)}</div>"
    )


def structure_svg(molecule: Molecule, width: int = 200, height: int = 150) -> str:
    """Return a structure as an element ``svg``; empty where RDKit cannot draw.

    Example:
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.pictures.html import structure_svg
        >>> structure_svg(read_molecule("CCO"))[:4]
        '<svg'
    """
    try:
        from rdkit.Chem.Draw import rdMolDraw2D
    except ImportError:  # the library that it draws with is missing, on a server
        return ""
    drawing = rdMolDraw2D.MolDraw2DSVG(width, height)
    drawing.drawOptions().clearBackground = False
    rdMolDraw2D.PrepareAndDrawMolecule(drawing, molecule.mol)
    drawing.FinishDrawing()
    text: str = drawing.GetDrawingText()
    return text[text.index("<svg") :]


def sticks_svg(result: PredictedSpectrum | LibrarySpectrum) -> str:
    """Return the peaks as an element ``svg``: sticks over m/z, the highest with their m/z.

    Example:
        >>> from nextims.formats.exported import ethanol
        >>> from nextims.pictures.html import sticks_svg
        >>> sticks_svg(ethanol()).count("<text")
        3
    """
    mz, intensity = result.spectrum.mz, result.spectrum.intensity
    low, high = (float(mz[0]) - 2, float(mz[-1]) + 2) if len(mz) else (0.0, 1.0)
    base = float(intensity.max(initial=0)) or 1.0
    floor = _HEIGHT - _BOTTOM
    x = _LEFT + (mz - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)
    y = floor - intensity / base * (floor - _TOP)
    sticks = "".join(f"M{a:.1f} {floor}V{b:.1f}" for a, b in zip(x, y, strict=True))
    labelled: list[int] = []
    for place in (-intensity).argsort(kind="stable").tolist():
        if len(labelled) < _LABELS and all(abs(x[place] - x[i]) > _LABEL_WIDTH for i in labelled):
            labelled.append(place)
    labels = "".join(
        f'<text x="{x[i]:.1f}" y="{y[i] - 4:.1f}" text-anchor="middle">{mz[i]:g}</text>'
        for i in labelled
    )
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="10" fill="currentColor" role="img" '
        f'aria-label="mass spectrum"><path d="M{_LEFT} {floor}H{_WIDTH - _RIGHT}{sticks}" '
        f'stroke="currentColor" fill="none"/>{labels}'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 6}" text-anchor="end">m/z</text></svg>'
    )


def _peaks(result: PredictedSpectrum | LibrarySpectrum) -> str:
    mz, intensity = result.spectrum.mz, result.spectrum.intensity
    base = float(intensity.max(initial=0)) or 1.0
    highest = (-intensity).argsort(kind="stable")[:_PEAKS]
    return ", ".join(f"m/z {mz[i]:g} ({100 * intensity[i] / base:.1f} %)" for i in highest)
