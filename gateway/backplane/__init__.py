"""Backplanes: one module for each way to share groups (`actors.ports.Backplane`)."""
