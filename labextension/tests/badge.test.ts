import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cellState, failedLine } from '../src/model/badge';
import { EMPTY } from '../src/model/board';
import type { Board, FunctionRow } from '../src/protocol';

const board = (text: string, is_current = true): Board => ({
  ...EMPTY,
  functions: { f: { name: 'f' } as FunctionRow },
  cells: { f: { id: 'x', text, is_current } }
});

test('a cell is compared with what was deployed', () => {
  assert.equal(cellState(EMPTY, 'f', 'a', null), 'new');
  assert.equal(cellState(board('a'), 'f', 'a', null), 'deployed');
  assert.equal(cellState(board('a'), 'f', 'b', null), 'edited');
  assert.equal(cellState(board('a', false), 'f', 'a', null), 'replaced');
  assert.equal(cellState({ ...board('a'), cells: {} }, 'f', 'a', null), 'replaced');
  assert.equal(cellState(board('a'), 'f', 'a', 'SyntaxError'), 'failed');
});

test('the line is found in what Python and compilers say', () => {
  assert.equal(failedLine("Cell In[2], line 3: '(' was never closed"), 3);
  assert.equal(failedLine('task/main.go:7:2: undefined: x'), 7);
  assert.equal(failedLine('lambda_function.rb:12: syntax error'), 12);
  assert.equal(failedLine('Function.cs(4,13): error CS1002'), 4);
  assert.equal(failedLine('memory is 1, it must be 128 to 10240'), null);
});
