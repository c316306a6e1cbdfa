"""Audio: how it gets in and out by signed addresses, and where its bytes are kept."""
