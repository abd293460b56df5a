from __future__ import annotations

import os
import signal
import threading

import pytest

from ingest.crawl.stopping import Stopping


def interrupt(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_waiting_is_dropped_at_once(number):
    def wait() -> None:
        interrupt(number)
        threading.Event().wait(20)
        raise AssertionError("the signal was not heard")

    with Stopping() as stopping, pytest.raises(KeyboardInterrupt), stopping.droppable():
        wait()


def test_a_commit_is_finished_first():
    finished = []
    with Stopping() as stopping:
        interrupt()
        finished.append("commit")
        with pytest.raises(KeyboardInterrupt), stopping.droppable():
            finished.append("fetch")
    assert finished == ["commit"]


def test_the_second_signal_does_not_wait():
    with Stopping():
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            interrupt()


def test_handlers_are_as_they_were_afterwards():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), Stopping() as stopping, stopping.droppable():
        interrupt()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_outside_the_main_thread_nothing_is_touched():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def run() -> None:
        with Stopping() as stopping, stopping.droppable():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]
