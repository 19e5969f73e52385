"""Detection and tracking decisions: values in, values out; no clock, thread, file or log."""
