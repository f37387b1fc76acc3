/** What every part of the panel has at hand. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Link } from '../link';
import { EMPTY } from '../model/board';
import type { Board } from '../protocol';
import type { Settings } from '../settings';

/** What is done outside of the panel. */
export interface Actions {
  configure(name: string): void;
  copy(text: string): void;
  goToCell(name: string): void;
  hasCell(name: string): boolean;
  newNotebook(): void;
  open(url: string): void;
  remove(name: string): Promise<boolean>;
}

/** What stays the same while the board changes: parts that need nothing else are not drawn anew. */
export interface Scene {
  actions: Actions;
  go(place: Place): void;
  link: Link;
  settings: Settings;
  trans: TranslationBundle;
}

/** What the panel shows. */
export type Place =
  | { page: 'functions' }
  | { page: 'function'; name: string }
  | { page: 'invocation'; requestId: string; from: Place };

const SceneContext = React.createContext<Scene | null>(null);
const BoardContext = React.createContext<Board>(EMPTY);
export const SceneProvider = SceneContext.Provider;
export const BoardProvider = BoardContext.Provider;

export function useBoard(): Board {
  return React.useContext(BoardContext);
}

export function useScene(): Scene {
  const scene = React.useContext(SceneContext);
  if (!scene) {
    throw new Error('outside of the panel');
  }
  return scene;
}

export interface Asked<T> {
  value: T | null;
  refusal: string | null;
}

/**
 * The kernel's answer to a request, asked for again when one of `about` is another; the one before is shown until then.
 *
 * One request is under way at a time, and `pauseMs` after it none.
 */
export function useAnswer<T>(
  act: string,
  argument: string,
  value: string,
  about: unknown[],
  pauseMs = 0
): Asked<T> {
  const { link } = useScene();
  const [asked, setAsked] = React.useState<Asked<T>>({ value: null, refusal: null });
  const state = React.useRef({ isAsking: false, isStale: false, isGone: false });
  const ask = React.useCallback(() => {
    const now = state.current;
    now.isStale = now.isAsking;
    if (now.isAsking) {
      return;
    }
    now.isAsking = true;
    const over = () => {
      now.isAsking = false;
      if (now.isStale && !now.isGone) {
        ask();
      }
    };
    link
      .ask<T>(act, { [argument]: value })
      .then(
        found => !now.isGone && setAsked({ value: found, refusal: null }),
        error => !now.isGone && setAsked({ value: null, refusal: String(error.message) })
      )
      .finally(() => window.setTimeout(over, pauseMs));
  }, [link, act, argument, value, pauseMs]);
  React.useEffect(() => {
    state.current.isGone = false;
    return () => {
      state.current.isGone = true;
    };
  }, []);
  React.useEffect(ask, [ask, ...about]);
  return asked;
}

/** The time in seconds, anew every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = React.useState(() => Date.now() / 1_000);
  React.useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now() / 1_000), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}
