"""The steps from an older store to this one."""
