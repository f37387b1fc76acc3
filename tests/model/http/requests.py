"""Requests that tests are made with, ordinary ones and any others."""

from __future__ import annotations

from hypothesis import strategies as st

from jlambda.model.http.message import HttpRequest, Place

URL = Place("anonymous", "abc", "abc.lambda-url.us-east-1.on.aws")
API = Place("123456789012", "a1b2c3", "a1b2c3.execute-api.us-east-1.amazonaws.com", "prod")
REQUEST_ID, TIME_S = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", 1_583_348_638.39

_names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True)
_values = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20).map(str.strip)
_types = st.sampled_from(["application/json", "text/plain; charset=utf-8", "image/png", "application/x-www-form-urlencoded"])
_headers = st.lists(st.tuples(_names, _values) | st.tuples(st.just("Content-Type"), _types), max_size=6)
_queries = st.text("abcü%2=&+;/?éx", max_size=30)

requests = st.builds(
    HttpRequest,
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
    st.text("abc/%2F.~é", max_size=20).map(lambda rest: f"/{rest}"),
    _queries,
    _headers.map(lambda found: (("Host", API.domain_name), *found)),
    st.binary(max_size=60),
    source_ip=st.just("127.0.0.1"),
    protocol=st.just("HTTP/1.1"),
)
