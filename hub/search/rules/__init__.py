"""What a typed sentence and a description mean: values in, values out."""
