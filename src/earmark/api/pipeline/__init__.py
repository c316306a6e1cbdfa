"""What every request under `/v1` goes through: routing, admission, retries, errors, replies, streams."""
