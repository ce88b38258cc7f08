"""A typed, validated view of ``config.yaml``.

Every setting has its default here and its explanation in ``config.yaml``; a file may leave settings
out. All mistakes of a file are collected and reported together, before any work begins.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from .config_errors import Section, explain
from .config_yaml import read_yaml
from .errors import UserError

_PACKAGE = Path(__file__).resolve().parent
# What a wheel brings along, see setup.py. A checkout has it beside the package, and more.
_IN_WHEEL = _PACKAGE / "shipped"
PROJECT_ROOT = _IN_WHEEL if _IN_WHEEL.is_dir() else _PACKAGE.parent
DEFAULT_CONFIG = PROJECT_ROOT / "config.yaml"
# Names a folder of weights, laid out as ``checkpoints/`` is, or without its folders.
WEIGHTS_VARIABLE = "NEXTIMS_WEIGHTS"
_NOT_OURS = "not the model that comes with NExtIMS"

# Each takes a look at all keys that there are.
_MISTAKES_SHOWN = 20

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
FilePath = Annotated[Path, Field(strict=False)]


class ConfigError(UserError):
    """The configuration cannot be used; the message lists every mistake with its full key."""


class DataConfig(Section):
    """Where the library is, what of it is used, and how it is split."""

    store: FilePath = Path("data/processed/spectra.h5")
    nist_msp: FilePath = Path("data/NIST17.msp")
    mol_dir: FilePath = Path("data/mol_files")
    max_mz: int = Field(1000, ge=50, le=4000)
    min_peaks: int = Field(5, ge=1)
    derivatise: bool = True
    energy_range: Annotated[tuple[float, float], Field(strict=False)] = (10.0, 80.0)
    split_by: Literal["inchikey", "scaffold"] = "inchikey"
    validation_fraction: Fraction = 0.08
    test_fraction: Fraction = 0.10
    memory_efficient_mode: bool = True
    num_workers: int = Field(1, ge=0)

    @field_validator("energy_range")
    @classmethod
    def _check_range(cls, found: tuple[float, float]) -> tuple[float, float]:
        if not 0 < found[0] <= found[1]:
            raise ValueError(f"found {list(found)}; allowed: [low, high] in eV, 0 < low <= high")
        return found

    @model_validator(mode="after")
    def _check_fractions(self) -> DataConfig:
        if self.validation_fraction + self.test_fraction >= 1:
            raise ValueError(
                f"found validation_fraction {self.validation_fraction} and test_fraction "
                f"{self.test_fraction}; allowed: a sum of less than 1"
            )
        return self


class BDEConfig(Section):
    """Bond dissociation energies."""

    cache: FilePath = Path("data/processed/bde_cache/bde_cache.h5")
    backend: Literal["native", "alfabet"] = "native"
    checkpoint: FilePath = Path("checkpoints/bde/bde.pt")
    data: FilePath = Path("data/processed/bde_data.h5")
    batch_size: int = Field(512, ge=1)


class EncoderConfig(Section):
    """Size of the message-passing encoder that the BDE model and the teacher share."""

    width: int = Field(192, ge=8)
    layers: int = Field(6, ge=1)


class FragmentsConfig(Section):
    """Into which pieces a molecule is taken apart."""

    max_per_molecule: int = Field(400, ge=1)


class TeacherConfig(Section):
    """Size and regularisation of the teacher."""

    checkpoint: FilePath = Path("checkpoints/teacher/best_finetune_teacher.pt")
    pretrained: FilePath = Path("checkpoints/teacher/best_pretrain_teacher.pt")
    fingerprint_width: int = Field(512, ge=8)
    head_blocks: int = Field(3, ge=0)
    head_bottleneck: int = Field(256, ge=8)
    dropout: Fraction = 0.35
    drop_edge: Fraction = 0.1
    fragment_width: int = Field(192, ge=8, multiple_of=4)
    fragment_blocks: int = Field(2, ge=0)
    fragment_dropout: Fraction = 0.15
    doubly_charged: bool = True
    cosine_weight: float = Field(0.1, ge=0)
    head_loss_weight: float = Field(0.3, ge=0)
    bond_energies: bool = True
    bond_energy_weight: float = Field(0.1, ge=0)
    members: int = Field(3, ge=1)
    mc_samples: int = Field(8, ge=2)
    student: FilePath | None = None
    student_structures: int = Field(18_000, ge=1)


class StudentConfig(Section):
    """Size and routing of the student."""

    checkpoint: FilePath = Path("checkpoints/student/best_student.pt")
    ions: int = Field(3000, ge=1)
    losses: int = Field(1500, ge=1)
    pieces: int = Field(96, ge=1)
    piece_width: int = Field(96, ge=8)
    doubly_charged: bool = True
    width: int = Field(512, ge=8)
    experts: int = Field(4, ge=1)
    active_experts: int = Field(2, ge=1)
    expert_blocks: int = Field(3, ge=1)
    expert_bottleneck: int = Field(256, ge=8)
    dropout: Fraction = 0.2
    balance_weight: float = Field(0.01, ge=0)
    gate_entropy_weight: float = Field(0.001, ge=0)
    gate_bias_step: float = Field(0.001, ge=0)


class DistillationConfig(Section):
    """What the student takes from the teacher."""

    cache: FilePath = Path("data/processed/teacher_predictions.h5")
    unlabelled: FilePath = Path("data/unlabelled-gc.smi.gz")
    variants: int = Field(60_000, ge=0)
    structures: FilePath = Path("data/processed/unlabelled_structures.smi.gz")
    labelled_repeats: int = Field(2, ge=1)
    mc_samples: int = Field(0, ge=0)
    student_share: Fraction = 0.5
    soft: bool = True
    confidence: bool = True
    features: bool = True
    temperature_start: float = Field(1.0, ge=1.0)
    temperature_end: float = Field(1.0, ge=1.0)

    @field_validator("mc_samples")
    @classmethod
    def _check_passes(cls, found: int) -> int:
        if found == 1:  # one pass has no deviation
            raise ValueError("found 1; allowed: 0, or a whole number from 2")
        return found


class RetentionIndexConfig(Section):
    """The model of retention indices."""

    checkpoint: FilePath = Path("checkpoints/retention_index/retention_index.npz")
    least_molecules: int = Field(200, ge=50)


class GradNormConfig(Section):
    """Balancing of the losses (Chen et al. 2018)."""

    alpha: float = Field(1.5, ge=0)
    learning_rate: float = Field(0.01, ge=0)
    warmup_steps: int = Field(100, ge=0)
    every: int = Field(10, ge=1)


Precision = Literal["32-true", "bf16-mixed"]


class PhaseConfig(Section):
    """How long and how fast one phase is trained; what is ``None`` is as the phases share it."""

    epochs: int = Field(40, ge=1)
    batch_size: int = Field(64, ge=2)
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    warmup_fraction: Fraction = 0.1
    patience: int = Field(10, ge=1)
    precision: Precision | None = None
    weight_average: Fraction | None = None


class PretrainConfig(PhaseConfig):
    """The defaults of pretraining."""

    epochs: int = Field(80, ge=1)
    batch_size: int = Field(128, ge=2)
    learning_rate: float = Field(1e-3, gt=0)
    patience: int = Field(20, ge=1)


class FinetuneConfig(PhaseConfig):
    """The defaults of the teacher's training on spectra."""

    epochs: int = Field(6, ge=1)
    weight_decay: float = Field(1e-2, ge=0)
    precision: Precision | None = "bf16-mixed"
    weight_average: Fraction | None = 0.998


class StudentPhaseConfig(PhaseConfig):
    """The defaults of the student's training."""

    epochs: int = Field(8, ge=1)
    batch_size: int = Field(128, ge=2)
    weight_decay: float = Field(1e-3, ge=0)
    warmup_fraction: Fraction = 0.05
    precision: Precision | None = "bf16-mixed"
    weight_average: Fraction | None = 0.998


class TrainingConfig(Section):
    """What the phases share, and the schedule of each."""

    seed: int = Field(7, ge=0)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    devices: int = Field(1, ge=1)
    precision: Precision = "32-true"
    gradient_clip: float = Field(1.0, gt=0)
    gradnorm: GradNormConfig = GradNormConfig()
    pretrain: PretrainConfig = PretrainConfig()
    finetune: FinetuneConfig = FinetuneConfig()
    student: StudentPhaseConfig = StudentPhaseConfig()


# What comes with the code, and is found there by what reads it: see ``Config.to_read``.
_SHIPPED = tuple(
    section().checkpoint
    for section in (BDEConfig, TeacherConfig, StudentConfig, RetentionIndexConfig)
)


class Config(Section):
    """The whole of ``config.yaml``.

    Each setting is checked when the file is read; what only holds of several of them is checked by
    the phase that uses them, so that a fault of one phase stops no other.
    """

    data: DataConfig = DataConfig()
    bde: BDEConfig = BDEConfig()
    encoder: EncoderConfig = EncoderConfig()
    fragments: FragmentsConfig = FragmentsConfig()
    teacher: TeacherConfig = TeacherConfig()
    student: StudentConfig = StudentConfig()
    distillation: DistillationConfig = DistillationConfig()
    retention_index: RetentionIndexConfig = RetentionIndexConfig()
    training: TrainingConfig = TrainingConfig()

    # The file, as the user named it, and the folder that its relative paths are taken from.
    _file: Path | None = PrivateAttr(None)
    _root: Path | None = PrivateAttr(None)

    def mistake(self, key: str, problem: str) -> ConfigError:
        """Return the error that tells a phase's user what is wrong with a setting.

        Args:
            key: the setting's full key.
            problem: what was found, and what is allowed.

        Example:
            >>> from nextims.config import Config
            >>> Config().mistake("student.active_experts", "found 5; allowed: to 4")
            ConfigError('settings: student.active_experts: found 5; allowed: to 4')
        """
        return ConfigError(f"{self._file or 'settings'}: {key}: {problem}")

    def to_read(self, path: Path, say: Callable[[str], None] = lambda line: None) -> Path:
        """Return where a command that only reads finds a trained model.

        That is ``path``; but where it is a place that the defaults name and nothing is there, as in
        the folder of a configuration of one's own, the model in the folder that the environment's
        ``NEXTIMS_WEIGHTS`` names, or else the one that comes with the code. Of a student the
        export alone (``.onnx``) will do. What is written goes to ``path`` itself, so that no
        shipped file is overwritten from elsewhere. The settings of a wheel take ``path`` from the
        folder that one works in, and say so where that is why another model than its own is read.

        Args:
            path: as this configuration has it.
            say: takes a line where it is another model.

        Example:
            >>> from pathlib import Path
            >>> from nextims.config import Config, load_config
            >>> config = Config().with_root(Path("/elsewhere"))
            >>> config.to_read(config.bde.checkpoint) == load_config().bde.checkpoint
            True
        """
        models = {self._root / model: model for model in _SHIPPED if self._root}
        if path not in models:
            return path
        # Nobody named the folder that one works in, nor expects it to hold the wheel's own model.
        of_wheel = self._file == DEFAULT_CONFIG and PROJECT_ROOT == _IN_WHEEL
        for found in (path, path.with_suffix(".onnx")):
            if found.is_file():
                if of_wheel:
                    say(f"{found} is read, which lies in this folder: {_NOT_OURS}")
                return found
        inside = models[path].relative_to("checkpoints")
        for folder, whose in _weights_folders():
            for place in (folder / inside, folder / inside.name):
                for found in (place, place.with_suffix(".onnx")):
                    if found.is_file():
                        if not of_wheel:
                            say(f"{path}: not there; read instead is {found}, {whose}")
                        elif not found.is_relative_to(_IN_WHEEL):
                            say(f"{found} is read, {whose}: {_NOT_OURS}")
                        return found
        return path

    def checkpoint(
        self, asked: str | Path | None = None, say: Callable[[str], None] = lambda line: None
    ) -> Path:
        """Return the checkpoint that is asked for: the configured student where none is.

        Args:
            asked: a file, or "student" or "teacher" for the configured one, see ``to_read``.
            say: as in ``to_read``.

        Example:
            >>> from nextims.config import load_config
            >>> load_config().checkpoint("teacher").name
            'best_finetune_teacher.pt'
        """
        if asked is not None and str(asked) not in ("student", "teacher"):
            return Path(asked)
        model = self.teacher if str(asked) == "teacher" else self.student
        return self.to_read(model.checkpoint, say)

    def on_devices(self, devices: int | None) -> Config:
        """Return a copy that trains on so many devices; ``None`` leaves their number.

        Raises:
            ConfigError: fewer than one.

        Example:
            >>> from nextims.config import Config
            >>> Config().on_devices(2).training.devices
            2
        """
        if devices is None:
            return self
        if devices < 1:
            raise ConfigError(f"--devices: found {devices}, allowed: from 1")
        training = self.training.model_copy(update={"devices": devices})
        return self.model_copy(update={"training": training})

    def with_root(self, root: Path) -> Config:
        """Return a copy whose relative paths are taken from the folder ``root``."""
        config = _absolute(self, root)
        config._root = root
        return config


def load_config(path: str | Path = DEFAULT_CONFIG) -> Config:
    """Read and check a configuration file.

    Relative paths in the file are taken from the folder that holds the file; those of the file that
    a wheel brings along, from the folder that one works in.

    Args:
        path: YAML file.

    Returns:
        The validated configuration, its paths absolute.

    Raises:
        ConfigError: the file is missing, is not YAML, or has unknown keys, wrong types or values
            out of range; each with the key's full path, what was found and what is allowed.

    Example:
        >>> from nextims.config import load_config
        >>> load_config().data.max_mz
        1000
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such configuration file")
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: found {type(content).__name__}, expected sections and keys")
    try:
        config = Config.model_validate(content)
    except ValidationError as error:
        found = error.errors()
        problems = [explain(problem, Config) for problem in found[:_MISTAKES_SHOWN]]
        if len(found) > len(problems):
            problems.append(f"and {len(found) - len(problems)} more mistakes")
        raise ConfigError("\n".join(f"{path}: {problem}" for problem in problems)) from error
    own = path.resolve().parent
    config = config.with_root(Path.cwd() if own == _IN_WHEEL else own)
    config._file = path
    return config


def _weights_folders() -> list[tuple[Path, str]]:
    named = os.environ.get(WEIGHTS_VARIABLE)
    given = [(Path(named), f"as {WEIGHTS_VARIABLE} says")] if named else []
    return [*given, (PROJECT_ROOT / "checkpoints", "which comes with NExtIMS")]


def _absolute(value: Any, root: Path) -> Any:
    if isinstance(value, Section):
        return value.model_copy(
            update={
                name: _absolute(getattr(value, name), root) for name in type(value).model_fields
            }
        )
    return root / value if isinstance(value, Path) else value
