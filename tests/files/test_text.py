"""Text of any encoding."""

import io

import pytest

from nextims.files.text import decoded_lines


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
