"""Spectra at accurate masses: nothing gained, nothing lost unsaid."""

import numpy as np
import pytest

from nextims.inference import Predictor
from nextims.spectra.accurate_mass import at_accurate_masses
from nextims.spectra.ions import AnnotatedPeak, Ion
from nextims.spectra.spectrum import nominal_mz


def ion(formula, mz, share):
    return Ion(formula, mz, share, "", 0, 0, (0,), "C")


ACETYL, PROPYL = (
    ion(
        "C2H3O+",
        43.01784,
        0.3,
    ),
    ion("C3H7+", 43.05423, 0.1),
)


def test_the_bin_heads_part_goes_to_the_ions_in_proportion():
    peaks, left_out = at_accurate_masses([AnnotatedPeak(43, 1.0, (ACETYL, PROPYL), 0.1, 0.5)])
    assert left_out == 0
    assert [peak.mz for peak in peaks] == pytest.approx([43.01784, 43.05423])
    assert [peak.intensity for peak in peaks] == pytest.approx([1, 1 / 3])
    # Of what stands at 43.0178, 0.3 parts of 0.75 are the ion's own.
    assert peaks[0].ions[0].share == pytest.approx(0.4)
    assert peaks[0].unexplained == pytest.approx(0.6)


def test_what_no_ion_explains_is_left_out_and_said():
    peaks, left_out = at_accurate_masses(
        [
            AnnotatedPeak(41, 0.4, (), 0.0, 1.0),
            AnnotatedPeak(42, 0.1, (ion("C3H6+", 42.0464, 0.005),), 0.004, 0.991),
            AnnotatedPeak(43, 0.5, (ACETYL,), 0.0, 0.7),
        ]
    )
    assert [peak.mz for peak in peaks] == [43.01784]
    assert peaks[0].intensity == 1
    assert left_out == pytest.approx(0.5)
    assert at_accurate_masses([AnnotatedPeak(41, 1.0, (), 0.0, 1.0)]) == ((), 1.0)
    assert at_accurate_masses([]) == ((), 0.0)


def test_ions_that_no_instrument_tells_apart_are_one_peak():
    masses = [91.05423, 91.05431, 91.0550]
    ions = tuple(ion(f"X{i}", mz, 0.25) for i, mz in enumerate(masses))
    peaks, _ = at_accurate_masses([AnnotatedPeak(91, 1.0, ions, 0.0, 0.25)])
    assert [peak.mz for peak in peaks] == pytest.approx([91.05427, 91.0550], abs=1e-6)
    assert [peak.intensity for peak in peaks] == pytest.approx([1, 0.5])
    assert [i.formula for i in peaks[0].ions] == ["X0", "X1"]
    assert sum(i.share for i in peaks[0].ions) == pytest.approx(0.75)


def test_the_floor_holds_after_the_splitting():
    ions = ion("C2H3O+", 43.01784, 0.9), ion("C3H7+", 43.05423, 0.0005)
    peaks, _ = at_accurate_masses([AnnotatedPeak(43, 1.0, ions, 0.0, 0.0995)])
    assert [peak.ions[0].formula for peak in peaks] == ["C2H3O+"]


@pytest.mark.parametrize("smiles", ["CCCC(C)=O", "BrCCBr", "C[Si](C)(C)OC", "[2H]C([2H])([2H])O"])
def test_the_teachers_spectrum_is_the_nominal_one_split_up(small_teacher, smiles):
    predictor = Predictor(small_teacher)
    [nominal] = predictor.predict([smiles], annotate=True)
    [accurate] = predictor.predict([smiles], exact_mass=True)
    assert accurate.annotations is None
    mz, intensity = accurate.spectrum.mz, accurate.spectrum.intensity
    assert len(set(mz.round(4))) == len(mz) > 20
    assert (intensity.max(), intensity.min() >= 0.001) == (1, True)
    explained = {int(p.mz): p.intensity for p in nominal.annotations if p.unexplained <= 0.99}
    total = sum(peak.intensity for peak in nominal.annotations)
    assert accurate.left_out == pytest.approx(1 - sum(explained.values()) / total, abs=1e-5)
    sums = np.bincount(nominal_mz(mz), intensity)
    scale = sum(explained.values()) / sums.sum()
    for place, expected in explained.items():
        found = sums[place] if place < len(sums) else 0
        assert scale * found == pytest.approx(expected, rel=0.02, abs=0.004)


def test_peaks_and_losses_have_four_decimals(small_teacher):
    [toluene] = Predictor(small_teacher).predict(["Cc1ccccc1"], exact_mass=True)
    by_mz = {peak.mz: peak for peak in toluene.peaks}
    assert by_mz[92.0621].neutral_loss == 0
    assert by_mz[77.0386].neutral_loss == 15.0235
