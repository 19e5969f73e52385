"""The looks of the pages: styles that several share, and the stylesheet that is made of all."""
