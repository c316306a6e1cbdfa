"""One module per kind of vendor creates its client. SDKs are optional, imported on first use."""
