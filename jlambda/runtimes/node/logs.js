// console within a function: every call is one log event, in the text or JSON format of AWS's runtime.
'use strict';

const fs = require('node:fs');
const util = require('node:util');
const { isError } = require('./errors.js');

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const METHODS = { trace: 'TRACE', debug: 'DEBUG', log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL' };
const IS_JSON = process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
const LEAST = LEVELS[(process.env.AWS_LAMBDA_LOG_LEVEL ?? '').toUpperCase()] ?? 0;

// A line that begins with a zero byte and the time, and ends with a zero byte where the event goes on in the next one: how
// the engine tells events apart.
const ZERO = '\0';

let requestId;
let tenantId;

function setRequest(id, tenant) {
  requestId = id;
  tenantId = tenant;
}

function event(text) {
  const stamp = ZERO + String(Date.now()).padStart(13, '0');
  let data = Buffer.from(`${stamp}${text.replace(/\r\n|\n/g, `${ZERO}\n`)}\n`);
  while (data.length) data = data.subarray(fs.writeSync(1, data));
}

function jsonLine(level, parts) {
  const line = { timestamp: new Date().toISOString(), level, requestId };
  if (tenantId !== undefined) line.tenantId = tenantId;
  line.message = parts.length === 1 && typeof parts[0] !== 'string' && !isError(parts[0]) ? parts[0] : util.format(...parts);
  const error = parts.find(isError);
  if (error) {
    line.errorType = error.name ?? 'UnknownError';
    line.errorMessage = error.message;
    line.stackTrace = (error.stack ?? '').split('\n');
    line.errorLocation = 'unknown';
  }
  const seen = new WeakSet();
  return JSON.stringify(line, (_, value) => {
    if (isError(value)) return { errorType: value.name, errorMessage: value.message, stackTrace: (value.stack ?? '').split('\n') };
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null) return value;
    if (seen.has(value)) return null;
    seen.add(value);
    return value;
  });
}

/** One event of a level. An error that the runtime reports comes as its kind ("Invoke Error") and its description. */
function write(level, ...parts) {
  if (IS_JSON) {
    const [kind, about] = parts;
    const line = about ? { message: about, kind } : kind;
    const { message, ...rest } = typeof line === 'string' ? { message: line } : line;
    event(JSON.stringify({ timestamp: new Date().toISOString(), level, requestId, message, ...rest, kind: undefined }));
    return;
  }
  const [first, about] = parts;
  const text = about ? `${first} \t${JSON.stringify(about)}` : first;
  event(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}`);
}

function log(level, parts) {
  event(IS_JSON ? jsonLine(level, parts) : `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...parts)}`);
}

/** Put the functions of `console` in the form of AWS's. */
function install() {
  for (const [method, level] of Object.entries(METHODS)) {
    console[method] = LEVELS[level] < LEAST ? () => {} : (...parts) => log(level, parts);
  }
}

module.exports = { install, setRequest, write };
