"""Predicted spectra written as MSP to a stream that is open already."""

from __future__ import annotations

from typing import BinaryIO

from ..spectra.prediction import FailedPrediction
from .spectrum_writer import Result
from .writing import Formatter


class MSPStream:
    """Writes spectra as MSP to an open stream; failures are counted only.

    Args:
        stream: binary stream, left open.
        model_name: what the spectra say about the model.
        dialect: of MSP, a key of ``DIALECTS``.

    Attributes:
        predicted: number of spectra written.
        failed: number of failures.

    Example:
        >>> import io
        >>> from nextims.spectra.prediction import FailedPrediction
        >>> from nextims.formats.msp_stream import MSPStream
        >>> with MSPStream(io.BytesIO()) as writer:
        ...     writer.write(FailedPrediction(1, "", "", "empty structure"))
        >>> writer.failed
        1
    """

    def __init__(self, stream: BinaryIO, model_name: str = "", dialect: str = "nist"):
        self.stream = stream
        self.model_name = model_name
        self._format = Formatter(dialect=dialect)
        self.predicted = 0
        self.failed = 0

    def __enter__(self) -> MSPStream:
        return self

    def write(self, result: Result) -> None:
        """Write one result."""
        if isinstance(result, FailedPrediction):
            self.failed += 1
            return
        text = self._format(result, self.model_name).record
        self.stream.write(text.encode("utf-8", "backslashreplace"))
        self.predicted += 1

    def __exit__(self, exception_type, exception, traceback) -> None:
        if exception_type is None:
            self.stream.flush()
