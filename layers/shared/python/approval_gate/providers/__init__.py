"""One folder per platform. Nothing outside a folder knows its words."""
