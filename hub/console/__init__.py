"""The officer's desk: inbox, the page of one alert, own settings."""
