"""Network cameras by RTSP."""
