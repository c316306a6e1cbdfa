"""Tests of where long computations run."""
