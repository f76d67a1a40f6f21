# pragma version 0.4.3
"""
@title Addition
@notice A module, so that the cache has more than one source to watch.
"""


@internal
@pure
def _sum(a: uint256, b: uint256) -> uint256:
    return a + b
