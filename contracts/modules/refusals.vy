# pragma version 0.4.3
"""
@title Refusals
@license MIT
@notice How a call is refused, in one place.
@dev `assert condition, "reason"` lays the encoding of its reason out wherever it stands, which takes 46 bytes of code more
     than calling this. What runs when nothing is refused is the same.
@custom:units none
@custom:trust Pure.
"""


@pure
@internal
def _refuse(reason: String[32]):
    raise reason
