"""Our codec against eth_abi, and its refusals."""

from typing import Any

import eth_abi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattpost.chain import abi

LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "uint256": st.integers(0, 2**256 - 1),
    "uint8": st.integers(0, 255),
    "int128": st.integers(-(2**127), 2**127 - 1),
    "bool": st.booleans(),
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes4": st.binary(min_size=4, max_size=4),
    "bytes": st.binary(max_size=70),
    "string": st.text(max_size=40),
}


def typed(depth: int) -> st.SearchStrategy[tuple[str, Any]]:
    leaf = st.sampled_from(sorted(LEAVES)).flatmap(lambda kind: LEAVES[kind].map(lambda value: (kind, value)))
    if depth == 0:
        return leaf
    kinds = typed(depth - 1).map(lambda pair: pair[0])

    def value_of(kind: str) -> st.SearchStrategy[Any]:
        if kind.endswith("]"):
            element, _, size = kind[:-1].rpartition("[")
            low, high = (int(size), int(size)) if size else (0, 3)
            return st.lists(value_of(element), min_size=low, max_size=high)
        if kind.startswith("("):
            return st.tuples(*map(value_of, abi.members(kind)))
        return LEAVES[kind]

    arrays = st.tuples(kinds, st.sampled_from(["", "1", "3"])).map(lambda pair: f"{pair[0]}[{pair[1]}]")
    tuples = st.lists(kinds, min_size=1, max_size=3).map(lambda members: f"({','.join(members)})")
    return leaf | (arrays | tuples).flatmap(lambda kind: value_of(kind).map(lambda value: (kind, value)))


def plain(value: Any) -> Any:
    """Lists and tuples alike."""
    return tuple(map(plain, value)) if isinstance(value, list | tuple) else value


@settings(max_examples=200, deadline=None)
@given(st.lists(typed(2), max_size=4))
def test_encode_and_decode__of_anything__agree_with_eth_abi(pairs: list[tuple[str, Any]]) -> None:
    types, values = [kind for kind, _ in pairs], [value for _, value in pairs]
    data = abi.encode(types, values)
    assert data == eth_abi.encode(types, values)
    assert plain(abi.decode(types, data)) == plain(values)


def test_signature_of__a_struct_argument__spells_it_out() -> None:
    entry = {
        "name": "submit",
        "inputs": [
            {
                "type": "tuple[]",
                "components": [{"type": "address"}, {"type": "tuple", "components": [{"type": "uint64[4]"}]}],
            },
            {"type": "bytes32"},
        ],
    }
    assert abi.signature_of(entry) == "submit((address,(uint64[4]))[],bytes32)"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint256", -1),
        ("uint256", 2**256),
        ("int128", 2**127),
        ("uint256", 1.0),
        ("uint256", "7"),
        ("address", "0x12"),
        ("bytes32", b"short"),
        ("uint256[2]", [1]),
        ("fixed", 1),
    ],
)
def test_encode__of_a_value_outside_its_type__refuses(kind: str, value: Any) -> None:
    with pytest.raises(abi.AbiError):
        abi.encode([kind], [value])


def test_encode__of_too_few_values__refuses() -> None:
    with pytest.raises(abi.AbiError, match="2 values are due, 1 were given"):
        abi.encode(["bool", "bool"], [True])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("uint256", b""),
        ("bytes", (32).to_bytes(32, "big") + (33).to_bytes(32, "big") + b"x" * 32),
        ("uint256[]", (32).to_bytes(32, "big") + (2**200).to_bytes(32, "big")),
        ("string", (2**255).to_bytes(32, "big")),
    ],
)
def test_decode__of_a_truncated_answer__refuses(kind: str, data: bytes) -> None:
    with pytest.raises(abi.AbiError):
        abi.decode([kind], data)
