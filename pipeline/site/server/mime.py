"""Media types by file extension, as GitHub Pages sends them."""

from __future__ import annotations

from pathlib import PurePosixPath

_UTF8 = "; charset=utf-8"

# GitHub Pages takes its types from https://github.com/jshttp/mime-db; text/javascript is RFC 9239.
_TYPES = {
    ".7z": "application/x-7z-compressed",
    ".aac": "audio/aac",
    ".apng": "image/apng",
    ".atom": "application/atom+xml",
    ".avif": "image/avif",
    ".bin": "application/octet-stream",
    ".bmp": "image/bmp",
    ".cjs": "text/javascript" + _UTF8,
    ".css": "text/css" + _UTF8,
    ".csv": "text/csv" + _UTF8,
    ".eot": "application/vnd.ms-fontobject",
    ".epub": "application/epub+zip",
    ".flac": "audio/flac",
    ".geojson": "application/geo+json" + _UTF8,
    ".gif": "image/gif",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".gz": "application/gzip",
    ".htm": "text/html" + _UTF8,
    ".html": "text/html" + _UTF8,
    ".ico": "image/vnd.microsoft.icon",
    ".ics": "text/calendar" + _UTF8,
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript" + _UTF8,
    ".json": "application/json" + _UTF8,
    ".json5": "application/json5" + _UTF8,
    ".jsonld": "application/ld+json" + _UTF8,
    ".jxl": "image/jxl",
    ".m4a": "audio/mp4",
    ".m4v": "video/mp4",
    ".map": "application/json" + _UTF8,
    ".markdown": "text/markdown" + _UTF8,
    ".md": "text/markdown" + _UTF8,
    ".mjs": "text/javascript" + _UTF8,
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".ogv": "video/ogg",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".rss": "application/rss+xml",
    ".svg": "image/svg+xml",
    ".tar": "application/x-tar",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".toml": "application/toml" + _UTF8,
    ".tsv": "text/tab-separated-values" + _UTF8,
    ".ttf": "font/ttf",
    ".txt": "text/plain" + _UTF8,
    ".vcf": "text/vcard" + _UTF8,
    ".vtt": "text/vtt" + _UTF8,
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json" + _UTF8,
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xhtml": "application/xhtml+xml" + _UTF8,
    ".xml": "application/xml",
    ".xsl": "application/xslt+xml",
    ".yaml": "text/yaml" + _UTF8,
    ".yml": "text/yaml" + _UTF8,
    ".zip": "application/zip",
}
_UNKNOWN = "application/octet-stream"

# Beyond text/*, JSON and XML: what the CDN in front of GitHub Pages compresses by default,
# https://www.fastly.com/documentation/guides/full-site-delivery/performance/enabling-automatic-compression/
_COMPRESSED = frozenset({".eot", ".ico", ".otf", ".toml", ".ttf"})


def media_type(path: str) -> str:
    """Return the Content-Type of a file by the extension of its name, whose letter case is ignored."""
    return _TYPES.get(PurePosixPath(path).suffix.lower(), _UNKNOWN)


def compressible(path: str) -> bool:
    """Whether GitHub Pages would send the file with gzip to a client that takes it."""
    kind = media_type(path).partition(";")[0]
    if kind.startswith("text/") or kind.endswith(("json", "xml", "json5")):
        return True
    return PurePosixPath(path).suffix.lower() in _COMPRESSED
