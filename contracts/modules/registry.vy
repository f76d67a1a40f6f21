# pragma version 0.4.3
"""
@title Registry
@license MIT
@notice Who takes part and with what: standard agents and their endowments, producers and their plants.
@dev Endowments and capacities are bounded in sum, so that no post's total can overflow a lane.
@custom:units endowment and capacity in 10^-9; theta and c with 18 decimals; profiles in ten-thousandths
@custom:trust The registrar admits agents and sets capacity profiles, between days only. It cannot touch money, alter
    or remove what is registered, or act during a day.
"""
from ..interfaces import IMarket
from ..interfaces import ITechnology
from . import amounts
from . import calendar
from . import vault

uses: amounts
uses: calendar
uses: vault

struct Plant:
    theta: uint256  # 96 bits
    c: uint256  # 62 bits
    capacity: uint256  # 64 bits
    profile: uint256  # 3 bits

PROFILES: constant(uint256) = 8
PROFILE_WORDS: constant(uint256) = 3
FULL: constant(uint256) = 10_000  # a profile's part that means the whole capacity

MAX_ENDOWMENT: constant(uint256) = 10**18  # 10^9 whole units
MAX_CAPACITY: constant(uint256) = 10**18

# Never paid or registered: where the dust goes.
DUST_ACCOUNT: immutable(address)

registrar: public(address)
next_registrar: public(address)
total_endowment: public(uint256)
total_capacity: public(uint256)
endowment_of: public(HashMap[address, uint256])
_plants: HashMap[address, uint256]
_profiles: uint256[PROFILE_WORDS][PROFILES]


@deploy
def __init__(registrar: address, dust_account: address):
    assert registrar != empty(address), "registry: no registrar"
    assert dust_account != empty(address), "registry: no dust account"

    self.registrar = registrar
    DUST_ACCOUNT = dust_account


@view
@internal
def _check_registrar(caller: address):
    assert caller == self.registrar, "registry: registrar only"


@internal
def _offer_role(successor: address):
    self.next_registrar = successor
    log IMarket.RegistrarOffered(registrar=self.registrar, successor=successor)


@internal
def _take_role(caller: address):
    assert caller == self.next_registrar, "registry: role not offered"

    former: address = self.registrar
    self.registrar = caller
    self.next_registrar = empty(address)
    log IMarket.RegistrarChanged(former=former, registrar=caller)


@internal
def _set_profile(profile: uint256, parts: uint256[PROFILE_WORDS]):
    """
    @notice Say which part of its capacity every plant of that profile can reach in each period.
    """
    calendar._between_days()
    assert profile < PROFILES, "registry: no such profile"
    for period: uint256 in range(amounts.MAX_PERIODS):
        part: uint256 = (parts[period // 16] >> (16 * (period % 16))) & (2**16 - 1)
        assert part <= FULL, "registry: profile above whole"
        assert part == 0 or period < amounts.PERIODS, "registry: profile too long"

    self._profiles[profile] = parts
    log IMarket.ProfileSet(profile=profile, parts=parts)


@internal
def _admit(agent: address, kind: uint256):
    calendar._between_days()
    assert agent not in [empty(address), self, DUST_ACCOUNT], "registry: not an agent's address"
    account: vault.Account = vault._load(agent)
    assert account.kind == vault.PLAIN, "registry: registered already"

    account.kind = kind
    vault._store(agent, account)


@internal
def _register_standard(agent: address, endowment: uint256):
    self._admit(agent, vault.STANDARD)
    assert endowment > 0, "registry: no endowment"
    assert endowment <= MAX_ENDOWMENT, "registry: endowment too large"
    assert self.total_endowment + endowment <= amounts.MAX_AMOUNT, "registry: endowments too large"

    self.total_endowment += endowment
    self.endowment_of[agent] = endowment
    log IMarket.StandardRegistered(agent=agent, endowment=endowment)


@internal
def _register_producer(agent: address, plant: Plant, technology: ITechnology):
    self._admit(agent, vault.PRODUCER)
    assert plant.capacity > 0, "registry: no capacity"
    assert plant.capacity <= MAX_CAPACITY, "registry: capacity too large"
    assert plant.profile < PROFILES, "registry: unknown profile"
    assert self.total_capacity + plant.capacity <= amounts.MAX_AMOUNT, "registry: capacities too large"
    inputs: uint256 = staticcall technology.inputs_for(plant.capacity * amounts.UNIT, plant.theta, plant.c)
    assert inputs <= amounts.MAX_AMOUNT * amounts.UNIT // amounts.PERIODS, "registry: plant needs too much"

    self.total_capacity += plant.capacity
    self._plants[agent] = plant.theta | (plant.c << 96) | (plant.capacity << 158) | (plant.profile << 222)
    log IMarket.ProducerRegistered(
        agent=agent, theta=plant.theta, c=plant.c, capacity=plant.capacity, profile=plant.profile
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
def _check_capacity(agent: address, offers: uint256[amounts.MAX_WORDS]):
    """
    @notice Refuse an offer above what the plant can reach in any period of the day.
    """
    plant: Plant = self._plant(agent)
    parts: uint256[PROFILE_WORDS] = self._profiles[plant.profile]
    assert offers[0] & amounts.LANE_MASK == 0, "registry: producers own no good"
    rest: uint256 = 0
    for i: uint256 in range(amounts.PERIODS, bound=amounts.MAX_PERIODS):
        if i % 16 == 0:
            rest = parts[i // 16]
        post: uint256 = unsafe_add(i, 1)
        offer: uint256 = (offers[post // 4] >> unsafe_mul(64, post % 4)) & amounts.LANE_MASK
        # both products stay below 2^80
        most: uint256 = unsafe_mul(plant.capacity, rest & (2**16 - 1))
        assert unsafe_mul(offer, FULL) <= most, "registry: offer above capacity"
        rest >>= 16
