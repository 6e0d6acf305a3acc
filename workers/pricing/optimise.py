"""The price that maximises expected profit under the constraints, integrating over the elasticity."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workers.pricing.constraints import NONE, Bounds, Constraints, bounds
from workers.pricing.outlook import Outlook, outlook
from workers.pricing.panel import Bools, DemandPosterior, Floats, Ints
from workers.pricing.reasoning import Anchor, Case, explain

__all__ = ["NONE", "Constraints", "Recommendations", "recommend"]

Objective = Literal["profit", "revenue"]

CANDIDATES = 61
"""Prices tried per SKU: a third of a per cent apart within the default step, where profit is flat to 1e-5."""
WORTHWHILE = 0.01
"""Expected gain below which a price is held: the 1 % by which the confidence of a held price is defined."""
LEAST_CONFIDENCE = 0.6
"""Probability of earning at least as much below which a price is held whatever the expected gain."""
NOTICEABLE = 5e-4
"""Gain beyond a bound from which the bound counts as binding: less is the rounding of prices."""
CHUNK = 400
"""SKUs valued at once: 400 x 61 x 101 doubles are 20 MB."""


@dataclass(frozen=True, slots=True)
class Recommendations:
    """One recommendation per SKU (S elements each); money in minor units."""

    current_price: Ints
    recommended_price: Ints
    """Equal to ``current_price`` where ``held``."""
    held: Bools
    confidence: Floats
    """For a change: P(recommended price earns at least the current one's profit). For a held price:
    P(no allowed price would earn over 1 % more of the objective); 1 where no price is allowed."""
    expected_profit_change_pct: Floats
    """Posterior mean, per cent of the current price's expected profit (of its revenue where it makes none);
    0 where held. Of profit also where the objective is revenue; an unknown cost is averaged over."""
    profit_change_low_pct: Floats
    """5 % quantile."""
    profit_change_high_pct: Floats
    """95 % quantile."""
    elasticity: Floats
    elasticity_low: Floats
    elasticity_high: Floats
    observations: Ints
    binding_constraint: tuple[str | None, ...]
    """``min_margin``, ``min_price``, ``max_price``, ``map_price``, ``max_change``, ``charm_ending``,
    ``stock_cover``, ``competitor`` or None: the one that keeps the price from earning more."""
    reasoning: tuple[str, ...]
    """One sentence or two in plain words."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """Outcome for some SKUs, before words: (S,) each."""

    price: Ints
    best: Ints
    """What would be chosen were it worthwhile."""
    confidence: Floats
    change: Floats
    low: Floats
    high: Floats
    forced: Bools
    """The current price breaks a hard bound or is outside the competitor's band, and moves to the nearest
    allowed price."""
    blocked: Bools
    """No allowed price within the step."""
    more_below: Bools
    """A price somewhat below ``best`` would earn noticeably more."""
    more_above: Bools
    stock_bound: Bools
    """With unlimited stock a noticeably lower price would be best."""


def _candidates(limits: Bounds) -> Ints:
    """(S, CANDIDATES) allowed prices, evenly spread from first to last; (meaningless where there are none)."""
    count = np.maximum((limits.last - limits.first) // limits.spacing, 0)
    share = np.round(count[:, None] * np.linspace(0, 1, CANDIDATES)).astype(np.int64)
    return np.asarray(limits.first[:, None] + limits.spacing[:, None] * share, dtype=np.int64)


def _pick(values: Floats, price: Ints, current: Ints) -> Ints:
    """(S,) column of the largest value (S, C); of equals the one nearest to the current price."""
    top = values.max(axis=1, keepdims=True)
    equal = values >= top - 1e-12 * np.abs(top)
    away = np.where(equal, np.abs(price - current[:, None]), np.iinfo(np.int64).max)
    return np.asarray(away.argmin(axis=1), dtype=np.int64)


def _clip_probability(probability: Floats, points: int) -> Floats:
    """K equally likely draws cannot tell a probability beyond half a draw from 0 or 1."""
    return np.clip(probability, 0.5 / points, 1 - 0.5 / points)


def _pull(limits: Bounds, current: Ints, nearest: Ints) -> tuple[Bools, Bools]:
    """(S,) each: the price is outside the competitor's band and ``nearest``, the nearest allowed price, is on the
    way there; and it is outside, and no allowed price is on the way (an ending may leave only ones further off)."""
    towards = limits.towards_band(current)
    pulled = (towards != 0) & (np.sign(nearest - current) == towards)
    return pulled, limits.unguarded | ((towards != 0) & ~pulled)


def _choose(view: Outlook, price: Ints, limits: Bounds, stay_put: Bools) -> _Choice:
    """Value the candidates ``price`` (S, C) and choose; no change of one's own for ``stay_put`` (S,)."""
    row = np.arange(len(price))
    current = view.current
    blocked = limits.blocked
    nearest = np.abs(price - current[:, None]).argmin(axis=1)
    pulled, lost = _pull(limits, current, price[row, nearest])
    forced = (limits.outside(current) | pulled) & ~blocked
    base = view.earned(current[:, None])[:, 0, :]
    expected_base = base.mean(axis=1)
    turnover = (np.minimum(view.demand, view.stock[:, None]) * current[:, None]).mean(axis=1)
    unit = np.where(expected_base > 0, expected_base, turnover)
    unit = np.where(unit > 0, unit, 1.0)
    earned = view.earned(price)
    expected = earned.mean(axis=2)
    # No cut to where demand outruns the stock: the same units would only go for less.
    outruns = (view.wanted(price).mean(axis=2) > view.stock[:, None]) & (price < current[:, None])
    usable = ~outruns | outruns.all(axis=1, keepdims=True)
    column = _pick(np.where(usable, expected, -np.inf), price, current)
    column = np.where(forced, nearest, column)
    best = price[row, column]
    difference = (earned[row, column] - base) / unit[:, None]
    gain = difference.mean(axis=1)
    win = _clip_probability((difference >= 0).mean(axis=1), base.shape[1])
    go = forced | (
        ~blocked & ~stay_put & ~lost & (gain >= WORTHWHILE) & (win >= LEAST_CONFIDENCE) & (best != current)
    )
    reach = np.where(usable[:, :, None], earned, -np.inf).max(axis=1)
    stay = _clip_probability((reach <= base + WORTHWHILE * unit[:, None]).mean(axis=1), base.shape[1])
    # Whatever the objective was: what a change is said to earn is profit.
    profit_before = view.profit(current[:, None])[:, 0, :]
    profit_change = view.profit(best[:, None])[:, 0, :] - profit_before
    no_less = _clip_probability((profit_change >= 0).mean(axis=1), base.shape[1])
    profit_unit = np.where(profit_before.mean(axis=1) > 0, profit_before.mean(axis=1), turnover)
    profit_unit = np.where(profit_unit > 0, profit_unit, 1.0)
    change = np.where(go[:, None], 100 * profit_change / profit_unit[:, None], 0.0)
    low, high = np.quantile(change, [0.05, 0.95], axis=1, method="hazen")
    more_below, more_above, stock_bound = _pressure(
        view, best, expected_at=expected[row, column], unit=unit, limits=limits
    )
    return _Choice(
        price=np.where(go, best, current),
        best=np.where(blocked, current, best),
        confidence=np.where(go, no_less, np.where(blocked, 1.0, stay)),
        change=change.mean(axis=1),
        low=low,
        high=high,
        forced=forced,
        blocked=blocked,
        more_below=more_below,
        more_above=more_above,
        stock_bound=stock_bound,
    )


def _pressure(
    view: Outlook, best: Ints, expected_at: Floats, unit: Floats, limits: Bounds
) -> tuple[Bools, Bools, Bools]:
    """Whether slightly lower or higher prices than ``best`` would earn more, and whether stock is why not."""
    aside = np.where(limits.spacing > 1, limits.spacing // 2, np.maximum(best // 100, 1))
    probe = np.stack([np.maximum(best - aside, 1), best + aside, best], axis=1)
    free = view.earned(probe, limited=False).mean(axis=2)
    bound = view.earned(probe).mean(axis=2)
    more = (bound[:, :2] - expected_at[:, None]) > NOTICEABLE * unit[:, None]
    stock_bound = np.isfinite(view.stock) & (free[:, 0] > free[:, 2] * (1 + NOTICEABLE)) & ~more[:, 0]
    return more[:, 0], more[:, 1], stock_bound


def _binding(choice: _Choice, limits: Bounds, current: Ints, i: int) -> str | None:
    """The constraint that keeps SKU ``i`` from earning more, or that moved or blocked its price."""
    low, high = int(limits.low[i]), int(limits.high[i])
    if choice.blocked[i]:
        if low <= high:
            return "charm_ending"
        if limits.floor[i] > limits.ceiling[i]:
            return limits.hard_floor_name(i)
        return "max_change"
    if choice.forced[i]:
        return limits.broken_name(current, i) or "competitor"
    if stop := limits.stop_name(current, i):
        return stop
    best = int(choice.best[i])
    if choice.stock_bound[i]:
        return "stock_cover"
    if choice.more_below[i] and best == limits.first[i]:
        return limits.floor_name(i)
    if choice.more_above[i] and best == limits.last[i]:
        return limits.ceiling_name(i)
    if limits.spacing[i] > 1 and (choice.more_below[i] or choice.more_above[i]):
        return "charm_ending"
    return None


def _part(limits: Bounds, which: slice) -> Bounds:
    return Bounds(
        limits.floors[:, which],
        limits.ceiling[which],
        limits.step_low[which],
        limits.step_high[which],
        limits.spacing[which],
        limits.ending[which],
        limits.anchor_low[which],
        limits.anchor_high[which],
        limits.unguarded[which],
    )


def _unseen(posterior: DemandPosterior) -> Bools:
    """(S,) never seen selling."""
    return np.asarray(posterior.observations == 0)


def _cost_missing(constraints: Constraints, objective: Objective) -> Bools:
    return np.asarray((constraints.cost == NONE) & (objective == "profit"))


def _choices(view: Outlook, limits: Bounds, stay_put: Bools) -> _Choice:
    """That of all SKUs, ``CHUNK`` at a time."""
    prices = _candidates(limits)
    parts = [slice(at, at + CHUNK) for at in range(0, len(prices), CHUNK)]
    chosen = [_choose(view.rows(p), prices[p], _part(limits, p), stay_put[p]) for p in parts]
    return _Choice(*(np.concatenate([getattr(c, n) for c in chosen] or [[]]) for n in _Choice.__dataclass_fields__))


def _bindings(choice: _Choice, limits: Bounds, current: Ints, stay_put: Bools) -> tuple[str | None, ...]:
    # Of a price that was not to be changed nothing but a broken bound or an anchor can be said to keep it.
    untouched = stay_put | limits.unguarded
    quiet = untouched & ~choice.forced & ~choice.blocked & (limits.towards_band(current) == 0)
    return tuple(None if quiet[i] else _binding(choice, limits, current, i) for i in range(len(current)))


def _cases(
    posterior: DemandPosterior,
    constraints: Constraints,
    objective: Objective,
    limits: Bounds,
    choice: _Choice,
    binding: tuple[str | None, ...],
) -> Iterator[Case]:
    current, unseen = constraints.current_price, _unseen(posterior)
    cost_missing = _cost_missing(constraints, objective)
    for i in range(len(current)):
        yield Case(
            current=int(current[i]),
            price=int(choice.price[i]),
            exponent=int(constraints.exponent[i]),
            elasticity=float(posterior.elasticity[i]),
            identified=bool(posterior.identified[i]),
            unseen=bool(unseen[i]),
            change=float(choice.change[i]),
            confidence=float(choice.confidence[i]),
            objective=objective,
            cost_missing=bool(cost_missing[i]),
            binding=binding[i],
            forced=bool(choice.forced[i]),
            blocked=bool(choice.blocked[i]),
            broken=limits.broken_name(current, i),
            at_best=bool(choice.best[i] == current[i]),
            anchor=Anchor(
                constraints.anchor_label[i] or "competitor's offer",
                int(constraints.anchor_low[i]),
                int(constraints.anchor_high[i]),
            ),
            stop=limits.stop_name(choice.price, i),
            unguarded=bool(limits.unguarded[i]),
        )


def recommend(
    posterior: DemandPosterior, constraints: Constraints, objective: Objective = "profit"
) -> Recommendations:
    """The price per SKU that maximises the expected objective within the constraints.

    A price changes when the best allowed one is expected to earn at least 1 % more and has at least a 60 %
    probability of earning no less; or, to the nearest allowed price, when the current one breaks a hard bound
    that one step can mend; or, as far as hard bounds and step allow, towards the competitor's band. Otherwise it is
    held, as is the price of a SKU never seen selling, or of one whose cost
    is unknown while profit is asked for. Deterministic. Raises ValueError where the numbers of SKUs differ.
    """
    if len(constraints.current_price) != len(posterior.elasticity):
        raise ValueError("posterior and constraints are of different numbers of SKUs")
    limits, current = bounds(constraints), constraints.current_price
    stay_put = _unseen(posterior) | _cost_missing(constraints, objective)
    choice = _choices(outlook(posterior, constraints, objective == "profit"), limits, stay_put)
    binding = _bindings(choice, limits, current, stay_put)
    cases = _cases(posterior, constraints, objective, limits, choice, binding)
    return Recommendations(
        current_price=current,
        recommended_price=choice.price,
        held=choice.price == current,
        confidence=choice.confidence,
        expected_profit_change_pct=choice.change,
        profit_change_low_pct=choice.low,
        profit_change_high_pct=choice.high,
        elasticity=posterior.elasticity,
        elasticity_low=posterior.elasticity_low,
        elasticity_high=posterior.elasticity_high,
        observations=posterior.observations,
        binding_constraint=binding,
        reasoning=tuple(explain(case) for case in cases),
    )
