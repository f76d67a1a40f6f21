"""Agents that trade: what they see, how they decide, the processes they live in, and the operator of their days."""
