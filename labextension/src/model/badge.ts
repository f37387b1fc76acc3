/** How a `%%lambda` cell stands to the function that it names. */
import type { Board } from '../protocol';

/**
 * - `new`: not deployed yet
 * - `deployed`: the function is what the cell says
 * - `edited`: the cell was edited since
 * - `replaced`: the function was deployed from elsewhere since
 * - `failed`: the cell's last run failed, with an error
 */
export type CellState = 'new' | 'deployed' | 'edited' | 'replaced' | 'failed';

/** The state of the cell with `text` that names `name`; `error` is what its last run ended with. */
export function cellState(
  board: Board,
  name: string,
  text: string,
  error: string | null
): CellState {
  if (error !== null) {
    return 'failed';
  }
  if (!(name in board.functions)) {
    return 'new';
  }
  const cell = board.cells[name];
  if (!cell?.is_current) {
    return 'replaced';
  }
  return cell.text === text ? 'deployed' : 'edited';
}

/** In messages of Python and of compilers, the number of the cell's line that is meant. */
const LINES = [
  /\bCell In\[\d+\], line (\d+)/,
  /\bline (\d+)/,
  /\b[\w/.-]+\.(?:rb|go|java|cs|js|mjs|py)[:(](\d+)/
];

/** The line, from 1, that an error message names; null where it names none. */
export function failedLine(message: string): number | null {
  for (const pattern of LINES) {
    const found = pattern.exec(message);
    if (found) {
      return Number(found[1]);
    }
  }
  return null;
}
