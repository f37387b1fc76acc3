"""Functions that stream, and a gate at which they wait: what came before it has reached its caller while they still ran."""

from __future__ import annotations

import socket
import sys

#: A runtime that streams. An event says how: the parts to send before the gate and after it, the port of the gate, a pause in
#: seconds, how the response ends (well, with trailers of an error, by the end of the process, or not at all), and its content
#: type.
BOOTSTRAP = f"""#!{sys.executable} -I
import base64, http.client, json, os, socket, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
BASE = "/2018-06-01/runtime/invocation/"
while True:
    api.request("GET", BASE + "next")
    answer = api.getresponse()
    request_id = answer.getheader("Lambda-Runtime-Aws-Request-Id")
    event = json.loads(answer.read())
    event = json.loads(event["body"]) if "rawPath" in event else event
    api.putrequest("POST", BASE + request_id + "/response")
    api.putheader("Content-Type", event.get("type", "application/octet-stream"))
    api.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    api.putheader("Transfer-Encoding", "chunked")
    api.putheader("Trailer", "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body")
    api.endheaders()
    def send(text):
        data = text.encode()
        api.send(b"%x\\r\\n%b\\r\\n" % (len(data), data))
    for text in event["before"]:
        send(text)
    if "gate" in event:
        with socket.create_connection(("127.0.0.1", event["gate"])) as gate:
            gate.recv(1)
    time.sleep(event.get("pause", 0))
    for text in event.get("after", []):
        send(text)
    for _ in range(event.get("blocks", 0)):
        send("x" * 65536)
    end = event.get("end", "well")
    if end == "exit":
        os._exit(3)
    if end == "sleep":
        time.sleep(60)
    error = base64.b64encode(b'{{"errorType": "Broken", "errorMessage": "midway"}}').decode()
    trailers = "Lambda-Runtime-Function-Error-Type: Broken\\r\\nLambda-Runtime-Function-Error-Body: " + error + "\\r\\n"
    api.send(b"0\\r\\n" + (trailers.encode() if end == "error" else b"") + b"\\r\\n")
    api.getresponse().read()
"""

NODE = """
const net = require('node:net');
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType('text/plain');
  stream.write(event.before[0]);
  await new Promise((resolve) => net.connect(event.gate, '127.0.0.1').once('data', resolve));
  stream.write(event.after[0]);
  stream.end();
});
"""


class Gate:
    """Functions wait at it until it is opened."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.port: int = self._listener.getsockname()[1]

    def open(self) -> None:
        """Let the one pass that waits, or that will come."""
        waiting, _ = self._listener.accept()
        with waiting:
            waiting.sendall(b"!")

    def close(self) -> None:
        """No more."""
        self._listener.close()
