"""Real sockets on the hub: bytes on one side, the inputs and effects of `sim.actors` on the other."""
