// How an error reads: as the document that the caller gets, and as what goes to the log. Both as AWS's runtime writes them.
'use strict';

const isError = (error) => error instanceof Error || (error && error.name && error.message && error.stack);

/** A control character of an error's name would break the header that carries it. */
const clean = (text) => String(text).replace(/\x7F/g, '%7F');

function errorType(error) {
  return isError(error) ? clean(error.name) : typeof error;
}

/** The error document, as text. */
function errorDocument(error) {
  if (!isError(error)) return JSON.stringify({ errorType: typeof error, errorMessage: String(error), trace: [] });
  const trace = clean(error.stack ?? '').split('\n');
  return JSON.stringify({ errorType: clean(error.name), errorMessage: clean(error.message), trace });
}

/** What the log shows of an error: its own members too, and the stack as a list. */
function logged(error) {
  if (!isError(error)) return { errorType: typeof error, errorMessage: String(error), stack: [] };
  const members = {};
  for (const name of Object.keys(error)) {
    const value = error[name];
    members[name] = isError(value) ? logged(value) : value;
  }
  delete members.name;
  return { errorType: error.name, errorMessage: error.message, ...members, stack: (error.stack ?? '').split('\n') };
}

module.exports = { errorDocument, errorType, isError, logged };
