"""The clock of a hub, and the tasks that apply its steps."""
