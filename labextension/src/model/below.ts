/** Modes of CodeMirror for what stands below a `%%lambda` line. Knows neither notebooks nor cells. */
import type { StreamParser } from '@codemirror/language';

interface Below<T> {
  body: T;
  /** Whether the magic's line is behind. */
  isBelow: boolean;
}

/** `mode` from the line after the magic on: that line, and comments above it, would confuse it. */
export function belowMagic<T>(mode: StreamParser<T>): StreamParser<Below<T>> {
  return {
    ...mode,
    startState: indent => ({ body: mode.startState?.(indent) ?? (true as T), isBelow: false }),
    copyState: ({ body, isBelow }) => ({
      body: mode.copyState ? mode.copyState(body) : copied(body),
      isBelow
    }),
    token(stream, state) {
      if (state.isBelow) {
        return mode.token(stream, state.body);
      }
      state.isBelow = stream.match(/^\s*%%/, false) !== null;
      const isComment = stream.match(/^\s*#/, false) !== null;
      stream.skipToEnd();
      return isComment ? 'comment' : 'meta';
    },
    blankLine: (state, indent) => {
      if (state.isBelow) {
        mode.blankLine?.(state.body, indent);
      }
    },
    indent: (state, after, context) =>
      state.isBelow && mode.indent ? mode.indent(state.body, after, context) : null
  };
}

/** A copy as CodeMirror makes it for modes that do not say how. */
function copied<T>(state: T): T {
  if (typeof state !== 'object' || state === null) {
    return state;
  }
  const entries = Object.entries(state).map(([name, it]) => [
    name,
    Array.isArray(it) ? it.slice() : it
  ]);
  return Object.fromEntries(entries) as T;
}
