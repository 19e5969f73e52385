"""The pre-roll: the last seconds of picture and sound, in memory."""
