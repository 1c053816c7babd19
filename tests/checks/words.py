"""A history in which every check finds something and nothing wrong, in the small language."""

from typing import Final

PROBES: Final = "q0@700-704g:200 q11@800-804r:401 q1@900-904r:403o7"
"""A control, a request with an unsigned token, and one for another organisation."""

CLEAN: Final = (
    "p0@-600.. s0@-500.. load0@-450--400 m1-@-900 v0.1-@-400"
    f" w1+@100-104 e0.1+@103 r0@603-610 v0.1+@610 a0@610:10 {PROBES}"
)
