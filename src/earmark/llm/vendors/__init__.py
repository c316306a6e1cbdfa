"""One file for each kind of vendor: how its client is made. Their SDKs are extras, imported on first use."""
