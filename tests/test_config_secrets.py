"""The secrets among the settings: required, long, no samples, and from files too."""

import secrets
from pathlib import Path

import pytest

from driftsentry.config import SETTINGS, Config
from tests.test_config import JWT_SECRET, REQUIRED, SECRET_KEY, configured, problems, the_problem, written

SAMPLES = """
    changeme-changeme-changeme-changeme-now         CHANGE_ME_to_a_long_random_string_please
    your-secret-key-here-at-least-32-characters     your-256-bit-secret-key-for-jwt-signing
    please-replace-this-with-something-random       my-super-secret-jwt-token-key-2024-long
    django-insecure-k3j4h5k3j4h5k3j4h5k3j4h5        a-very-long-password-that-somebody-typed
    0123456789abcdefghijklmnopqrstuvwxyz            driftsentry-example-value-for-the-docs-1
"""


class TestSecrets:
    @pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET"])
    def test_a_missing_one_is_named_with_the_way_to_make_it(self, name: str) -> None:
        (problem,) = problems({key: value for key, value in REQUIRED.items() if key != name})
        assert problem == (
            f'{name} is missing. Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
        )

    @pytest.mark.parametrize("name", ["SECRET_KEY", "JWT_SECRET", "JWT_REFRESH_SECRET", "DATA_KEY"])
    def test_a_short_one_is_refused(self, name: str) -> None:
        assert the_problem(**{name: SECRET_KEY[:31]}).startswith(f"{name} has 31 characters; it needs at least 32.")
        just_enough = secrets.token_hex(16)
        assert just_enough not in repr(configured(**{name: just_enough}))

    @pytest.mark.parametrize("sample", SAMPLES.split())
    def test_a_known_sample_is_refused(self, sample: str) -> None:
        assert "JWT_SECRET is a known sample, not a secret. Make one with" in the_problem(JWT_SECRET=sample)

    @pytest.mark.parametrize(
        "lazy", ["a" * 64, "ab12" * 10, "kJ8s0dLq2xZr9TvW" * 2, "a1b2c3a3b2c1a1a2b3c1c2c3b1b2a3a1"]
    )
    def test_one_that_repeats_itself_is_refused(self, lazy: str) -> None:
        assert the_problem(SECRET_KEY=lazy).startswith("SECRET_KEY repeats itself, so it can be guessed.")

    def test_real_ones_pass(self) -> None:
        for _ in range(500):
            configured(SECRET_KEY=secrets.token_urlsafe(48), JWT_SECRET=secrets.token_hex(16))

    def test_one_for_both_purposes_is_refused(self) -> None:
        assert the_problem(JWT_SECRET=SECRET_KEY).startswith("JWT_SECRET is the same as SECRET_KEY. They must differ.")

    def test_absent_keys_are_derived_each_for_its_purpose(self) -> None:
        config = configured()
        assert len(config.jwt_refresh_secret) == len(config.data_key) == 32
        assert len({config.jwt_refresh_secret, config.data_key, SECRET_KEY.encode(), JWT_SECRET.encode()}) == 4
        assert config == configured()
        other = configured(SECRET_KEY=secrets.token_urlsafe(48))
        assert other.data_key != config.data_key
        assert other.jwt_refresh_secret == config.jwt_refresh_secret

    def test_the_old_secret_as_the_key_outlives_a_rotation(self) -> None:
        before = configured()
        kept = {"DATA_KEY": SECRET_KEY, "JWT_REFRESH_SECRET": JWT_SECRET}
        after = configured(SECRET_KEY=secrets.token_urlsafe(48), JWT_SECRET=secrets.token_urlsafe(48), **kept)
        assert after.data_key == before.data_key
        assert after.jwt_refresh_secret == before.jwt_refresh_secret

    def test_none_is_in_the_repr(self) -> None:
        given = {name: secrets.token_urlsafe(48) for name in ("JWT_REFRESH_SECRET", "DATA_KEY")}
        config = configured(DATABASE_URL="postgresql://drift:hunter2@db/drift", **given)
        shown = repr(config) + str(config)
        for secret in (SECRET_KEY, JWT_SECRET, *given.values(), "hunter2", repr(config.data_key)):
            assert secret not in shown
        assert "port=8000" in shown

    def test_none_is_in_a_complaint(self, tmp_path: Path) -> None:
        env_file = written(tmp_path / ".env", f'SECRET_KEY="{SECRET_KEY}\nJWT_SECRET {JWT_SECRET}\nDATA_KEY=hunter2')
        said = problems({"DATABASE_URL": "mysql://u:hunter3@db/x", "JWT_REFRESH_SECRET_FILE": "/hunter4"}, env_file)
        assert len(said) == 7
        for secret in (SECRET_KEY, JWT_SECRET, "hunter"):
            assert secret not in "\n".join(said)


class TestFilesOfSecrets:
    @pytest.mark.parametrize("name", [setting.name for setting in SETTINGS if setting.file])
    def test_each_secret_can_come_from_a_file(self, name: str, tmp_path: Path) -> None:
        value = "postgresql://u:p@db/drift" if name == "DATABASE_URL" else secrets.token_urlsafe(48)
        environ = REQUIRED | {name: value}
        expected = Config.from_env(environ, None)
        del environ[name]
        environ[f"{name}_FILE"] = str(written(tmp_path / "secret", f"{value}\n"))
        assert Config.from_env(environ, None) == expected

    def test_a_name_and_its_file_together_are_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path / "secret", SECRET_KEY)
        assert the_problem(SECRET_KEY_FILE=str(path)) == (
            "SECRET_KEY and SECRET_KEY_FILE are both set. Keep one of them."
        )

    def test_a_file_that_is_not_there_is_the_only_complaint(self, tmp_path: Path) -> None:
        (problem,) = problems({"SECRET_KEY_FILE": str(tmp_path / "none"), "JWT_SECRET": JWT_SECRET})
        assert problem == (
            "SECRET_KEY_FILE names a file that cannot be read: No such file or directory. Mend the file or its name."
        )

    def test_an_empty_file_and_a_binary_one_are_refused(self, tmp_path: Path) -> None:
        empty = written(tmp_path / "empty", "\n")
        binary = tmp_path / "binary"
        binary.write_bytes(b"\xff" * 40)
        said = problems({"SECRET_KEY_FILE": str(empty), "JWT_SECRET_FILE": str(binary)})
        assert said == [
            "SECRET_KEY_FILE names a file that is empty. Mend the file or its name.",
            "JWT_SECRET_FILE names a file that cannot be read: it is not UTF-8 text. Mend the file or its name.",
        ]

    def test_what_is_no_secret_has_no_file(self) -> None:
        assert the_problem(DRIFTSENTRY_PORT_FILE="/run/port").startswith("DRIFTSENTRY_PORT_FILE is not a setting.")
