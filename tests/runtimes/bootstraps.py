"""Programs that stand in for a runtime or an extension: they say over HTTP what a test tells them to."""

from __future__ import annotations

import sys

#: Talks to the Runtime API in plain sight. An event is a list of requests to make before the response: [method, path,
#: headers, body], with REQUEST_ID in a path replaced; the response lists status and body of each answer.
RUNTIME = f"""#!{sys.executable} -I
import http.client, json, os, sys, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
BASE = "/2018-06-01/runtime"

def call(method, path, headers={{}}, body=None, connection=None, **options):
    connection = connection or api
    connection.request(method, path, body, headers, **options)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()

exec(os.environ.get("BEFORE_INIT", ""))
while True:
    _, headers, event = call("GET", BASE + "/invocation/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    asked = json.loads(event)
    path = BASE + "/invocation/" + request_id
    if isinstance(asked, str):
        exec(asked)
        continue
    answers = []
    for method, where, given, body in asked:
        status, _, said = call(method, where.replace("REQUEST_ID", request_id), given, body)
        answers.append([status, said.decode()])
    call("POST", path + "/response", {{"Content-Type": "application/json"}}, json.dumps(answers))
"""

#: An extension that registers for what EVENTS says, and writes each event that it gets to its log.
EXTENSION = f"""#!{sys.executable} -I
import http.client, json, os, sys
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
BASE = "/2020-01-01/extension"

def call(method, path, headers={{}}, body=None):
    api.request(method, BASE + path, body, headers)
    answer = api.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()

name = os.path.basename(sys.argv[0])
events = json.loads(os.environ.get("EVENTS", '["INVOKE", "SHUTDOWN"]'))
_, headers, about = call("POST", "/register", {{"Lambda-Extension-Name": name}}, json.dumps({{"events": events}}))
identifier = {{"Lambda-Extension-Identifier": headers["Lambda-Extension-Identifier"]}}
print("registered", about.decode(), flush=True)
exec(os.environ.get("AFTER_REGISTRATION", ""))
while True:
    _, _, body = call("GET", "/event/next", identifier)
    event = json.loads(body)
    print("extension got", json.dumps(event), flush=True)
    exec(os.environ.get("ON_EVENT", ""))
    if event["eventType"] == "SHUTDOWN":
        break
"""
