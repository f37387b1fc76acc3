/** Figures for people. Pure: `now` is an argument. */

/** `0.42 ms`, `12 ms`, `1.3 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 10) {
    return `${ms.toFixed(2)} ms`;
  }
  if (ms < 1_000) {
    return `${Math.round(ms)} ms`;
  }
  if (ms < 60_000) {
    return `${(ms / 1_000).toFixed(1)} s`;
  }
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** US dollars with three digits that say something: `$0`, `$0.0000021`, `$1.25`. */
export function money(usd: number): string {
  if (usd === 0) {
    return '$0';
  }
  if (usd >= 0.1) {
    return `$${usd.toFixed(2)}`;
  }
  const digits = Math.min(12, 1 - Math.floor(Math.log10(usd)));
  return `$${usd.toFixed(digits)}`;
}

/** `312 B`, `1.2 KB`, `3.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000) {
    return `${bytes} B`;
  }
  return bytes < 1_000_000
    ? `${(bytes / 1_000).toFixed(1)} KB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** The local time of day, to the second. */
export function clock(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleTimeString(undefined, { hour12: false });
}

/** How long ago, in the largest unit: `now`, `12s`, `5m`, `3h`, `2d`. */
export function ago(seconds: number, now: number): string {
  const past = Math.max(0, now - seconds);
  if (past < 1) {
    return 'now';
  }
  const units: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'm'],
    [1, 's']
  ];
  const [length, unit] = units.find(([it]) => past >= it) ?? [1, 's'];
  return `${Math.floor(past / length)}${unit}`;
}
