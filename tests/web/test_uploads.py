import threading
import time

import pytest

from nextims.web.uploads import Upload, read_uploaded_spectra, read_uploaded_structures


@pytest.mark.parametrize(
    ("name", "line", "read"),
    [
        ("a.csv", b"a b\n", read_uploaded_spectra),
        ("a.msp", b"\n", read_uploaded_spectra),
        ("a.csv", b",\n", read_uploaded_structures),
    ],
)
def test_what_is_not_waited_for_is_not_read_on(name, line, read):
    upload = Upload(line * (16_000_000 // len(line)), name, 16 << 20)
    reading = threading.Thread(target=read, args=(upload,))
    begin = time.monotonic()
    reading.start()
    time.sleep(0.3)
    upload.abandon()
    reading.join(timeout=20)
    assert not reading.is_alive()
    assert time.monotonic() - begin < 10  # whole, it takes minutes


def test_what_was_never_waited_for_is_read_as_empty():
    upload = Upload(b"Name: water\nNum Peaks: 1\n18 999\n", "a.msp", 1000)
    upload.abandon()
    assert read_uploaded_spectra(upload)["spectra"] == []
