"""An upgrade of the installed hub: tried first, then on trial, then live."""
