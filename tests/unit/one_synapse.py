"""One synapse, or many alike, taken through given spikes by the NumPy oracle: every event where it belongs in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pynn_annarchy.model.spec import ModelSpec
from pynn_annarchy.targets.compile import Options, Storage, compile_models
from pynn_annarchy.targets.reference import Step
from pynn_annarchy.targets.reference_learning import Drawing, Events, learn_post, learn_pre

DT = 0.1


@dataclass(frozen=True)
class Course:
    """What the spikes led to: by pre-synaptic spike what was sent, and each variable at the end."""

    sent: np.ndarray
    fields: dict[str, np.ndarray]

    def __getitem__(self, name: str) -> float:
        (value,) = self.fields[name]
        return float(value)


def pass_spikes(spec: ModelSpec, pre=(), post=(), n_synapses=1, seed_key=7, initial=None, **parameters) -> Course:
    """The course of `n_synapses` synapses.

    Args:
        pre: steps at which a pre-synaptic spike passes, ascending; repeated for several at once.
        post: the same of the post-synaptic cell; those come first.
        initial: values of variables in place of those of the model.
        parameters: values in place of the defaults.
    """
    model = compile_models([(spec, Storage.PER_ELEMENT)], Options("reference"))[0]
    values = model.prepare({**spec.defaults(), **parameters}, DT)
    start = {**model.initial({**spec.defaults(), **parameters}), **(initial or {})}
    fields = {field.name: values.get(field.name) for field in model.kernel.parameters}
    fields.update({f.name: np.full(n_synapses, start.get(f.name, 0.0)) for f in model.kernel.variables})
    index, drawing, step = np.arange(n_synapses), Drawing(3, np.arange(n_synapses)), Step(0, 0.0, DT, seed_key, 1, 0)
    sent, seen = [], _Seen()
    for now, kind in sorted([*((m, 1) for m in pre), *((k, 0) for k in post)]):
        if kind:
            sent.append(learn_pre(model, fields, index, seen.pre(now), step, drawing))
        else:
            learn_post(model, fields, index, seen.post(now), step, drawing)
    return Course(np.array(sent).reshape(len(sent), n_synapses), fields)


class _Seen:
    """The spikes so far, in steps."""

    def __init__(self) -> None:
        self._pre: list[int] = []
        self._post: list[int] = []

    def pre(self, now: int) -> Events:
        earlier = [k for k in self._post if k < now]
        events = self._events(now, self._pre, earlier, self._pre.count(now), coincident=now in self._post)
        self._pre.append(now)
        return events

    def post(self, now: int) -> Events:
        events = self._events(now, self._pre, self._post, 32768 + self._post.count(now), coincident=False)
        self._post.append(now)
        return events

    def _events(self, now, pre, post, repetition, coincident) -> Events:
        any_last = max([0, *self._pre, *self._post])
        return Events(
            since_pre=now - (pre[-1] if pre else 0),
            since_post=now - (post[-1] if post else 0),
            since_any=now - any_last,
            t=now * DT,
            t_pre=pre[-1] * DT if pre else -np.inf,
            t_post=post[-1] * DT if post else -np.inf,
            step=now,
            repetition=repetition,
            coincident=coincident,
        )
