import assert from 'node:assert/strict';
import { test } from 'node:test';

import { magicOf } from '../src/model/magic';

test('the name is the first word that is no option and no value of one', () => {
  for (const line of [
    '%%lambda hello',
    '%%lambda --memory 256 hello',
    '%%lambda -q hello -t 3',
    '%%lambda --env=A=1 hello'
  ]) {
    assert.equal(magicOf(`${line}\nbody`)?.name, 'hello', line);
  }
  assert.equal(magicOf('%%lambda --trigger "rate(5 minutes)" hello')?.name, 'hello');
});

test('a cell without the magic, or without a name, is none', () => {
  for (const source of ['', 'x = 1', '%lambda list', '%%lambda', '%%lambdas f', 'x\n%%lambda f']) {
    assert.equal(magicOf(source), null, source);
  }
});

test('comments and empty lines may stand above', () => {
  assert.equal(magicOf('# a\n\n%%lambda hello')?.line, 2);
});

test('the language follows from the runtime', () => {
  const type = (runtime: string) => magicOf(`%%lambda f --runtime ${runtime}`)?.mimeType;
  assert.equal(magicOf('%%lambda f')?.mimeType, 'text/x-ipython');
  assert.equal(type('java21'), 'text/x-java');
  assert.equal(type('javascript'), 'text/javascript');
  assert.equal(type('nodejs22.x'), 'text/javascript');
  assert.equal(type('go'), 'text/x-lambda-go');
  assert.equal(type('ruby3.4'), 'text/x-lambda-ruby');
  assert.equal(type('csharp'), 'text/x-lambda-csharp');
  assert.equal(type('bash'), 'text/x-lambda-sh');
  assert.equal(type('cobol'), 'text/plain');
});
