// From a handler string to a function, with AWS's account of what went wrong on the way.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { pathToFileURL } = require('node:url');

const HANDLER = /^([^.]*)\.(.+)$/;
const EXTENSIONS = ['', '.js', '.mjs', '.cjs', ...(process.features.typescript ? ['.ts', '.mts', '.cts'] : [])];

class LoadError extends Error {
  constructor(name, message, stack) {
    super(message);
    this.name = `Runtime.${name}`;
    if (stack !== undefined) this.stack = stack;
    else this.stack = `${this.name}: ${message}\n${(this.stack ?? '').split('\n').slice(1).join('\n')}`;
  }
}

/** Whether a .js or .ts file is an ES module by the nearest package.json; undefined if that does not say. */
function isModuleByPackage(folder, root) {
  for (let at = folder; at.startsWith(root); at = path.dirname(at)) {
    const file = path.join(at, 'package.json');
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
    if (at === root) break;
  }
  return false;
}

function fileOf(root, module) {
  for (const extension of EXTENSIONS) {
    const file = path.resolve(root, module + extension);
    if (fs.existsSync(file) && fs.statSync(file).isFile()) return file;
  }
  return undefined;
}

async function loadModule(root, module) {
  const file = fileOf(root, module);
  // as a function's own code has it: from /var/task/node_modules, and what NODE_PATH has
  const require = createRequire(path.join(root, 'index.js'));
  if (file === undefined) return require(fs.existsSync(path.resolve(root, module)) ? path.resolve(root, module) : module);
  const isModule = /\.m[jt]s$/.test(file) || (/\.[jt]s$/.test(file) && isModuleByPackage(path.dirname(file), root));
  if (isModule) return import(pathToFileURL(file));
  try {
    return require(file);
  } catch (error) {
    // Node.js of its own accord takes a file with the syntax of a module for one, from version 22 on
    if (error.code === 'ERR_REQUIRE_ESM' || error.code === 'ERR_REQUIRE_ASYNC_MODULE') return import(pathToFileURL(file));
    throw error;
  }
}

/** The function that `handler` names, below the folder `root`. */
async function load(root, handler) {
  if (handler.includes('..')) {
    throw new LoadError(
      'MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const parts = HANDLER.exec(path.basename(handler));
  if (!parts) throw new LoadError('MalformedHandlerName', 'Bad handler');
  const [, name, member] = parts;
  let module;
  try {
    module = await loadModule(root, path.join(path.dirname(handler), name));
  } catch (error) {
    if (error instanceof SyntaxError) throw new LoadError('UserCodeSyntaxError', `${error}`, error.stack);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      const message = `${error}`.replace(/Cannot find module '\.\/([^']*)'/, "Cannot find module '$1'");
      throw new LoadError('ImportModuleError', message, error.stack);
    }
    throw error;
  }
  const find = (from) => member.split('.').reduce((value, key) => value?.[key], from);
  const found = find(module) ?? find(module?.default);
  if (found === undefined || found === null) throw new LoadError('HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function') throw new LoadError('HandlerNotFound', `${handler} is not a function`);
  return found;
}

module.exports = { load };
