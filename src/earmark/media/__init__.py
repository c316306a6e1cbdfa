"""Audio: upload and download by signed links, and the store of its bytes."""
