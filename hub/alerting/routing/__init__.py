"""Alert rules: which sightings raise an alert, and how urgent it is."""
