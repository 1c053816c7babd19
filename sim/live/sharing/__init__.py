"""How a run is shared: a coordinator beside the master, a share in each worker, and the messages between them."""
