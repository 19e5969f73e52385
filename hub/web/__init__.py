"""Code that all pages share: rendering, forms, rate limits, texts and scripts."""
