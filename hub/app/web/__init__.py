"""Makes the web application: features, services, templates."""
