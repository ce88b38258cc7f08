"""Pictures of spectra written to files, one after the other or many on a page."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..files.writing import OutputError, check_output, named_in_errors
from ..spectra.prediction import PredictedSpectrum
from ..spectra.record import Record
from ..version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .panel import LibrarySpectrum

ENDINGS = (".png", ".svg", ".pdf")


def check_picture(path: str | Path) -> Path:
    """Check that spectra can be drawn into a file, before the work of predicting them.

    Returns:
        The path.

    Raises:
        OutputError: the ending is none of ``ENDINGS``, the folder is missing or write-protected, or
            Matplotlib, SciPy or what RDKit draws with is not installed.

    Example:
        >>> from nextims.pictures.files import check_picture
        >>> check_picture("ethanol.svg").suffix
        '.svg'
    """
    path = check_output(path, ENDINGS, "pictures of spectra")
    check_drawable(path)
    return path


def check_drawable(path: str | Path) -> None:
    """Check that pictures can be drawn at all.

    Args:
        path: file that they are for, to be named.

    Raises:
        OutputError: Matplotlib, SciPy or what RDKit draws with is not installed.
    """
    for name in ("Matplotlib", "SciPy"):
        package = name.lower()
        try:
            import_module(package)
        except ImportError as error:
            raise OutputError(
                f'{path}: pictures need {name}: pip install "nextims[plot]"'
            ) from error
    check_structures_drawable(path)


def check_structures_drawable(path: str | Path) -> None:
    """Check that RDKit can draw: a server without a screen may lack the library it draws with.

    Args:
        path: file that the picture is for, to be named.

    Raises:
        OutputError: the library is missing.
    """
    try:
        from rdkit.Chem.Draw import rdMolDraw2D  # noqa: F401
    except ImportError as error:
        raise OutputError(
            f"{path}: RDKit cannot draw here: {error} (on Debian and Ubuntu: "
            "apt install libxrender1)"
        ) from error


class PictureWriter:
    """Draws spectra into the file that a path names, or into several.

    A PDF holds all pages. Of other formats, a second page makes two files of the one:
    ``spectra-1.png``, ``spectra-2.png`` and so on. Files are written into a temporary folder and
    moved when all went well; otherwise nothing is left of them. The same spectra give the same
    files, byte for byte.

    Args:
        path: file to write.
        grid: many spectra on a page, in the place of one.
        mirrors: whether spectra come with measured ones.

    Attributes:
        paths: the files, once they are there.

    Raises:
        OutputError: see ``check_picture``; or, while it is drawn, the disk is full, say.

    Example:
        >>> import pathlib, tempfile
        >>> from nextims.chemistry.molecule import read_molecule
        >>> from nextims.spectra.spectrum import Spectrum
        >>> from nextims.pictures.files import PictureWriter
        >>> from nextims.spectra.prediction import PredictedSpectrum
        >>> spectrum = Spectrum([31, 45, 46], [1.0, 0.5, 0.2])
        >>> path = pathlib.Path(tempfile.mkdtemp(), "ethanol.svg")
        >>> with PictureWriter(path) as writer:
        ...     writer.write(PredictedSpectrum(1, "ethanol", read_molecule("CCO"), spectrum))
        >>> "ethanol" in path.read_text(encoding="utf-8")
        True
    """

    def __init__(self, path: str | Path, *, grid: bool = False, mirrors: bool = False):
        from .drawing import page_size

        self.path = check_picture(path)
        self.paths: list[Path] = []
        self._grid = grid
        self._full = page_size(mirrors=mirrors) if grid else 1
        self._waiting: list[tuple[PredictedSpectrum | LibrarySpectrum, Record | None]] = []
        self._pages: list[Path] = []
        self._pdf: Any = None

    def __enter__(self) -> PictureWriter:
        self._folder = TemporaryDirectory(prefix=f"{self.path.name}.", dir=self.path.parent)
        return self

    def write(
        self, result: PredictedSpectrum | LibrarySpectrum, measured: Record | None = None
    ) -> None:
        """Draw a prediction, or the spectrum of a library, above a measured one if there is one.

        Raises:
            ValueError: the record has no peak.
        """
        self._waiting.append((result, measured))
        if len(self._waiting) == self._full:
            with named_in_errors(self.path):
                self._draw()

    def __exit__(self, exception_type, exception, traceback) -> None:
        with self._folder:
            if exception_type is None:
                with named_in_errors(self.path):
                    self._finish()
            elif self._pdf is not None:
                with suppress(OSError):  # the one that counts is on its way
                    self._pdf.close()

    def _finish(self) -> None:
        if self._waiting:
            self._draw()
        if self._pdf is not None:
            with _file_settings():  # the fonts are written last
                self._pdf.close()
        paths = _numbered(self.path, len(self._pages))
        for written, path in zip(self._pages, paths, strict=True):
            written.replace(path)
        self.paths = paths

    def _draw(self) -> None:
        from .drawing import page, picture

        figure = page(self._waiting) if self._grid else picture(*self._waiting[0])
        self._waiting = []
        with _file_settings():
            self._save(figure)

    def _save(self, figure: Figure) -> None:
        creator = f"NExtIMS {__version__}"
        ending = self.path.suffix.lower()
        if ending == ".pdf":
            if self._pdf is None:
                from matplotlib.backends.backend_pdf import PdfPages

                # No date, so that the same spectra give the same file.
                metadata = {"Creator": creator, "CreationDate": None}
                self._pdf = PdfPages(self._next(), metadata=metadata)
            self._pdf.savefig(figure)
            return
        metadata = {"Software": creator} if ending == ".png" else {"Creator": creator, "Date": None}
        figure.savefig(self._next(), format=ending[1:], dpi=300, metadata=metadata)

    def _next(self) -> Path:
        self._pages.append(Path(self._folder.name, str(len(self._pages))))
        return self._pages[-1]


def svg_element(figure: Figure, number: int = 0) -> str:
    """Return a figure as an element ``svg``, to stand in an HTML page.

    Args:
        figure: the figure.
        number: another for each figure of a page, so that no two share the names of their parts.

    Example:
        >>> from matplotlib.figure import Figure
        >>> from nextims.pictures.files import svg_element
        >>> svg_element(Figure(figsize=(1, 1)))[:4]
        '<svg'
    """
    file = io.StringIO()
    with _file_settings(f"NExtIMS {number}"):
        figure.savefig(file, format="svg", metadata={"Creator": None, "Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


@contextmanager
def _file_settings(salt: str = "NExtIMS") -> Iterator[None]:
    """Keep text as text in vector graphics, so that it can be searched and edited."""
    import matplotlib

    settings = {"svg.fonttype": "none", "svg.hashsalt": salt, "pdf.fonttype": 42}
    with matplotlib.rc_context(settings):
        yield


def _numbered(path: Path, number: int) -> list[Path]:
    """Return the names of so many files, in their order."""
    if number < 2:
        return [path] * number
    digits = len(str(number))
    return [path.with_stem(f"{path.stem}-{i + 1:0{digits}}") for i in range(number)]
