"""Starting the processes of a training: as many as it has devices, on one machine or several."""

from __future__ import annotations

import os
import threading
import time

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins.environments import LightningEnvironment, TorchElasticEnvironment
from lightning_fabric.strategies import DDPStrategy

from ...config import TrainingConfig
from ...models.device import DeviceError, bound_caches, choose_device
from . import processes

# Says to the processes that a command starts which one started them.
_STARTED_BY = "NEXTIMS_STARTED_BY"
_WATCH = "end-with-the-first-process"


def start(training: TrainingConfig, precision: str | None = None) -> Fabric:
    """Start the processes of a training, once, and return Fabric for this one.

    With ``torchrun`` they have been started, on one machine or several; else Fabric runs the
    command anew for each further device. On a CPU they talk through gloo, on GPUs through NCCL.
    ``training`` says which device, how many, and the precision of a phase that has none.

    Raises:
        DeviceError: there are not so many devices.
    """
    bound_caches()
    accelerator = choose_device(training.device)
    devices, machines = _places(training.devices)
    if accelerator == "cuda" and devices > torch.cuda.device_count():
        raise DeviceError(f"{devices} devices: PyTorch finds {torch.cuda.device_count()} GPUs here")
    several = devices * machines > 1
    fabric = Fabric(
        accelerator=accelerator,
        devices=devices,
        num_nodes=machines,
        strategy=_strategy() if several else "auto",
        precision=precision or training.precision,
    )
    if several:
        _launch(fabric)
    return fabric


def _strategy() -> DDPStrategy:
    # A scheduler's variables alone, which Fabric would go by as well, have started nothing.
    elastic = TorchElasticEnvironment.detect()
    environment = TorchElasticEnvironment() if elastic else LightningEnvironment()
    # Buffers need no sending: batch norm and the gate's bias come from what all have seen.
    return DDPStrategy(cluster_environment=environment, broadcast_buffers=False)


def _places(devices: int) -> tuple[int, int]:
    """Return the number of devices a machine and of machines."""
    if not TorchElasticEnvironment.detect():
        return devices, 1
    here, everywhere = (int(os.environ[name]) for name in ("LOCAL_WORLD_SIZE", "WORLD_SIZE"))
    if devices not in (1, here):
        raise DeviceError(
            f"{devices} devices: torchrun has started {here} processes here; leave the number to "
            "its --nproc-per-node"
        )
    if everywhere % here:
        raise DeviceError(f"{here} of {everywhere} processes are here: as many on each machine")
    return here, everywhere // here


def _launch(fabric: Fabric) -> None:
    if not fabric.strategy.cluster_environment.creates_processes_externally:
        os.environ[_STARTED_BY] = str(os.getpid())
    fabric.launch()
    processes.meet()
    starter = int(os.environ.get(_STARTED_BY, os.getpid()))
    watched = any(thread.name == _WATCH for thread in threading.enumerate())
    if starter != os.getpid() and not watched:
        threading.Thread(target=_end_with, args=(starter,), name=_WATCH, daemon=True).start()


def _end_with(starter: int) -> None:
    """End when the process that started this one has: killed, it cannot end the others."""
    while os.name != "posix" or os.getppid() == starter:
        time.sleep(1)
    os._exit(1)
