"""Sessions that leave and come back: export as Markdown or JSON, import of JSON."""
