/** Execution environments as lanes that move with the time. */
import * as React from 'react';

import { type Lane, lanes } from '../model/lanes';
import type { Phase } from '../protocol';
import { useBoard, useNow, useScene } from './context';

/** What the lanes span, in seconds. */
const SPAN_S = 60;
/** More than these are counted, not drawn. */
const DRAWN = 40;
const SIGNS: { [phase in Phase]: string } = { starting: '◔', busy: '●', idle: '○', frozen: '❄' };

export function Lanes({ name }: { name?: string }): React.ReactElement | null {
  const board = useBoard();
  const { settings, trans } = useScene();
  const now = useNow(settings.refreshMs);
  const found = lanes(board, now, SPAN_S, it => name === undefined || it === name);
  if (found.length === 0) {
    return null;
  }
  return (
    <section className="jlm-section" aria-label={trans.__('Environments')}>
      <h3>
        {trans.__('Environments')} <small>{trans.__('the last %1 s', SPAN_S)}</small>
      </h3>
      <ul className="jlm-lanes">
        {found.slice(0, DRAWN).map(lane => (
          <LaneRow key={lane.environment.id} lane={lane} isNamed={name === undefined} />
        ))}
      </ul>
      {found.length > DRAWN && (
        <p className="jlm-muted">{trans.__('and %1 more', found.length - DRAWN)}</p>
      )}
    </section>
  );
}

function LaneRow({ lane, isNamed }: { lane: Lane; isNamed: boolean }): React.ReactElement {
  const { trans } = useScene();
  const words: { [phase in Phase]: string } = {
    starting: trans.__('starting'),
    busy: trans.__('busy'),
    idle: trans.__('idle'),
    frozen: trans.__('frozen')
  };
  const { environment } = lane;
  return (
    <li className={`jlm-lane jlm-${environment.phase}`}>
      <span className="jlm-lane-name" title={environment.id}>
        {isNamed ? environment.function : environment.id.slice(0, 8)}
      </span>
      <svg
        className="jlm-lane-bars"
        viewBox="0 0 1000 10"
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {lane.bars.map(bar => (
          <rect
            key={`${bar.from} ${bar.status}`}
            className={`jlm-bar jlm-${bar.status}`}
            x={bar.from * 1_000}
            y={bar.status === 'init' ? 3 : 0}
            width={Math.max(12, (bar.to - bar.from) * 1_000)}
            height={bar.status === 'init' ? 4 : 10}
          >
            <title>{bar.title}</title>
          </rect>
        ))}
      </svg>
      <span className="jlm-phase">
        {SIGNS[environment.phase]} {words[environment.phase]}
      </span>
    </li>
  );
}
