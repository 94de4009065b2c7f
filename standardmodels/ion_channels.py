"""PyNN's ion channels, which only cells with compartments can have."""

from __future__ import annotations

from pynn_annarchy.standardmodels.later import needs_compartments

KdrChannel = needs_compartments("KdrChannel")
NaChannel = needs_compartments("NaChannel")
PassiveLeak = needs_compartments("PassiveLeak")
PassiveLeakHH = needs_compartments("PassiveLeakHH")
