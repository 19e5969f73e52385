"""Commands of the hub; `hub.__main__` lists them."""
