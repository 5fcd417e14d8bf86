"""The top package: settings, channels, HTTP, the command line, weights to download, and the wiring."""
