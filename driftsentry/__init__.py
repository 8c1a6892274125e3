"""DriftSentry: the self-hosted inbox for infrastructure drift.

`create_app` lives in application.py and is loaded when it is asked for: the client of CI jobs, and the processes that
read large reports, need none of it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftsentry.application import create_app

__all__ = ["ROOT", "VERSION", "create_app"]

VERSION = "0.1.0"

ROOT = Path(__file__).parent.parent


def __getattr__(name: str) -> Any:
    if name != "create_app":
        raise AttributeError(name)
    from driftsentry.application import create_app

    return create_app
