"""Inputs that are set periodically, as the page about networks shows."""

# The page writes `def set inputs(n)` and `def reset inputs(n)`, and `@every` where it imports `ANNarchy as ann`.

import numpy as np

import pynn_annarchy.ann as ann

net = ann.Network(seed=3)
pop = net.create((4, 6), ann.Neuron(parameters=dict(I=ann.Parameter(0.0, locality="local")), equations="r = I"))
m = net.monitor(pop, "r")

# Iterate over 100 trials
result = []
for trial in range(100):
    # Set inputs to the network
    pop.I = ann.Uniform(0.0, 1.0)
    # Simulate for 1 second
    net.simulate(1000.0)
    # Save the output
    result.append(pop.r)

by_callbacks = []


@ann.every(period=1000.0)
def set_inputs(n):
    # Set inputs to the network
    pop.I = ann.Uniform(0.0, 1.0)
    # Save the output of the previous step
    if n > 0:
        by_callbacks.append(pop.r)


net.simulate(100 * 1000.0)

net.clear_all_callbacks()
m.get()

images = np.random.random((100, 4, 6))


@ann.every(period=1000.0)
def set_images(n):
    # Set inputs to the network
    pop.I = images[n, :, :]


net.simulate(100 * 1000.0)
shown = m.get("r")

net.clear_all_callbacks()
calls = []


@ann.every(period=1000.0)
def set_one(n):
    pop.I = 1.0
    calls.append(("set", net.time, n))


@ann.every(period=1000.0)
def set_zero(n):
    pop.I = 0.0
    calls.append(("reset", net.time, n))


@ann.every(period=1000.0, offset=500.0)
def halfway(n):
    calls.append(("offset", net.time, n))


@ann.every(period=1000.0, offset=-100.0)
def before_the_end(n):
    calls.append(("negative", net.time, n))


@ann.every(period=1000.0, offset=1500.0)
def modulo(n):
    calls.append(("modulo", net.time, n))


@ann.every(period=1000.0, wait=5000.0)
def late(n):
    calls.append(("wait", net.time, n))


start = net.time
net.simulate(10000.0)
with_callbacks = len(calls)

# Disable callbacks
net.disable_callbacks()

# Simulate without callbacks
net.simulate(10000.0)
without_callbacks = len(calls)

# Re-enable callbacks
net.enable_callbacks()

# Simulate with callbacks; here one of them can be left out by itself
late.disable()
net.simulate(10000.0)
