// The Node.js runtime: loads the function that _HANDLER names, then answers one invocation after the other over the Runtime
// API. Standard library only, CommonJS so that it starts fast, for Node.js 18 and newer.
'use strict';

const { RuntimeApi } = require('./api.js');
const { errorDocument, errorType, logged } = require('./errors.js');
const logs = require('./logs.js');
const streaming = require('./streaming.js');

const MEMORY_MB = Number(process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE);
// V8 keeps to about 2 GB unless told otherwise
if (MEMORY_MB > 2048) require('node:v8').setFlagsFromString(`--max-old-space-size=${Math.floor(MEMORY_MB * 0.9)}`);

// What AWS's runtime exits with after an exception that nobody caught, and after a rejected promise that nobody awaited
const UNCAUGHT_EXIT = 129;
const UNHANDLED_REJECTION_EXIT = 128;

const api = new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API);
const environment = { ...process.env };
let requestId;

class UnhandledPromiseRejection extends Error {
  constructor(reason) {
    super(String(reason));
    this.name = 'Runtime.UnhandledPromiseRejection';
    this.reason = reason;
  }
}

function endWith(error, status) {
  logs.write('ERROR', error instanceof UnhandledPromiseRejection ? 'Unhandled Promise Rejection' : 'Uncaught Exception', logged(error));
  const path = requestId === undefined ? '/init/error' : `/invocation/${requestId}/error`;
  api.ref();
  // a connection of its own: the other one may be in the middle of something
  new RuntimeApi(process.env.AWS_LAMBDA_RUNTIME_API)
    .post(path, errorDocument(error), { 'Lambda-Runtime-Function-Error-Type': errorType(error) })
    .finally(() => process.exit(status));
}

process.on('uncaughtException', (error) => endWith(error, UNCAUGHT_EXIT));
process.on('unhandledRejection', (reason) => endWith(new UnhandledPromiseRejection(reason), UNHANDLED_REJECTION_EXIT));

function parsed(text) {
  return text === undefined ? undefined : JSON.parse(text);
}

function makeContext(headers, settle) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(headers['lambda-runtime-client-context']),
    identity: parsed(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    tenantId: headers['lambda-runtime-aws-tenant-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
    succeed: (result) => settle(null, result),
    fail: (error) => settle(error ?? new Error('null')),
    done: settle,
  };
}

/** The result of one call: of a promise at once, of a callback when nothing is left to do, unless the function waives that. */
function call(handler, event, headers) {
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const finish = (error, result) => (error ? reject(error) : resolve(result));
    const settle = (error, result) => {
      if (isSettled) return;
      isSettled = true;
      if (!context.callbackWaitsForEmptyEventLoop) finish(error, result);
      else process.once('beforeExit', () => finish(error, result));
    };
    const context = makeContext(headers, settle);
    // a function that neither answers nor has anything left to do
    const leftIdle = () => setImmediate(() => isSettled || resolve(null));
    process.once('beforeExit', leftIdle);
    const over = (act) => (value) => {
      isSettled = true;
      process.removeListener('beforeExit', leftIdle);
      act(value);
    };
    const answer = handler(event, context, settle);
    if (typeof answer?.then === 'function') answer.then(over(resolve), over(reject));
    else if (answer !== undefined && handler.length < 3 && !isSettled) over(resolve)(answer);
  });
}

function serialized(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch (error) {
    throw Object.assign(new Error(`Unable to stringify response body as json: ${error.message}`), { name: 'Runtime.MarshalError' });
  }
}

async function invoke(handler, headers, body) {
  const id = headers['lambda-runtime-aws-request-id'];
  try {
    const event = JSON.parse(body);
    if (handler[streaming.IS_STREAMED]) {
      await streaming.answer(api, id, handler, event, makeContext(headers, () => {}));
      return;
    }
    const text = serialized(await call(handler, event, headers));
    api.ref();
    const status = await api.post(`/invocation/${id}/response`, text, {});
    if (status === 413) logs.write('ERROR', 'LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.');
  } catch (error) {
    logs.write('ERROR', 'Invoke Error', logged(error));
    api.ref();
    await api.post(`/invocation/${id}/error`, errorDocument(error), { 'Lambda-Runtime-Function-Error-Type': errorType(error) });
  }
}

async function main() {
  logs.install();
  streaming.install();
  const { load } = require('./load.js');
  const handler = await load(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
  for (;;) {
    api.ref();
    const { headers, body } = await api.next();
    requestId = headers['lambda-runtime-aws-request-id'];
    logs.setRequest(requestId, headers['lambda-runtime-aws-tenant-id']);
    if (headers['lambda-runtime-trace-id']) process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    else delete process.env._X_AMZN_TRACE_ID;
    // while the function runs, only what it does itself keeps the process going
    api.unref();
    await invoke(handler, headers, body);
  }
}

main().catch((error) => endWith(error, UNCAUGHT_EXIT));
