// One connection to the Runtime API, kept open: HTTP written by hand over a plain socket, which is what makes it fast.
'use strict';

const net = require('node:net');

const PREFIX = '/2018-06-01/runtime';
const HEAD_END = Buffer.from('\r\n\r\n');

class RuntimeApi {
  constructor(address) {
    const [host, port] = address.split(':');
    this._address = address;
    this._parts = [];
    this._size = 0;
    this._needed = 0;
    this._socket = net.connect({ host, port: Number(port), noDelay: true });
    this._socket.on('data', (data) => this._received(data));
    this._socket.on('error', () => process.exit(0)); // the environment is being ended
    this._socket.on('close', () => process.exit(0));
  }

  /** Have an open request keep the process going, or not. */
  ref() {
    this._socket.ref();
  }

  unref() {
    this._socket.unref();
  }

  /** The next invocation: its headers and its event, as text. */
  next() {
    return this._ask(`GET ${PREFIX}/invocation/next HTTP/1.1\r\nHost: ${this._address}\r\n\r\n`);
  }

  /** Post a text of JSON; the status of the answer. */
  async post(path, text, headers) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const length = Buffer.byteLength(text);
    const head = `POST ${PREFIX}${path} HTTP/1.1\r\nHost: ${this._address}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${lines.join('')}\r\n`;
    return (await this._ask(head + text)).status;
  }

  /** Begin to post a body in chunks. `write(chunk)` says whether to wait for `drained`; `end(trailers)` gives the status. */
  stream(path, headers) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const socket = this._socket;
    socket.write(`POST ${PREFIX}${path} HTTP/1.1\r\nHost: ${this._address}\r\nTransfer-Encoding: chunked\r\n${lines.join('')}\r\n`);
    return {
      write: (chunk) => {
        socket.cork();
        socket.write(`${chunk.length.toString(16)}\r\n`);
        socket.write(chunk);
        const isTaken = socket.write('\r\n');
        socket.uncork();
        return isTaken;
      },
      drained: (act) => socket.once('drain', act),
      end: async (trailers) => {
        const rest = Object.entries(trailers).map(([name, value]) => `${name}: ${value}\r\n`);
        return (await this._ask(`0\r\n${rest.join('')}\r\n`)).status;
      },
    };
  }

  _ask(data) {
    return new Promise((resolve) => {
      this._answered = resolve;
      this._socket.write(data);
    });
  }

  _received(data) {
    this._parts.push(data);
    this._size += data.length;
    if (this._size < this._needed) return;
    const whole = this._parts.length === 1 ? data : Buffer.concat(this._parts, this._size);
    this._parts = [whole];
    const end = whole.indexOf(HEAD_END);
    if (end < 0) return;
    const [first, ...lines] = whole.latin1Slice(0, end).split('\r\n');
    const headers = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const start = end + HEAD_END.length;
    this._needed = start + Number(headers['content-length'] ?? 0);
    if (this._size < this._needed) return;
    const body = whole.utf8Slice(start, this._needed);
    this._parts = [];
    this._size = this._needed = 0;
    this._answered({ status: Number(first.split(' ')[1]), headers, body });
  }
}

module.exports = { RuntimeApi };
