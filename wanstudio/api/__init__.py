"""The studio for scripts: JSON at `/api/v1/`, by the forms, verbs and caps of the pages."""
