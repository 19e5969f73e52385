"""What people outside the police use."""
