"""The kernel's end of the side panel."""
