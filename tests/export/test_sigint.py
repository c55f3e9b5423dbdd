"""Ctrl-C that a library swallows is still heard."""

from __future__ import annotations

import contextlib
import signal
import threading

import pytest

from export import sigint


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_nothing_pressed_is_nothing_raised() -> None:
    with sigint.kept() as check:
        check()


def test_it_is_raised_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), sigint.kept():
        press()


def test_what_is_swallowed_is_raised_again() -> None:
    with sigint.kept() as check:
        with contextlib.suppress(BaseException):
            press()
        with pytest.raises(KeyboardInterrupt):
            check()


def test_the_handler_before_is_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with sigint.kept():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_may_use_it() -> None:
    heard: list[str] = []

    def work() -> None:
        with sigint.kept() as check:
            check()
            heard.append("checked")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert heard == ["checked"]


def test_it_waits_while_it_is_held() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), sigint.kept():
        with sigint.held():
            press()
            done.append("the block")
        done.append("what follows")
    assert done == ["the block"]


def test_it_is_not_lost_where_what_holds_it_fails() -> None:
    with pytest.raises(KeyboardInterrupt), sigint.kept(), sigint.held():
        press()
        raise ValueError


def test_nothing_held_is_nothing_raised() -> None:
    before = signal.getsignal(signal.SIGINT)
    with sigint.held():
        pass
    assert signal.getsignal(signal.SIGINT) is before
