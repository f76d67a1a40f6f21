# pragma version 0.4.3
"""
@title Plain market
@license MIT
@notice What one would write first: money comes by transferFrom with every bid, bids and offers are stored post by post,
        and everybody claims every period. The yardstick of `wattpost bench gas`, and nothing else.
@custom:units 10^-9 of a bytecoin (times 10^9 when money moves) and of a kWh
@custom:trust None: it has no phases. Do not use it.
"""
from ethereum.ercs import IERC20

MAX_POSTS: constant(uint256) = 49
UNIT: constant(uint256) = 10**9

BYTECOIN: immutable(IERC20)

bid_of: public(HashMap[uint256, HashMap[uint256, HashMap[address, uint256]]])  # by day, post and agent
offer_of: public(HashMap[uint256, HashMap[uint256, HashMap[address, uint256]]])
total_bids: public(HashMap[uint256, HashMap[uint256, uint256]])
total_offers: public(HashMap[uint256, HashMap[uint256, uint256]])
energy_of: public(HashMap[address, uint256])


@deploy
def __init__(bytecoin: address):
    BYTECOIN = IERC20(bytecoin)


@external
def bid(day: uint256, amounts: DynArray[uint256, MAX_POSTS]):
    money: uint256 = 0
    for post: uint256 in range(len(amounts), bound=MAX_POSTS):
        self.bid_of[day][post][msg.sender] = amounts[post]
        self.total_bids[day][post] += amounts[post]
        money += amounts[post]
    assert extcall BYTECOIN.transferFrom(msg.sender, self, money * UNIT)


@external
def offer(day: uint256, amounts: DynArray[uint256, MAX_POSTS]):
    for post: uint256 in range(len(amounts), bound=MAX_POSTS):
        self.offer_of[day][post][msg.sender] = amounts[post]
        self.total_offers[day][post] += amounts[post]


@external
def claim(day: uint256, post: uint256):
    bids: uint256 = self.total_bids[day][post]
    offers: uint256 = self.total_offers[day][post]
    bought: uint256 = self.bid_of[day][post][msg.sender] * offers // bids
    if bought > 0:
        self.bid_of[day][post][msg.sender] = 0
        self.energy_of[msg.sender] += bought
    earned: uint256 = self.offer_of[day][post][msg.sender] * bids // offers
    if earned > 0:
        self.offer_of[day][post][msg.sender] = 0
        assert extcall BYTECOIN.transfer(msg.sender, earned * UNIT)
