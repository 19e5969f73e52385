"""The page of the audit log, its monthly digest and its anchors."""
