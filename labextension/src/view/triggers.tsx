/** What starts a function, each with a switch. */
import * as React from 'react';

import type { Trigger } from '../protocol';
import { useScene } from './context';
import { Refusal, Section } from './parts';

export function Triggers(props: { triggers: Trigger[]; onChange: () => void }): React.ReactElement {
  const { link, trans } = useScene();
  const [refusal, setRefusal] = React.useState<string | null>(null);
  const change = (it: Trigger, enabled: boolean) => {
    link
      .ask('switch', { reference: it.reference, id: it.id, enabled })
      .then(
        () => setRefusal(null),
        error => setRefusal(String(error.message))
      )
      .finally(props.onChange);
  };
  return (
    <Section title={trans.__('Triggers')}>
      {props.triggers.length === 0 && (
        <p className="jlm-muted">{trans.__('none: Configure adds them')}</p>
      )}
      <ul className="jlm-triggers">
        {props.triggers.map(it => {
          const isOn = it.state === 'Enabled' || it.state === 'Enabling';
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
      <Refusal text={refusal} />
    </Section>
  );
}
