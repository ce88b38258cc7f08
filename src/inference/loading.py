"""Which runtime predicts with a checkpoint. Imports PyTorch only where that is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..config import WEIGHTS_VARIABLE, Config
from ..errors import MissingPackageError, training_packages_named
from ..evaluation.trust import Trust, trust_path
from ..files.digest import file_digest
from ..models.retention_index import RetentionModel
from ..spectra.instrument import Instrument
from .onnx.predictor import DamagedExportError, OnnxError, OnnxPredictor
from .streaming import StreamingPredictor
from .structures.lists import InputError

DEVICES = ("auto", "cpu", "cuda")


def open_predictor(
    checkpoint: Path,
    *,
    device: str = "auto",
    threads: int = 0,
    retention: Path | None = None,
    instrument: Instrument | None = None,
) -> StreamingPredictor:
    """Load what predicts with a checkpoint.

    That is the student's export beside it (``.onnx``) through ONNX Runtime, if it is of the same
    weights and no GPU is asked for; else the checkpoint through PyTorch. An export of other weights
    is never used in the checkpoint's place.

    Args:
        checkpoint: a checkpoint, or an export.
        device: "cpu", "cuda", or "auto".
        threads: threads of PyTorch for one batch; 0 for one a core. ONNX Runtime takes one.
        retention: a model of retention indices, if these are wanted.
        instrument: what predictions are to be like.

    Raises:
        CheckpointError: the checkpoint cannot be used.
        OnnxError: the export named cannot be used, or the one beside the checkpoint is damaged.
        TrustError: what says how far to trust the model is damaged.
        RetentionModelError: so is the model of retention indices.
        DeviceError: "cuda" is asked for and there is no GPU.
        MissingPackageError: PyTorch is needed, and not installed.

    Example:
        >>> from nextims.config import load_config
        >>> from nextims.inference.loading import open_predictor
        >>> predictor = open_predictor(load_config().student.checkpoint)
        >>> predictor.predict(["CCO"])[0].highest_peaks(1)[0].mz
        31
    """
    predictor = _predictor(checkpoint, device, threads)
    if instrument is not None:
        predictor.predict_as(instrument)
    path = trust_path(checkpoint)
    if path.is_file():
        trust = Trust.load(path)
        if trust.checkpoint_sha256 == (predictor.checkpoint_sha256 or file_digest(checkpoint)):
            predictor.trust = trust
    if retention is not None:
        predictor.retention, predictor.retention_path = RetentionModel.load(retention), retention
    return predictor


def _predictor(checkpoint: Path, device: str, threads: int) -> StreamingPredictor:
    if checkpoint.suffix == ".onnx":
        return OnnxPredictor(checkpoint)
    exported, outdated = checkpoint.with_suffix(".onnx"), None
    if device != "cuda" and exported.is_file():
        try:
            predictor = OnnxPredictor(exported)
            if predictor.checkpoint_sha256 == file_digest(checkpoint):
                return predictor
            outdated = exported
        except DamagedExportError:
            raise
        except OnnxError:
            pass  # no runtime, or no export of ours: the checkpoint itself will do
    try:
        with training_packages_named():
            import torch

            from .predictor import Predictor
    except MissingPackageError as error:
        if outdated is None:
            raise
        raise MissingPackageError(f"{_of_other_weights(outdated, checkpoint)}; {error}") from error

    if threads:
        torch.set_num_threads(threads)
    predictor = Predictor.from_checkpoint(checkpoint, device)
    predictor.outdated = outdated
    return predictor


def _of_other_weights(export: Path, checkpoint: Path) -> str:
    return (
        f"{export}: is of other weights than {checkpoint.name} beside it, which needs PyTorch; "
        f"nextims export --checkpoint {checkpoint} makes it anew"
    )


def load_predictor(
    config: Config,
    checkpoint: str | Path | None = None,
    *,
    say: Callable[[str], object] = lambda line: None,
    device: str = "auto",
    standards: str | Path | None = None,
    tell: Callable[[str], object] = lambda line: None,
) -> StreamingPredictor:
    """Load the configured model, or another, as ``open_predictor`` does.

    Args:
        config: the configuration.
        checkpoint: as ``Config.checkpoint`` takes it.
        say: takes a line that the user should know of.
        device: "cpu", "cuda", or "auto".
        standards: measured spectra whose instrument it is to be like, as ``instrument_of`` takes
            them.
        tell: takes a line on what that instrument is like.

    Raises:
        InputError: it is missing, or there is no such device; or there are too few standards.
        UserError: it cannot be used.

    Example:
        >>> from nextims.config import load_config
        >>> from nextims.inference.loading import load_predictor
        >>> load_predictor(load_config(), device="cpu").max_mz
        1000
    """
    if device not in DEVICES:
        raise InputError(f"device: expected one of {', '.join(DEVICES)}, found {device!r}")
    path = config.checkpoint(checkpoint, say)
    if not path.is_file():
        teacher = config.teacher.checkpoint
        what = "teacher" if path.resolve() == teacher.resolve() else f"student --teacher {teacher}"
        raise InputError(
            f"{path}: no such checkpoint; this makes one: nextims train {what}; those of the "
            f"repository are found in a clone of it, or in the folder that {WEIGHTS_VARIABLE} names"
        )
    retention = config.to_read(config.retention_index.checkpoint)
    predictor = open_predictor(
        path, device=device, retention=retention if retention.is_file() else None
    )
    if predictor.trust is None and trust_path(path).is_file():
        say(f"{trust_path(path)}: of other weights; nextims train trust makes it anew")
    if device == "cuda" and predictor.single_threaded:
        say(f"{path}: an exported student, which runs on the CPU")
    if predictor.outdated:
        say(_of_other_weights(predictor.outdated, path))
    if predictor.unchecked:
        say(
            f"{predictor.unchecked}: has no digest beside it, so that damage would go unnoticed; "
            "nextims export makes it anew with one"
        )
    if standards is not None:
        from .standards import instrument_of

        predictor.predict_as(instrument_of(standards, predictor, tell))
    return predictor
