/** How `%%lambda` cells look in the editor: the magic's line, and the line that an error names. */
import { type Extension, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate
} from '@codemirror/view';

import { magicOf } from '../model/magic';

const MAGIC = Decoration.line({ class: 'jlm-magic-line' });
const FAILED = Decoration.line({
  class: 'jlm-failed-line',
  attributes: { 'aria-invalid': 'true', title: 'The deployment failed here' }
});
/** Comments and empty lines above the magic are not looked at further than this, in characters. */
const HEAD = 2_000;

const magicLine = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;

    constructor(view: EditorView) {
      this.decorations = marked(view);
    }

    update(update: ViewUpdate): void {
      if (update.docChanged) {
        this.decorations = marked(update.view);
      }
    }
  },
  { decorations: plugin => plugin.decorations }
);

function marked(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const found = magicOf(view.state.doc.sliceString(0, HEAD));
  if (found) {
    const { from } = view.state.doc.line(found.line + 1);
    builder.add(from, from, MAGIC);
  }
  return builder.finish();
}

/** Mark this line, from 1, as the one that failed; null marks none. */
const setFailed = StateEffect.define<number | null>();

const failedLine = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let after = transaction.docChanged ? Decoration.none : marks;
    for (const effect of transaction.effects) {
      if (effect.is(setFailed)) {
        const { doc } = transaction.state;
        const number = effect.value;
        after =
          number === null || number < 1 || number > doc.lines
            ? Decoration.none
            : Decoration.set(FAILED.range(doc.line(number).from));
      }
    }
    return after;
  },
  provide: field => EditorView.decorations.from(field)
});

export const lambdaMarks: Extension = [magicLine, failedLine];

/** Mark the line of an editor that an error names. */
export function markFailed(view: EditorView, line: number | null): void {
  view.dispatch({ effects: setFailed.of(line) });
}
