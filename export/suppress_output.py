"""Converters talk a lot, on file descriptors as well as through Python; here they don't."""

from __future__ import annotations

import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout


class ConversionError(Exception):
    """A converter failed; the message is its own last words."""


@contextmanager
def suppress_output(what: str) -> Iterator[None]:
    """Keep a converter's chatter off the terminal; show its end if it fails.

    Raises:
        ConversionError: when the block does, but for interrupts, memory and disk errors.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        level = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            # Python's own streams may be somewhere else than descriptors 1 and 2.
            nowhere = io.StringIO()
            with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
                warnings.simplefilter("ignore")
                yield
        except (MemoryError, OSError):
            raise
        except Exception as error:
            raise ConversionError(f"{what}: {error or _last_line(log)}") from error
        finally:
            logging.disable(level)
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(saved[0], 1)
            os.dup2(saved[1], 2)
            os.close(saved[0])
            os.close(saved[1])


def _last_line(log: object) -> str:
    log.seek(0)  # type: ignore[attr-defined]
    lines = log.read().decode(errors="replace").strip().splitlines()  # type: ignore[attr-defined]
    return lines[-1] if lines else "no message"
