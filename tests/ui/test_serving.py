"""The page's own headers."""

from ui import serving


def test_only_documents_get_headers() -> None:
    names = dict(serving.headers([(b"Content-Type", b"text/html; charset=utf-8")]))
    assert b"default-src 'self'" in names[b"content-security-policy"]
    assert serving.headers([(b"content-type", b"text/javascript")]) == []
    assert serving.headers([]) == []
