import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamLanguage, type StreamParser } from '@codemirror/language';
import { csharp } from '@codemirror/legacy-modes/mode/clike';
import { go } from '@codemirror/legacy-modes/mode/go';
import { ruby } from '@codemirror/legacy-modes/mode/ruby';
import { shell } from '@codemirror/legacy-modes/mode/shell';

import { belowMagic } from '../src/model/below';

/** Kinds and texts of what a mode finds. */
function tokens(mode: StreamParser<unknown>, source: string): [string, string][] {
  const found: [string, string][] = [];
  StreamLanguage.define(mode)
    .parser.parse(source)
    .iterate({
      enter: node => {
        if (!node.type.isTop) {
          found.push([node.name, source.slice(node.from, node.to)]);
        }
      }
    });
  return found;
}

const BODIES: [string, StreamParser<unknown>, string][] = [
  ['ruby', ruby, 'def handler(event:, context:)\n\n  "a #{event}" # said\nend'],
  ['go', go, 'package main\n\nfunc main() { s := `a\nb`; print(s) }'],
  ['csharp', csharp as StreamParser<unknown>, 'class A {\n  /* a\n b */ string s = "x";\n}'],
  ['shell', shell, "f() {\n  cat <<'END'\nit's\nEND\n}"]
];

for (const [name, mode, body] of BODIES) {
  test(`${name} below the magic is read as it is alone, whatever the magic's line has`, () => {
    const alone = tokens(mode, body);
    assert.notEqual(alone.length, 0);
    for (const head of ['%%lambda it\'s --description "/* `\n', '# about\n\n  %%lambda f\n']) {
      const found = tokens(belowMagic(mode), head + body);
      const above = head.split('\n').filter(it => it.trim()).length;
      assert.deepEqual(found.slice(above), alone);
    }
  });
}
