import os
import signal
import threading

import pytest
from torch.utils.data import DataLoader, Dataset

from nextims.files.signals import DeferredStop, Terminated, leave_signals_to_parent


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_a_signal_waits_for_the_check(number, raised):
    finished = []
    with pytest.raises(raised), DeferredStop() as stop:
        stop.check()
        signal.raise_signal(number)
        finished.append("step")
        stop.check()
    assert finished == ["step"]


def test_stop_in_a_destructor_is_not_lost():
    class Pressed:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), DeferredStop() as stop:
        Pressed()
        stop.check()


def test_a_second_stop_stops_at_once():
    with pytest.raises(KeyboardInterrupt), DeferredStop():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second one was deferred as well")


def test_stop_after_the_last_check_is_not_lost():
    with pytest.raises(KeyboardInterrupt), DeferredStop() as stop:
        stop.check()
        signal.raise_signal(signal.SIGINT)


def test_an_error_is_not_hidden_by_stop():
    with pytest.raises(ZeroDivisionError), DeferredStop():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError


def test_afterwards_stop_is_what_it_was():
    before = signal.getsignal(signal.SIGINT)
    with DeferredStop():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_in_another_thread_nothing_changes():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with DeferredStop() as stop:
            stop.check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


class Signalling(Dataset):
    """Sends the process that reads an item a signal."""

    def __init__(self, number):
        self.number = number

    def __len__(self):
        return 3

    def __getitem__(self, index):
        os.kill(os.getpid(), self.number)
        return index


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_worker_outlives_what_a_terminal_or_scheduler_sends(number):
    loader = DataLoader(
        Signalling(number), batch_size=None, num_workers=1, worker_init_fn=leave_signals_to_parent
    )
    assert list(loader) == [0, 1, 2]
