"""The hub: receives the nodes' events, decides who is told, and tells them."""
