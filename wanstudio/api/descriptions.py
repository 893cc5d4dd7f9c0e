"""Descriptions of requests and answers that the shapes do not say: files, and a header."""

from wanstudio.api.request_shapes import UploadIn

UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["kind", "file"],
                    "properties": {
                        "kind": {"type": "string", "enum": ["character", "motion"]},
                        "file": {"type": "string", "format": "binary"},
                    },
                }
            },
            "application/json": {"schema": UploadIn.model_json_schema()},
        },
    }
}
MP4 = {"content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}
KEY_HEADER = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "schema": {"type": "string", "maxLength": 255},
            "description": "Generate a new one for each video. Repeating the same request with it makes no second job.",
        }
    ]
}
