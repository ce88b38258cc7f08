"""Where labels and structures go, in numbers."""

from itertools import combinations

import numpy as np
import pytest

from nextims.pictures.layout import TRIANGLE, Label, Sticks, arrange

SIZE = (400.0, 180.0)


def sticks_of(peaks, half_width=0.6):
    x, height = (np.array(values, float) for values in zip(*peaks, strict=True))
    return Sticks(x, height, height, half_width)


def labels_of(sticks, width=12.0, height=8.0):
    return [Label(int(i), str(i), width, height) for i in np.argsort(-sticks.height)]


def apart(one, other):
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_nothing_overlaps_in_a_crowd():
    random = np.random.default_rng(0)
    for _ in range(20):
        x = np.sort(random.choice(np.arange(10, 390), 60, replace=False))
        height = 100 * random.random(60) ** 3
        height[random.integers(60)] = 100
        sticks = sticks_of(list(zip(x, height, strict=True)))
        ion = (float(x[-1]), Label(59, "M", 40.0, 9.0))
        result = arrange(SIZE, sticks, labels_of(sticks)[:20], ion=ion, inset=(120.0, 80.0))
        texts = {stick: placed.box for stick, placed in result.labels.items()}
        boxes = [*texts.values(), result.inset, result.ion.text, result.ion.triangle]
        assert len(texts) >= 5
        for one, other in combinations(boxes, 2):
            assert apart(one, other)
        for box in boxes:
            assert box[0] >= 0 and box[2] <= SIZE[0] and box[3] <= SIZE[1]
        drawn = sticks.boxes(SIZE[1] / result.top)
        for box in boxes:
            assert all(apart(box, stick) for stick in drawn)


def test_a_label_stands_on_its_stick():
    sticks = sticks_of([(100, 100), (200, 50)])
    result = arrange(SIZE, sticks, labels_of(sticks))
    for stick, (_, box) in result.labels.items():
        assert (box[0] + box[2]) / 2 == sticks.x[stick]
        tip = sticks.height[stick] * SIZE[1] / result.top
        assert 0 < box[1] - tip < 3


def test_a_label_makes_room_for_a_lesser_one():
    # Centred, the first would leave none for the second, whose other side a tall stick bars.
    sticks = sticks_of([(100, 50), (109, 48), (125, 60), (300, 100)])
    result = arrange(SIZE, sticks, [Label(0, "a", 18, 8), Label(1, "b", 18, 8)])
    assert set(result.labels) == {0, 1}
    moved = result.labels[0].box
    assert (moved[0] + moved[2]) / 2 < 100
    alone = arrange(SIZE, sticks, [Label(0, "a", 18, 8)]).labels[0].box
    assert (alone[0] + alone[2]) / 2 == 100


def test_labels_name_the_most_intensity_together():
    # The middle one, though the highest, would leave no room for the others.
    sticks = sticks_of([(100, 50), (108, 52), (116, 50), (300, 100)])
    labels = labels_of(sticks, width=24.0)
    assert set(arrange(SIZE, sticks, labels).labels) == {0, 2, 3}


def test_of_two_texts_for_a_stick_the_first_that_fits_is_taken():
    sticks = sticks_of([(100, 50), (90, 100), (110, 100)])
    both = [Label(0, "57 C4H9+", 50, 8), Label(0, "57", 10, 8)]
    assert arrange(SIZE, sticks, both).labels[0].label.text == "57"
    alone = sticks_of([(100, 50), (200, 100)])
    assert arrange(SIZE, alone, both).labels[0].label.text == "57 C4H9+"


def test_an_ion_without_a_peak_is_marked_on_the_base_line():
    sticks = sticks_of([(100, 100)])
    ion = arrange(SIZE, sticks, [], ion=(300.0, Label(None, "M", 30, 9))).ion
    assert ion.tip == 0
    assert ion.triangle[1] < 3
    assert ion.triangle[3] - ion.triangle[1] == pytest.approx(TRIANGLE)
    assert ion.text[1] > ion.triangle[3]


def test_an_ion_among_taller_peaks_is_marked_above_them():
    peaks = [(300, 2), *((300 + d, 90) for d in (-20, -9, -3, 3, 9, 20)), (50, 100)]
    sticks = sticks_of(peaks)
    result = arrange(SIZE, sticks, [], ion=(300.0, Label(0, "M", 30, 9)))
    assert result.ion.triangle[1] > 90 * SIZE[1] / result.top
    assert result.ion.text[3] <= SIZE[1]


def test_the_structure_goes_where_there_is_room():
    left = sticks_of([(x, 90) for x in range(10, 200, 4)])
    right = sticks_of([(400 - x, 90) for x in range(10, 200, 4)])
    assert arrange(SIZE, left, [], inset=(100, 60)).inset[0] > 200
    assert arrange(SIZE, right, [], inset=(100, 60)).inset[2] < 200


def test_sticks_are_lowered_where_the_structure_finds_no_room():
    sticks = sticks_of([(x, 100) for x in range(10, 400, 4)])
    without = arrange(SIZE, sticks, [])
    result = arrange(SIZE, sticks, [], inset=(100, 60))
    assert result.top > 1.2 * without.top
    assert result.inset[1] > 100 * SIZE[1] / result.top


def test_a_large_structure_is_made_smaller_and_keeps_its_shape():
    sticks = sticks_of([(10, 100)])
    left, bottom, right, top = arrange(SIZE, sticks, [], inset=(1000, 400)).inset
    assert right - left < 0.7 * SIZE[0]
    assert (right - left) / (top - bottom) == pytest.approx(2.5)
