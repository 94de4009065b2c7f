"""From differential equations to what happens in one time step; the only layer that knows sympy."""
