"""Rules for the meaning of a typed sentence and of a description: values in, values out."""
