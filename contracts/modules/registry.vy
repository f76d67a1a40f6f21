# pragma version 0.4.3
"""
@title Registry
@license MIT
@notice Who takes part and with what: standard agents and their endowments, producers and their plants.
@dev What markets must know of an agent at every submission they keep themselves, told when it is admitted. Endowments and capacities are bounded in sum, so that no post's total can overflow a lane.
@custom:units endowment and capacity in 10^-9; theta and c with 18 decimals; profiles in ten-thousandths
@custom:trust The registrar admits agents and sets capacity profiles, between days only. It cannot touch money, alter
    or remove what is registered, or act during a day.
"""
from ..interfaces import IRegistry
from . import amounts
from . import calendar
from . import technology

uses: amounts

interface Market:
    def admit(agent: address, endowment: uint256, is_producer: bool, store: uint256): nonpayable
    def today() -> calendar.Day: view

struct Plant:
    theta: uint256  # 96 bits
    c: uint256  # 62 bits
    capacity: uint256  # 64 bits
    profile: uint256  # 3 bits

LANE: constant(uint256) = amounts.LANE_MASK
SQUARE: constant(uint256) = amounts.UNIT * amounts.UNIT * technology.WAD  # a lane's square times this stays below 2^248

PROFILES: constant(uint256) = 8
PROFILE_WORDS: constant(uint256) = 3
PART_MASK: constant(uint256) = 2**16 - 1
FULL: constant(uint256) = 10_000  # a profile's part that means the whole capacity

MAX_ENDOWMENT: constant(uint256) = 2**58 - 1  # as an account holds it
MAX_STORE: constant(uint256) = 2**60 * amounts.UNIT
MAX_CAPACITY: constant(uint256) = 10**18
MAX_OUTPUT: constant(uint256) = 2**60  # of all plants in all periods of a day: what anybody can buy fits its account

market: public(address)
registrar: public(address)
next_registrar: public(address)
endowment_of: public(HashMap[address, uint256])
total_endowment: public(uint256)
total_capacity: public(uint256)
_plants: HashMap[address, uint256]
_profiles: uint256[PROFILE_WORDS][PROFILES]


@deploy
def __init__(registrar: address):
    assert registrar != empty(address), "registry: no registrar"

    self.registrar = registrar


@internal
def _bind(caller: address):
    assert self.market == empty(address), "registry: bound already"

    self.market = caller


@view
@internal
def _check_between_days():
    assert self.market != empty(address), "registry: no market yet"
    assert (staticcall Market(self.market).today()).phase == calendar.DONE, "calendar: a day is under way"


@view
@internal
def _check_registrar(caller: address):
    assert caller == self.registrar, "registry: registrar only"


@internal
def _offer_role(successor: address):
    self.next_registrar = successor
    log IRegistry.RegistrarOffered(registrar=self.registrar, successor=successor)


@internal
def _take_role(caller: address):
    assert caller == self.next_registrar, "registry: role not offered"

    former: address = self.registrar
    self.registrar = caller
    self.next_registrar = empty(address)
    log IRegistry.RegistrarChanged(former=former, registrar=caller)


@internal
def _set_profile(profile: uint256, parts: uint256[PROFILE_WORDS]):
    """
    @notice Say which part of its capacity every plant of that profile can reach in each period.
    """
    self._check_between_days()
    assert profile < PROFILES, "registry: no such profile"
    for period: uint256 in range(amounts.MAX_PERIODS):
        part: uint256 = (parts[period // 16] >> (16 * (period % 16))) & (2**16 - 1)
        assert part <= FULL, "registry: profile above whole"
        assert part == 0 or period < amounts.PERIODS, "registry: profile too long"

    self._profiles[profile] = parts
    log IRegistry.ProfileSet(profile=profile, parts=parts)


@internal
def _register_standard(agent: address, endowment: uint256, store: uint256):
    self._check_between_days()
    assert store <= MAX_STORE, "registry: store too large"
    assert endowment > 0, "registry: no endowment"
    assert endowment <= MAX_ENDOWMENT, "registry: endowment too large"
    assert self.total_endowment + endowment <= amounts.MAX_AMOUNT, "registry: endowments too large"

    self.total_endowment += endowment
    self.endowment_of[agent] = endowment
    extcall Market(self.market).admit(agent, endowment, False, store)
    log IRegistry.StandardRegistered(agent=agent, endowment=endowment, store=store)


@internal
def _register_producer(agent: address, plant: Plant, store: uint256):
    self._check_between_days()
    assert store <= MAX_STORE, "registry: store too large"
    technology._check(plant.theta, plant.c)
    assert plant.capacity > 0, "registry: no capacity"
    assert plant.capacity <= MAX_CAPACITY, "registry: capacity too large"
    assert plant.profile < PROFILES, "registry: unknown profile"
    assert (self.total_capacity + plant.capacity) * amounts.PERIODS < MAX_OUTPUT, "registry: capacities too large"
    rule: technology.Rule = technology._rule(plant.theta, plant.c)
    inputs: uint256 = technology._inputs_for(plant.capacity * amounts.UNIT, rule)
    assert inputs <= amounts.MAX_AMOUNT * amounts.UNIT // amounts.PERIODS, "registry: plant needs too much"

    self.total_capacity += plant.capacity
    self._plants[agent] = plant.theta | (plant.c << 96) | (plant.capacity << 158) | (plant.profile << 222)
    extcall Market(self.market).admit(agent, 0, True, store)
    log IRegistry.ProducerRegistered(
        agent=agent,
        theta=plant.theta,
        c=plant.c,
        capacity=plant.capacity,
        profile=plant.profile,
        store=store,
    )


@view
@internal
def _plant(agent: address) -> Plant:
    word: uint256 = self._plants[agent]
    return Plant(
        theta=word & (2**96 - 1),
        c=(word >> 96) & (2**62 - 1),
        capacity=(word >> 158) & (2**64 - 1),
        profile=word >> 222,
    )


@view
@internal
def _within_capacity(agent: address, offers: uint256[amounts.MAX_WORDS]) -> bool:
    """
    @notice Whether the plant can reach what is offered, in every period of the day.
    """
    plant: Plant = self._plant(agent)
    capacity: uint256 = plant.capacity
    parts: uint256 = self._profiles[plant.profile][0]
    rest: uint256 = parts << 16  # post t follows part t - 1; post 0 is the good, which producers do not own
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        if i % 4 == 0 and i > 0:
            rest = parts >> 240
            if i < 4 * PROFILE_WORDS:
                parts = self._profiles[plant.profile][unsafe_div(i, 4)]
                rest |= parts << 16
        offered: uint256 = offers[i]
        # Four lanes written out, because a loop costs as much again. All products stay below 2^80.
        if (
            unsafe_mul(offered & LANE, FULL) > unsafe_mul(capacity, rest & PART_MASK)
            or unsafe_mul((offered >> 64) & LANE, FULL) > unsafe_mul(capacity, (rest >> 16) & PART_MASK)
            or unsafe_mul((offered >> 128) & LANE, FULL) > unsafe_mul(capacity, (rest >> 32) & PART_MASK)
            or unsafe_mul(offered >> 192, FULL) > unsafe_mul(capacity, (rest >> 48) & PART_MASK)
        ):
            return False
        rest >>= 64
    return True


@view
@internal
def _run(agent: address, offers: uint256[amounts.MAX_WORDS], bought: uint256) -> (uint256, uint256):
    """
    @notice A plant's day: the inputs its offers take, and the fraction of them that `bought` inputs suffice for.
    """
    plant: Plant = self._plant(agent)
    rule: technology.Rule = technology._rule(plant.theta, plant.c)
    up: uint256 = unsafe_sub(rule.whole, 1)
    needed: uint256 = 0
    for i: uint256 in range(amounts.WORDS, bound=amounts.MAX_WORDS):
        offered: uint256 = offers[i]
        if rule.squared:
            # `technology._inputs_for` of four lanes, written out; within its capacity a plant's inputs are below 2^94
            a: uint256 = offered & LANE
            b: uint256 = (offered >> 64) & LANE
            c: uint256 = (offered >> 128) & LANE
            d: uint256 = offered >> 192
            needed = unsafe_add(
                unsafe_add(needed, unsafe_div(unsafe_add(unsafe_mul(unsafe_mul(a, a), SQUARE), up), rule.whole)),
                unsafe_add(
                    unsafe_add(
                        unsafe_div(unsafe_add(unsafe_mul(unsafe_mul(b, b), SQUARE), up), rule.whole),
                        unsafe_div(unsafe_add(unsafe_mul(unsafe_mul(c, c), SQUARE), up), rule.whole),
                    ),
                    unsafe_div(unsafe_add(unsafe_mul(unsafe_mul(d, d), SQUARE), up), rule.whole),
                ),
            )
        else:
            for _lane: uint256 in range(amounts.LANES):
                if offered & LANE > 0:
                    needed += technology._inputs_for(unsafe_mul(offered & LANE, amounts.UNIT), rule)
                offered >>= 64
    return needed, technology._fraction(bought, needed, plant.c)
