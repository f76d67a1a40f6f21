"""Keccak-256, from the fastest library that is installed."""

try:
    from sha3 import keccak_256 as _sponge  # type: ignore[import-untyped]
except ImportError:  # pragma: no cover - depends on what else is installed
    from Crypto.Hash import keccak as _slow

    def keccak(data: bytes) -> bytes:
        """The hash that Ethereum uses everywhere."""
        return _slow.new(digest_bits=256, data=data).digest()

else:

    def keccak(data: bytes) -> bytes:
        """The hash that Ethereum uses everywhere."""
        digest: bytes = _sponge(data).digest()
        return digest
