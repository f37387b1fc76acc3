// Response streaming: `awslambda.streamifyResponse`, `awslambda.HttpResponseStream`, and how a stream becomes an answer.
'use strict';

const { Writable } = require('node:stream');
const { errorDocument, errorType, logged } = require('./errors.js');
const logs = require('./logs.js');

const IS_STREAMED = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP_TYPE = 'application/vnd.awslambda.http-integration-response';
const PRELUDE_END = Buffer.alloc(8);

class ResponseStream extends Writable {
  constructor(api, requestId) {
    super();
    this._api = api;
    this._path = `/invocation/${requestId}/response`;
    this._contentType = 'application/octet-stream';
  }

  setContentType(contentType) {
    if (this._body) throw Object.assign(new Error('Cannot set content-type, too late.'), { name: 'Runtime.InvalidStreamingOperation' });
    this._contentType = contentType;
  }

  begin() {
    this._body ??= this._api.stream(this._path, {
      'Content-Type': this._contentType,
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    });
    return this._body;
  }

  _write(chunk, encoding, done) {
    const data = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, encoding);
    if (!data.length || this.begin().write(data)) done();
    else this._body.drained(done);
  }

  _final(done) {
    this.begin()
      .end({})
      .then(() => done(), done);
  }
}

class HttpResponseStream {
  /** A stream for an HTTP response: `metadata` has its statusCode, headers and cookies. */
  static from(stream, metadata) {
    stream.setContentType(HTTP_TYPE);
    stream.write(JSON.stringify(metadata));
    stream.write(PRELUDE_END);
    return stream;
  }
}

function streamifyResponse(handler, options) {
  handler[IS_STREAMED] = options?.highWaterMark ?? true;
  return handler;
}

/** Run a streaming handler. An error before the first byte is an ordinary one; a later one goes into the trailers. */
async function answer(api, requestId, handler, event, context) {
  const stream = new ResponseStream(api, requestId);
  const finished = new Promise((resolve, reject) => stream.once('finish', resolve).once('error', reject));
  finished.catch(() => {});
  try {
    await handler(event, stream, context);
    api.ref();
    if (!stream.writableEnded) stream.end();
    await finished;
  } catch (error) {
    if (!stream._body) throw error;
    api.ref();
    logs.write('ERROR', 'Invoke Error', logged(error));
    const body = Buffer.from(errorDocument(error)).toString('base64');
    const trailers = { 'Lambda-Runtime-Function-Error-Type': errorType(error), 'Lambda-Runtime-Function-Error-Body': body };
    stream.destroy();
    await stream._body.end(trailers);
  }
}

function install() {
  globalThis.awslambda = { streamifyResponse, HttpResponseStream };
}

module.exports = { IS_STREAMED, answer, install };
