"""What a user agent says, in words: a claim of whoever sends it."""

import pytest

from driftsentry import clock
from driftsentry.auth.devices import device_of

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/141.0.0.0 Safari/537.36",
         "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {KIT} Chrome/141.0 Safari/537.36 Edg/141.0",
         "Edge on Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {KIT} Version/18.6 Safari/605.1.15",
         "Safari on macOS"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {KIT} CriOS/141.0 Mobile "
         "Safari/604.1", "Chrome on iPhone"),
        (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {KIT} Chrome/141.0 Mobile Safari/537.36",
         "Chrome on Android"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KIT} Chrome/141.0 Safari/537.36",
         "Chrome on ChromeOS"),
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko", "A browser on Linux"),
        ("curl/8.5.0", "curl"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("Terraform/1.9 (+https://www.terraform.io)", "Terraform"),
        ("", "Unknown device"),
        ("Mozilla/5.0", "Unknown device"),
        ("<b>Firefox</b>", "Unknown device"),
        ("\u202eevil", "Unknown device"),
        ("A" * 400, "A" * 40),
    ],
)  # fmt: skip
def test_a_device_is_named_in_words(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device


def test_a_device_is_named_quickly_whatever_it_says() -> None:
    """A user agent is anybody's text: the patterns must not take longer and longer."""
    before = clock.now()
    for text in ("Version/" * 50, "Version/1" + "1." * 180 + "x", " " * 400, "Version/1.1 " * 30 + "Safar"):
        device_of(text)
    assert (clock.now() - before).total_seconds() < 0.2
