"""Areas, cameras and the map."""
