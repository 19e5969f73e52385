"""Why a camera did not report people in its last hour, as its node explains it."""
