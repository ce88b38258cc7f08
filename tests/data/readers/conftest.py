"""A way to read text as a file of any ending."""

import pytest

from nextims.data.readers import read_spectra


@pytest.fixture
def read(tmp_path):
    """Reads text or bytes as a file of this name."""

    def read_(name, content):
        content = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(content)
        return list(read_spectra(tmp_path / name))

    return read_


@pytest.fixture
def pairs():
    """Gives m/z and intensity of each peak of a record."""
    return lambda record: list(
        zip(record.spectrum.mz.tolist(), record.spectrum.intensity.tolist(), strict=True)
    )
