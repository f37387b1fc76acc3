import assert from 'node:assert/strict';
import { test } from 'node:test';

import { changed, EMPTY } from '../src/model/board';
import type { Board, Changes, FunctionRow } from '../src/protocol';

const row = (name: string): FunctionRow => ({ name }) as FunctionRow;

function after(board: Board, changes: Partial<Changes>): Board {
  return changed(board, { type: 'changes', set: {}, gone: {}, ...changes });
}

test('documents come, change and go by collection and key', () => {
  const one = after(EMPTY, { set: { functions: { a: row('a'), b: row('b') } } });
  assert.deepEqual(Object.keys(one.functions), ['a', 'b']);
  const two = after(one, { set: { functions: { c: row('c') } }, gone: { functions: ['a'] } });
  assert.deepEqual(Object.keys(two.functions), ['b', 'c']);
});

test('what did not change stays the same object, and the board before is not touched', () => {
  const one = after(EMPTY, { set: { functions: { a: row('a') } } });
  const two = after(one, { set: { cells: { a: {} } } });
  assert.equal(two.functions, one.functions);
  assert.deepEqual(EMPTY.functions, {});
});
