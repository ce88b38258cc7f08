"""Weights on disk: plain tensors and a description, loadable without running any code."""

from __future__ import annotations

import hashlib
import io
import pickle
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..config import PROJECT_ROOT
from ..errors import UserError
from ..files.archive import check_archive
from ..files.writing import written_whole
from ..version import __version__
from .rebuilding import rebuilt

FORMAT_VERSION = 1
_CONTENT = {
    "format_version": int,
    "kind": str,
    "model_config": dict,
    "weights": dict,
    "metadata": dict,
}


class CheckpointError(UserError):
    """A checkpoint cannot be used; the message names the file and the reason."""


@dataclass(frozen=True)
class Checkpoint:
    """A model's description as saved.

    Attributes:
        kind: "teacher", "student" or "bde".
        model_config: the model's constructor arguments.
        metadata: version, commit, data and metrics that the weights came from.
    """

    kind: str
    model_config: dict[str, Any]
    metadata: dict[str, Any]


def model_class(kind: str) -> type[nn.Module]:
    """Return the class of a kind of model, importing no other.

    Raises:
        KeyError: there is no such kind.
    """
    if kind == "teacher":
        from .teacher import Teacher

        return Teacher
    if kind == "teacher_network":
        from .teacher_network import TeacherNetwork

        return TeacherNetwork
    if kind == "student":
        from .student import Student

        return Student
    if kind == "bde":
        from .bde import BDEModel

        return BDEModel
    raise KeyError(kind)


def save_checkpoint(
    path: str | Path,
    model: nn.Module,
    model_config: Mapping[str, Any],
    metadata: Mapping[str, Any],
    *,
    half: bool = True,
) -> None:
    """Save a model's weights with what is needed to rebuild it.

    Args:
        path: target; written to a temporary name and renamed.
        model: the model.
        model_config: arguments that its class was made with.
        metadata: what the weights came from, as plain values.
        half: store floating-point weights in half the space (float16); they are read back as
            float32.
    """
    weights = {
        name: tensor.detach().cpu().to(torch.float16)
        if half and tensor.is_floating_point()
        else tensor.detach().cpu()
        for name, tensor in model.state_dict().items()
    }
    content = {
        "format_version": FORMAT_VERSION,
        "kind": model.kind,
        "model_config": dict(model_config),
        "weights": weights,
        "metadata": {"version": __version__, "commit": COMMIT, **metadata},
    }
    save_atomically(content, path)


def load_model(
    path: str | Path, device: str | torch.device = "cpu"
) -> tuple[nn.Module, Checkpoint]:
    """Rebuild a model from a checkpoint, in evaluation mode.

    Args:
        path: checkpoint that ``save_checkpoint`` wrote.
        device: where to put the model.

    Returns:
        The model, and the checkpoint's description.

    Raises:
        CheckpointError: the file is missing or damaged, holds code, is no NExtIMS checkpoint, or
            was written by a later version.

    Example:
        >>> from nextims.config import Config, PROJECT_ROOT
        >>> from nextims.models.checkpoint import load_model
        >>> model, checkpoint = load_model(PROJECT_ROOT / Config().student.checkpoint)
        >>> checkpoint.kind
        'student'
    """
    content = load_content(path)
    try:
        make = model_class(content["kind"])
    except KeyError:
        raise CheckpointError(
            f"{path}: holds a model {content['kind'][:40]!r}, which this version does not know"
        ) from None
    try:
        model = rebuilt(make, content["model_config"], content["weights"])
    except Exception as error:  # whatever a constructor makes of arbitrary arguments
        reason = str(error).partition("\n")[0]
        raise CheckpointError(f"{path}: weights do not fit the model: {reason}") from error
    description = Checkpoint(content["kind"], content["model_config"], content["metadata"])
    return model.to(device).eval(), description


def weights_digest(path: str | Path) -> str:
    """Return the SHA-256 of a checkpoint's weights, whatever is said about them beside.

    Raises:
        CheckpointError: the file is missing, damaged, or no checkpoint.
    """
    content = load_content(path)
    digest = hashlib.sha256(content["kind"].encode())
    for name, tensor in sorted(content["weights"].items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def save_atomically(content: Any, path: str | Path) -> None:
    """Write with ``torch.save`` to a temporary name beside ``path``, then rename."""
    # In memory first: where a write fails, torch tells neither the reason nor ends in order; and
    # to a path it would write the path's own name into the content.
    image = io.BytesIO()
    torch.save(content, image)
    with written_whole(path) as temporary:
        temporary.write_bytes(image.getbuffer())


def load_plain(path: str | Path) -> Any:
    """Read what ``torch.save`` wrote, refusing anything but plain values and tensors.

    Raises:
        CheckpointError: the file is missing, damaged (by the checksums within it), or holds code.
    """
    if not Path(path).is_file():
        raise CheckpointError(f"{path}: no such checkpoint")
    try:
        check_archive(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: refused, it is damaged or holds more than plain weights"
        ) from error
    except Exception as error:  # whatever a reader of arbitrary bytes stumbles over
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{path}: truncated, damaged or no checkpoint ({reason}); fetch or make it again"
        ) from error


def load_content(path: str | Path) -> dict[str, Any]:
    """Return what ``save_checkpoint`` wrote, each part of its kind.

    Args:
        path: the checkpoint.

    Returns:
        ``format_version``, ``kind``, ``model_config``, ``weights`` and ``metadata``.

    Raises:
        CheckpointError: as ``load_plain``; or it is no checkpoint of ours, was written by a later
            version, or holds weights that are none.
    """
    content = load_plain(path)
    if not isinstance(content, dict) or not set(content) >= set(_CONTENT):
        raise CheckpointError(f"{path}: not a NExtIMS checkpoint")
    for name, kind in _CONTENT.items():
        if not isinstance(content[name], kind):
            raise CheckpointError(
                f"{path}: not a NExtIMS checkpoint ({name} is no {kind.__name__})"
            )
    if content["format_version"] > FORMAT_VERSION:
        raise CheckpointError(
            f"{path}: written in format {content['format_version']}; this version reads up to "
            f"{FORMAT_VERSION}. Update NExtIMS."
        )
    # A tensor may repeat what it is made of, and so be larger than the file.
    allowed = Path(path).stat().st_size
    for name, tensor in content["weights"].items():
        plain = isinstance(name, str) and isinstance(tensor, torch.Tensor)
        if not plain or tensor.layout != torch.strided or tensor.is_quantized:
            raise CheckpointError(f"{path}: {str(name)[:40]!r} is no plain tensor")
        allowed -= tensor.numel() * tensor.element_size()
    if allowed < 0:
        raise CheckpointError(f"{path}: its weights claim to be larger than the file")
    return content


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PROJECT_ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _commit() -> str:
    """Return the commit of the code that runs, where it runs from a checkout."""
    try:
        changed = _git("status", "--porcelain", "--", "src", "scripts")
        return _git("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


# Asked when the code is loaded: the checkout may change while a training runs.
COMMIT = _commit()
