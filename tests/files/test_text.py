"""Text of any encoding."""

import gzip
import io

import pytest

from nextims.files.text import decoded_lines, open_bytes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding, line_end):
    stream = io.BytesIO(line_end.join(["Éthanol", "", "b "]).encode(encoding))
    assert list(decoded_lines(stream)) == ["Éthanol", "", "b "]


def test_a_stream_is_closed_or_kept_open():
    for keep_open in (False, True):
        stream = io.BytesIO(b"a\nb")
        assert list(decoded_lines(stream, keep_open=keep_open)) == ["a", "b"]
        assert stream.closed is not keep_open


def test_what_is_not_text():
    with pytest.raises(ValueError, match="not a text file"):
        decoded_lines(io.BytesIO(b"\x89HDF\0\0"))


@pytest.mark.parametrize(
    ("content", "lines", "notes"),
    [
        (b"\xe9thanol \x96 \x80\nx", ["éthanol – €", "x"], {"not UTF-8, read as Windows-1252"}),
        (b"\xe9thanol \x81", ["éthanol \x81"], {"not UTF-8, read as Latin-1"}),
        ("éthanol".encode(), ["éthanol"], set()),
        ("\ufeffé".encode(), ["é"], set()),
        (b"CCO ethanol\r\n\x1a", ["CCO ethanol", ""], set()),
        (b"CCO\x1a\nC\x1a\n", ["CCO", "C"], set()),
    ],
)
def test_one_rule_for_all_encodings(content, lines, notes):
    noted = set()
    assert list(decoded_lines(io.BytesIO(content), notes=noted)) == lines
    assert noted == notes


@pytest.mark.parametrize("name", ["x.txt.gz", "x.TXT.GZ", "x.txt"])
def test_gzipped_bytes_are_read_as_they_were_before(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(b"CCO"))
    with open_bytes(tmp_path / name) as file:
        assert file.read() == b"CCO"
