"""Simulations that end when populations say so, as the page about networks shows."""

import pynn_annarchy.ann as ann

integrator = ann.Neuron(
    parameters=dict(tau=ann.Parameter(100.0, locality="local")),
    equations=["mp = 0.5*r", "tau * dr/dt = 1.0", "max_r = max(r)"],
)

net = ann.Network(dt=0.5)

pop1 = net.create(3, integrator, stop_condition="r > 1.0")
pop2 = net.create(3, integrator, stop_condition="(r > 1.0) and (mp < 2.0)")
pop3 = net.create(3, integrator, stop_condition="r > 1.0 : all")

# The page stores global operations in a variable, and says that they are not possible in conditions; here they are.
stored = net.create(3, integrator, stop_condition="max_r > 1.0")
direct = net.create(3, integrator, stop_condition="mean(r) > 1.0")

for pop in net.get_populations():
    pop.tau = [50.0, 100.0, 200.0]

durations = {}
for name, populations, operator in (
    ("any", pop1, "and"),
    ("condition", pop2, "and"),
    ("all", pop3, "and"),
    ("and", [pop1, pop3], "and"),
    ("or", [pop1, pop3], "or"),
    ("stored", stored, "and"),
    ("direct", direct, "and"),
):
    for pop in net.get_populations():
        pop.r = 0.0
        pop.mp = 0.0
        pop.max_r = 0.0
    durations[name] = net.simulate_until(max_duration=1000.0, populations=populations, operator=operator)

pop1.r = 0.0
durations["never"] = net.simulate_until(max_duration=20.0, populations=pop1)
