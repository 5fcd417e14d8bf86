"""The programs beside the packages that others rely on."""
