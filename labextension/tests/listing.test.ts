import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BY_NAME, listed } from '../src/model/listing';
import type { FunctionRow } from '../src/protocol';

const FUNCTIONS = [
  { name: 'resize', runtime: 'python3.13', state: 'Active', invocations: 5, errors: 0 },
  { name: 'hello', runtime: 'nodejs22.x', state: 'Active', invocations: 5, errors: 2 },
  { name: 'audit', runtime: 'python3.13', state: 'Failed', invocations: 9, errors: 1 }
] as FunctionRow[];
const names = (listing: Partial<typeof BY_NAME>) =>
  listed(FUNCTIONS, { ...BY_NAME, ...listing }).map(it => it.name);

test('every word of the search is in the name, the runtime or the state', () => {
  assert.deepEqual(names({ search: 'PYTHON failed' }), ['audit']);
  assert.deepEqual(names({ search: ' e ' }), ['audit', 'hello', 'resize']);
  assert.deepEqual(names({ search: 'java' }), []);
});

test('equal ones are in the order of their names, whichever way', () => {
  assert.deepEqual(names({ order: 'invocations' }), ['hello', 'resize', 'audit']);
  assert.deepEqual(names({ order: 'invocations', isDescending: true }), [
    'audit',
    'hello',
    'resize'
  ]);
  assert.deepEqual(names({ order: 'name', isDescending: true }), ['resize', 'hello', 'audit']);
});

test('what is listed is not changed', () => {
  names({ order: 'errors' });
  assert.deepEqual(
    FUNCTIONS.map(it => it.name),
    ['resize', 'hello', 'audit']
  );
});
