"""The centre: takes the nodes' events, decides who must know, and tells them."""
