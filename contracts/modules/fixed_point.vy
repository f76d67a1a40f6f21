# pragma version 0.4.3
"""
@title Fixed point
@license MIT
@notice Powers with real exponents: scale * (a / b)^p, rounded down or up, never in the reader's favour.
@dev log2 is n + 1/2 + 2/ln 2 * atanh((m - r) / (m + r)) with r = sqrt 2, summed from its Taylor series; 2^f is
     the Taylor series of e^(f ln 2). Both work in 127-bit fractions, on unsigned words.
     Error bounds, which `_margin` covers with room to spare: the logarithm is off by less than 2^-116 (its series stops
     at 2^-118, the rest is rounding), the exponential by less than 2^-80 of itself.
     The coefficients are floor(2^127 / (2k + 1)) and floor(2^127 / k!); the tests recompute them.
@custom:units fractions have 127 bits, logarithms 120 bits, and 2^64 parts make one unit of a result
@custom:trust Pure arithmetic.
"""

ONE: constant(uint256) = 2**127
ROOT_2: constant(uint256) = 240615969168004511545033772477625056927  # sqrt 2, 127 bits
TWO_OVER_LN_2: constant(uint256) = 122730920814699141436592336571523309380  # 125 bits
LN_2: constant(uint256) = 117932881612756647068972071382077242199  # 127 bits
TOO_LARGE: constant(uint256) = max_value(uint256)


@pure
@internal
def _log2(x: uint256) -> int256:
    """
    @notice Binary logarithm of the whole number 0 < x < 2^128, with a 120-bit fraction.
    """
    whole: uint256 = 0
    rest: uint256 = x
    if rest >= 2**64:
        rest >>= 64
        whole = 64
    if rest >= 2**32:
        rest >>= 32
        whole += 32
    if rest >= 2**16:
        rest >>= 16
        whole += 16
    if rest >= 2**8:
        rest >>= 8
        whole += 8
    if rest >= 2**4:
        rest >>= 4
        whole += 4
    if rest >= 2**2:
        rest >>= 2
        whole += 2
    if rest >= 2:
        whole += 1

    # 2^127 <= mantissa < 2^128, so nothing below leaves 256 bits: |mantissa - ROOT_2| < 2^127, z < 2^125.
    mantissa: uint256 = x << (127 - whole)
    above: bool = mantissa >= ROOT_2
    gap: uint256 = unsafe_sub(ROOT_2, mantissa)
    if above:
        gap = unsafe_sub(mantissa, ROOT_2)
    z: uint256 = unsafe_div(gap << 127, unsafe_add(mantissa, ROOT_2))
    z2: uint256 = unsafe_mul(z, z) >> 127
    series: uint256 = 3956771708383005389109007063160095482
    series = unsafe_add(4149784962450469066626519602826441603, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(4362594447704339275171469326048310403, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(4598410363796465722478035235564435289, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(4861176670299120906619637249025260163, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(5155793438196037325202645567148003203, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(5488425272918362313925396894060777604, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(5866937360705835576954734610892555369, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(6301525313350712286358789026514226138, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(6805647338418769269267492148635364229, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(7397442759150836162247274074603656770, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(8101961117165201511032728748375433606, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(8954799129498380617457226511362321354, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(10008304909439366572452194336228476807, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(11342745564031282115445820247725607048, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(13087783343113017825514407978144931209, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(15467380314588111975607936701444009611, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(18904575940052136859076367079542678414, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(24305883351495604533098186245126300818, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(34028236692093846346337460743176821145, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(56713727820156410577229101238628035242, unsafe_mul(series, z2) >> 127)
    series = unsafe_add(170141183460469231731687303715884105728, unsafe_mul(series, z2) >> 127)
    part: int256 = convert(unsafe_mul(unsafe_mul(z, series) >> 127, TWO_OVER_LN_2) >> 132, int256)
    if not above:
        part = -part
    return unsafe_add(convert((whole << 120) + 2**119, int256), part)


@pure
@internal
def _exp2(fraction: uint256) -> uint256:
    """
    @notice 2^fraction for a 120-bit fraction below one; the result has 127 bits after the point.
    """
    r: uint256 = unsafe_mul(fraction, LN_2) >> 120
    series: uint256 = 3330163356327404311
    series = unsafe_add(69933430482875490549, unsafe_mul(series, r) >> 127)
    series = unsafe_add(1398668609657509810984, unsafe_mul(series, r) >> 127)
    series = unsafe_add(26574703583492686408705, unsafe_mul(series, r) >> 127)
    series = unsafe_add(478344664502868355356692, unsafe_mul(series, r) >> 127)
    series = unsafe_add(8131859296548762041063770, unsafe_mul(series, r) >> 127)
    series = unsafe_add(130109748744780192657020332, unsafe_mul(series, r) >> 127)
    series = unsafe_add(1951646231171702889855304983, unsafe_mul(series, r) >> 127)
    series = unsafe_add(27323047236403840457974269768, unsafe_mul(series, r) >> 127)
    series = unsafe_add(355199614073249925953665506995, unsafe_mul(series, r) >> 127)
    series = unsafe_add(4262395368878999111443986083951, unsafe_mul(series, r) >> 127)
    series = unsafe_add(46886349057668990225883846923468, unsafe_mul(series, r) >> 127)
    series = unsafe_add(468863490576689902258838469234689, unsafe_mul(series, r) >> 127)
    series = unsafe_add(4219771415190209120329546223112205, unsafe_mul(series, r) >> 127)
    series = unsafe_add(33758171321521672962636369784897640, unsafe_mul(series, r) >> 127)
    series = unsafe_add(236307199250651710738454588494283480, unsafe_mul(series, r) >> 127)
    series = unsafe_add(1417843195503910264430727530965700881, unsafe_mul(series, r) >> 127)
    series = unsafe_add(7089215977519551322153637654828504405, unsafe_mul(series, r) >> 127)
    series = unsafe_add(28356863910078205288614550619314017621, unsafe_mul(series, r) >> 127)
    series = unsafe_add(85070591730234615865843651857942052864, unsafe_mul(series, r) >> 127)
    series = unsafe_add(170141183460469231731687303715884105728, unsafe_mul(series, r) >> 127)
    series = unsafe_add(170141183460469231731687303715884105728, unsafe_mul(series, r) >> 127)
    return series


@pure
@internal
def _parts(scale: uint256, log_ratio: int256, numerator: uint256, denominator: uint256) -> uint256:
    """
    @notice scale * 2^(log_ratio * numerator / denominator) in parts of 2^-64, not yet rounded either way.
    @param scale Below 2^96.
    @param log_ratio Difference of two `_log2`, so within 2^128.
    @param numerator Of the exponent, with the denominator, at most 3 * 10^18.
    @return TOO_LARGE when the result would reach 2^128 units.
    """
    exponent: int256 = log_ratio * convert(numerator, int256) // convert(denominator, int256)
    whole: int256 = exponent >> 120
    if whole > 127:
        return TOO_LARGE
    if whole < -192:
        return 0

    fraction: uint256 = convert(exponent - (whole << 120), uint256)
    product: uint256 = unsafe_mul(self._exp2(fraction), scale)  # 2^128 * 2^96
    if whole < 64:
        return product >> convert(63 - whole, uint256)
    if product >> convert(255 - whole, uint256) > 0:
        return TOO_LARGE
    return product << convert(whole - 63, uint256)


@pure
@internal
def _margin(parts: uint256, numerator: uint256, denominator: uint256) -> uint256:
    # The exponential's error, the logarithm's magnified by the exponent, and the last bits lost to flooring.
    high: uint256 = parts >> 64
    return 4096 + high + (unsafe_div(unsafe_mul(high, numerator), denominator) >> 48)


@pure
@internal
def _power_down(scale: uint256, log_ratio: int256, numerator: uint256, denominator: uint256) -> uint256:
    """
    @notice scale * ratio^(numerator / denominator), never above the true value.
    """
    parts: uint256 = self._parts(scale, log_ratio, numerator, denominator)
    if parts == TOO_LARGE:
        return TOO_LARGE
    margin: uint256 = self._margin(parts, numerator, denominator)
    return 0 if parts < margin else (parts - margin) >> 64


@pure
@internal
def _power_up(scale: uint256, log_ratio: int256, numerator: uint256, denominator: uint256) -> uint256:
    """
    @notice scale * ratio^(numerator / denominator), never below the true value.
    """
    parts: uint256 = self._parts(scale, log_ratio, numerator, denominator)
    if parts == TOO_LARGE:
        return TOO_LARGE
    return (parts + self._margin(parts, numerator, denominator) + 2**64 - 1) >> 64
