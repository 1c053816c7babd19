"""A worker process of `ztna-sim run --processes N`: started by the engine, never by hand."""

import sys

from sim.live.engine import serve_share

if __name__ == "__main__":
    serve_share(int(sys.argv[1]))
