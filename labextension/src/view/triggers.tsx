/** What starts a function, each with a switch. */
import * as React from 'react';

import type { FunctionRow, Trigger } from '../protocol';
import { useAnswer, useScene } from './context';
import { Refusal, Section } from './parts';

/** Services are asked for what starts a function: not more often than this, in ms. */
const PAUSE_MS = 2_000;

interface Switched {
  since: Trigger[] | null;
  isOn: { [id: string]: boolean };
}

export function Triggers({ row }: { row: FunctionRow }): React.ReactElement {
  const { link, trans } = useScene();
  const [refusal, setRefusal] = React.useState<string | null>(null);
  const { value, refusal: unknown } = useAnswer<Trigger[]>(
    'triggers',
    'name',
    row.name,
    [row],
    PAUSE_MS
  );
  // what was switched counts until the services have been asked again
  const [switched, setSwitched] = React.useState<Switched>({ since: null, isOn: {} });
  const isOnNow = switched.since === value ? switched.isOn : {};
  const change = (it: Trigger, enabled: boolean) => {
    const become = (isOn: boolean) =>
      setSwitched(before => ({ since: value, isOn: { ...before.isOn, [it.id]: isOn } }));
    become(enabled);
    link.ask('switch', { reference: it.reference, id: it.id, enabled }).then(
      () => setRefusal(null),
      error => {
        become(!enabled);
        setRefusal(String(error.message));
      }
    );
  };
  return (
    <Section title={trans.__('Triggers')}>
      {value === null && unknown === null && <p className="jlm-muted">{trans.__('looking …')}</p>}
      {value?.length === 0 && <p className="jlm-muted">{trans.__('none: Configure adds them')}</p>}
      <ul className="jlm-triggers">
        {value?.map(it => {
          const isOn = isOnNow[it.id] ?? (it.state === 'Enabled' || it.state === 'Enabling');
          return (
            <li key={it.id}>
              <button
                type="button"
                role="switch"
                aria-checked={isOn}
                aria-label={it.trigger}
                className="jlm-switch"
                onClick={() => change(it, !isOn)}
              >
                <span aria-hidden="true">{isOn ? trans.__('on') : trans.__('off')}</span>
              </button>
              <code>{it.trigger}</code>
              {it.state !== 'Enabled' && it.state !== 'Disabled' && <small>{it.state}</small>}
            </li>
          );
        })}
      </ul>
      <Refusal text={refusal ?? unknown} />
    </Section>
  );
}
