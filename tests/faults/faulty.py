"""Operators that fail, each in its own way: a plug-in for the tests of what a failure does to a sweep."""

import itertools
import os
import signal
import time

from bench.cost import Cost
from bench.operators._base import Attention


class _Faulty(Attention):
    scopes = frozenset({"core"})

    def core_cost(self, case):
        return Cost(forward_flops=0, backward_flops=0)

    def build(self, case, generator):
        calls = itertools.count()

        def attend(q, k, v, mask=None):
            return self.fail(v, next(calls))

        return attend


class _Killed(_Faulty):
    def fail(self, v, call):
        if call > 20:  # it gets through the untimed pass and dies while it is timed
            os.kill(os.getpid(), signal.SIGKILL)
        return v.clone()


class _Eater(_Faulty):
    def fail(self, v, call):
        import torch

        return torch.stack([torch.ones(1 << 24) for _ in range(1 << 10)])


class _Hanging(_Faulty):
    def fail(self, v, call):
        time.sleep(3600)


class _NotANumber(_Faulty):
    def fail(self, v, call):
        return v / 0 * 0


class _Raising(_Faulty):
    def fail(self, v, call):
        raise ValueError("the article's line does not run on a batch")


MEMBERS = {
    "killed": _Killed(),
    "eater": _Eater(),
    "hanging": _Hanging(),
    "not_a_number": _NotANumber(),
    "raising": _Raising(),
}
