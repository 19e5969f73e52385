"""Small and redrawn pictures, made in limited child processes: nodes and strangers choose the
bytes."""
