"""Encrypts secrets that must be readable again, such as those that sign webhooks, before they are stored.

The key is `EARMARK_SECRETS_KEY`, or the file `secrets.key` in the data folder, which is made on first use and readable
by its owner only. Either may hold several keys: the first one encrypts, all of them decrypt. A backup does not hold
the file, so that whoever reads a backup can't sign.
Source: Fernet (AES-128-CBC and HMAC-SHA256), https://github.com/fernet/spec.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from earmark.errors import UnavailableError
from earmark.ids import random_text

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

KEY_FILE: Final = "secrets.key"
_KEPT: Final = 2
"""Keys in the file after a rotation: a server may have sealed with the one before while it ran."""


class SealedElsewhereError(UnavailableError):
    """A secret was encrypted with a key that is not here."""

    def __init__(self) -> None:
        super().__init__(
            "A stored secret can't be decrypted: the key that encrypted it (secrets.key in the data folder, or "
            "EARMARK_SECRETS_KEY) is not the one in use here."
        )


class KeyUnusableError(UnavailableError):
    """The file of keys can't be read or written."""

    def __init__(self, path: Path, error: OSError | ValueError) -> None:
        reason = (error.strerror or "unknown error").lower() if isinstance(error, OSError) else "it holds no valid key"
        super().__init__(f"The file {path} can't be used: {reason}.")


class Sealer:
    """Seals and opens secrets.

    Args:
        folder: the data folder.
        given: the setting's keys, separated by commas; then no file is read or made.
    """

    def __init__(self, folder: Path, given: str | None) -> None:
        self._path = folder / KEY_FILE
        self._given = given

    def seal(self, secret: str) -> str:
        """Return a secret encrypted.

        Raises: KeyUnusableError.
        """
        return self._fernet().encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the secret.

        Raises: SealedElsewhereError; KeyUnusableError.
        """
        from cryptography.fernet import InvalidToken  # 25 ms, which only those pay who use it

        try:
            return self._fernet().decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealedElsewhereError from error

    def can_open(self, sealed: str) -> bool:
        """Whether the secret was encrypted with a key that is here."""
        try:
            self.open(sealed)
        except SealedElsewhereError:
            return False
        return True

    def reseal(self, sealed: str) -> str:
        """Return what is sealed, encrypted anew with the first key.

        Raises: SealedElsewhereError; KeyUnusableError.
        """
        return self.seal(self.open(sealed))

    def begin_rotation(self) -> None:
        """Put a new key before the others in the file; what is sealed from now on uses it.

        Keys of the setting are the operator's to change: the first of them is used.

        Raises: KeyUnusableError.
        """
        if self._given is None:
            self._replace([_new_key(), *self._keys()])

    def end_rotation(self) -> None:
        """Drop old keys from the file, once everything that is stored was sealed anew.

        Raises: KeyUnusableError.
        """
        if self._given is None:
            self._replace(self._keys()[:_KEPT])

    def _fernet(self) -> MultiFernet:
        """Read at each use: another process may have changed the file."""
        from cryptography.fernet import Fernet, MultiFernet

        try:
            return MultiFernet([Fernet(key) for key in self._keys()])
        except ValueError as error:
            raise KeyUnusableError(self._path, error) from error

    def _keys(self) -> list[str]:
        if self._given is not None:
            return [key.strip() for key in self._given.split(",")]
        try:
            return self._path.read_text(encoding="ascii").split()
        except FileNotFoundError:
            self._create()
            return self._keys()
        except (OSError, UnicodeDecodeError) as error:
            raise KeyUnusableError(self._path, error) from error

    def _create(self) -> None:
        """Write the first key; of several processes that do, one is first, and all use its key."""
        try:
            with suppress(FileExistsError):
                written = self._write([_new_key()])
                try:
                    os.link(written, self._path)
                finally:
                    written.unlink()
        except OSError as error:
            raise KeyUnusableError(self._path, error) from error

    def _replace(self, keys: list[str]) -> None:
        try:
            self._write(keys).replace(self._path)
        except OSError as error:
            raise KeyUnusableError(self._path, error) from error

    def _write(self, keys: list[str]) -> Path:
        path = self._path.with_name(f"{KEY_FILE}.{random_text(8)}")
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as opened:
            opened.write("\n".join(keys) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        return path


def _new_key() -> str:
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()
