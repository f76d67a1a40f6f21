"""Private keys: derived from a seed on test engines, read from encrypted files everywhere else.

A key is never shown: `repr` gives its address, pickling is refused, and no message holds the secret.
"""

from __future__ import annotations

import hmac
import json
import os
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import coincurve

from wattpost.chain.keccak import keccak

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KDF_ITERATIONS = 262_144


class KeyFileError(Exception):
    """A key file cannot be read or written; the message is one sentence without secrets."""


class Signature(NamedTuple):
    parity: int  # 0 or 1; `v` of a typed message is 27 more
    r: int
    s: int


class Key:
    """A private key and its address; `test_key` marks those that anybody can derive."""

    __slots__ = ("_private", "address", "test_key")

    def __init__(self, secret: bytes, *, test_key: bool = False) -> None:
        self._private = coincurve.PrivateKey(secret)
        public = self._private.public_key.format(compressed=False)
        self.address = "0x" + keccak(public[1:])[12:].hex()
        self.test_key = test_key

    def __repr__(self) -> str:
        return f"Key({self.address}{', test key' if self.test_key else ''})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key is not copied between processes: derive it or load it where it is used.")

    def sign(self, digest: bytes) -> Signature:
        """Signs 32 bytes that are already a hash."""
        blob: bytes = self._private.sign_recoverable(digest, hasher=None)
        return Signature(blob[64], int.from_bytes(blob[:32], "big"), int.from_bytes(blob[32:64], "big"))


def recover(digest: bytes, signature: bytes) -> str:
    """The address whose key signed a hash: r, s and the parity in 65 bytes; the zero address if none can have."""
    try:
        public = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError:
        return "0x" + "0" * 40
    return "0x" + keccak(public.format(compressed=False)[1:])[12:].hex()


def derive(seed: int, role: str, index: int) -> Key:
    """The test key of the index-th `role` in a run: equal arguments, equal key, no secret at all."""
    message, count = f"wattpost test key/{seed}/{role}/{index}".encode(), 0
    while True:
        secret = hmac.digest(b"anybody can derive this key", message + bytes([count]), "sha256")
        if 0 < int.from_bytes(secret, "big") < CURVE_ORDER:
            return Key(secret, test_key=True)
        count += 1


def generate() -> Key:
    """A fresh key that only this process knows; `save` it before it holds anything."""
    return Key(coincurve.PrivateKey().secret)


def save(key: Key, path: Path, password: str) -> Path:
    """Writes an encrypted version 3 key file that only its owner may read; never over an existing file."""
    from eth_keyfile.keyfile import create_keyfile_json  # 0.15 s, paid only by those who use key files

    secret: bytes = key._private.secret
    content: Any = create_keyfile_json(secret, _bytes(password), iterations=KDF_ITERATIONS)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if path.exists():
            raise KeyFileError(f"{path} exists already and is left as it is.") from None
        raise KeyFileError(f"The key file {path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise KeyFileError(f"The key file {path} cannot be written: {error.strerror}.") from None
    return path


def load(path: Path, password: str) -> Key:
    """The key in an encrypted file; refused when others may read the file."""
    from eth_keyfile.keyfile import decode_keyfile_json

    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise KeyFileError(f"Others may read {path}: run chmod 600 on it first.")
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise KeyFileError(f"There is no key file {path}.") from None
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise KeyFileError(f"{path} is not a version 3 key file.") from None
    try:
        secret = decode_keyfile_json(content, _bytes(password))
    except ValueError:
        raise KeyFileError(f"The password does not open {path}.") from None
    except (KeyError, TypeError, AttributeError, NotImplementedError):
        raise KeyFileError(f"{path} is not a version 3 key file.") from None
    return Key(secret)


def _bytes(password: str) -> Any:
    """eth_keyfile takes bytes, and declares text."""
    return password.encode()
