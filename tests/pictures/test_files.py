"""Files of pictures."""

import re
import struct
import subprocess
import sys
import zlib
from xml.etree import ElementTree

import pytest

from builders import build_record
from nextims.chemistry.molecule import read_molecule
from nextims.files.writing import OutputError
from nextims.pictures.files import PictureWriter, check_picture
from nextims.spectra.prediction import PredictedSpectrum
from nextims.spectra.spectrum import Spectrum

pytest.importorskip("matplotlib", reason='needs pip install -e ".[plot]"')


def predicted(name="ethanol & <others>"):
    spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
    return PredictedSpectrum(1, name, read_molecule("CCO"), spectrum)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, number=1, **options):
    with PictureWriter(path, **options) as writer:
        for _ in range(number):
            writer.write(predicted())
    return writer.paths


def pdf_pages(path):
    return len(re.findall(rb"/Type /Page\b", path.read_bytes()))


def test_a_png(tmp_path):
    assert write(tmp_path / "x.PNG") == [tmp_path / "x.PNG"]
    content = (tmp_path / "x.PNG").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", content[16:24])
    assert width == pytest.approx(16 / 2.54 * 300, abs=2)  # 16 cm at 300 dots per inch
    assert height < width


def test_an_svg_keeps_its_text(tmp_path):
    write(tmp_path / "x.svg")
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    assert root.tag.endswith("}svg")
    shown = ["".join(e.itertext()).strip() for e in root.iter() if e.tag.endswith("}text")]
    for text in ("ethanol & <others>", "31", "45", "M⁺• 46", "m/z"):
        assert text in shown
    assert any(text.startswith("C₂H₆O · ") for text in shown)


def test_a_pdf_keeps_its_text(tmp_path):
    write(tmp_path / "x.pdf")
    content = (tmp_path / "x.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert pdf_pages(tmp_path / "x.pdf") == 1
    assert b"/FontFile2" in content  # a TrueType font
    assert b"/Type3" not in content
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    decoded = []
    for stream in streams:
        try:
            decoded.append(zlib.decompress(stream))
        except zlib.error:
            continue
    assert any(b"Tj" in text or b"TJ" in text for text in decoded)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_files_are_the_same_each_time(tmp_path, ending):
    for name in ("one", "two"):
        write(tmp_path / f"{name}.{ending}")
    assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"two.{ending}").read_bytes()


def test_several_pages(tmp_path):
    assert write(tmp_path / "x.pdf", 2) == [tmp_path / "x.pdf"]
    assert pdf_pages(tmp_path / "x.pdf") == 2
    paths = write(tmp_path / "x.svg", 2)
    assert [path.name for path in paths] == ["x-1.svg", "x-2.svg"]
    write(tmp_path / "grid.pdf", 11, grid=True)
    assert pdf_pages(tmp_path / "grid.pdf") == 2
    assert names(tmp_path) == ["grid.pdf", "x-1.svg", "x-2.svg", "x.pdf"]


def test_a_page_of_mirrors_holds_fewer(tmp_path):
    with PictureWriter(tmp_path / "x.pdf", grid=True, mirrors=True) as writer:
        for _ in range(7):
            writer.write(predicted(), build_record("CCO"))
    assert pdf_pages(tmp_path / "x.pdf") == 2


def test_nothing_to_draw_is_no_file(tmp_path):
    assert write(tmp_path / "x.pdf", 0) == []
    assert names(tmp_path) == []


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_nothing_is_left_of_a_run_that_fails(tmp_path, ending):
    path = tmp_path / f"x.{ending}"
    path.write_text("of an earlier run")
    with pytest.raises(RuntimeError), PictureWriter(path) as writer:
        writer.write(predicted())
        raise RuntimeError
    assert names(tmp_path) == [path.name]
    assert path.read_text() == "of an earlier run"


@pytest.mark.parametrize("name", ["x.jpg", "x", "no/x.png"])
def test_a_path_that_cannot_be_written_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match=r"pictures of spectra|does not exist"):
        check_picture(tmp_path / name)


def test_without_what_rdkit_draws_with_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit.Chem.Draw", None)
    with pytest.raises(OutputError, match=r"x\.png: RDKit cannot draw here: .*libxrender1"):
        check_picture("x.png")


@pytest.mark.parametrize("name", ["Matplotlib", "SciPy"])
def test_without_a_library_the_error_names_the_command(tmp_path, name):
    package = name.lower()
    code = (
        f"import sys; sys.modules['{package}'] = None\n"
        "from nextims.inference import measured\n"
        "from nextims.pictures import drawing, panel, text\n"
        "from nextims.pictures.files import check_picture\n"
        "try: check_picture('x.png')\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    expected = f'x.png: pictures need {name}: pip install "nextims[plot]"\n'
    assert done.stdout == expected, done.stderr
