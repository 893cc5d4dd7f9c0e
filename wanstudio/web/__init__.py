"""HTTP requests and answers: middleware, look-ups, addresses, cookies and files. Knows no noun."""
