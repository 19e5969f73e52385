"""Camera and model adapters: implementations of the ports that detection uses."""
