"""Motion by background subtraction: what moves, and where the network should look."""
