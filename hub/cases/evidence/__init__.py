"""Evidence packages: footage with proof of integrity and origin."""
