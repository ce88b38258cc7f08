import os
import signal
import threading

import pytest
from torch.utils.data import DataLoader, Dataset

from nextims.files.signals import DeferredCtrlC, leave_signals_to_parent


def test_ctrl_c_waits_for_the_check():
    finished = []
    with pytest.raises(KeyboardInterrupt), DeferredCtrlC() as ctrl_c:
        ctrl_c.check()
        signal.raise_signal(signal.SIGINT)
        finished.append("step")
        ctrl_c.check()
    assert finished == ["step"]


def test_ctrl_c_in_a_destructor_is_not_lost():
    class Pressed:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), DeferredCtrlC() as ctrl_c:
        Pressed()
        ctrl_c.check()


def test_a_second_ctrl_c_stops_at_once():
    with pytest.raises(KeyboardInterrupt), DeferredCtrlC():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second one was deferred as well")


def test_ctrl_c_after_the_last_check_is_not_lost():
    with pytest.raises(KeyboardInterrupt), DeferredCtrlC() as ctrl_c:
        ctrl_c.check()
        signal.raise_signal(signal.SIGINT)


def test_an_error_is_not_hidden_by_ctrl_c():
    with pytest.raises(ZeroDivisionError), DeferredCtrlC():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError


def test_afterwards_ctrl_c_is_what_it_was():
    before = signal.getsignal(signal.SIGINT)
    with DeferredCtrlC():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_in_another_thread_nothing_changes():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with DeferredCtrlC() as ctrl_c:
            ctrl_c.check()
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
