"""Files to the hub by HTTPS: resumable uploads and diagnoses."""
