"""One writer per format; each takes an answer or a scene and returns text."""
