"""Policies that misbehave on behalf of home-1 and are best responses for everybody else."""

from __future__ import annotations

import numpy as np

from wattpost.fleet.policy import BestResponse, Plan, StayOut, View


class _Odd(BestResponse):
    def decide(self, view: View) -> Plan | StayOut:
        return self.odd(view) if view.agent.name == "home-1" else super().decide(view)

    def odd(self, view: View) -> Plan | StayOut:
        return StayOut()


class Absent(_Odd):
    pass


class Raises(_Odd):
    def odd(self, view: View) -> Plan | StayOut:
        raise RuntimeError("no idea")


class Negative(_Odd):
    def odd(self, view: View) -> Plan | StayOut:
        return Plan(np.array([-1.0]), 0.0, np.zeros(1))


class Greedy(_Odd):
    def odd(self, view: View) -> Plan | StayOut:
        return Plan(np.array([view.held * 2]), 0.0, np.zeros(1))


class Short(_Odd):
    def odd(self, view: View) -> Plan | StayOut:
        return Plan(np.zeros(0), 0.0, np.zeros(0))
