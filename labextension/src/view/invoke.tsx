/** Choose or write an event, and invoke a function with it. */
import * as React from 'react';

import type { EventChoices } from '../protocol';
import { useAnswer, useScene } from './context';
import { ActionButton, Refusal, Section } from './parts';

export function Invoke({ name }: { name: string }): React.ReactElement {
  const { go, link, trans } = useScene();
  const [event, setEvent] = React.useState('{}');
  const [refusal, setRefusal] = React.useState<string | null>(null);
  const [isRunning, setIsRunning] = React.useState(false);
  const [saved, setSaved] = React.useState('');
  const [saves, setSaves] = React.useState(0);
  const { value } = useAnswer<EventChoices>('events', 'name', name, [saves]);
  const save = () => {
    link.ask('save-event', { name, event_name: saved, event }).then(
      () => {
        setRefusal(null);
        setSaves(saves + 1);
      },
      error => setRefusal(String(error.message))
    );
  };
  const choose = (chosen: string) => {
    const [kind, of] = [chosen.slice(0, 1), chosen.slice(1)];
    const known = value?.saved.find(it => it.name === of);
    if (kind === 's' && known) {
      setEvent(known.text);
    } else if (kind === 'x') {
      link.ask<string>('sample', { name: of }).then(setEvent, error => setRefusal(error.message));
    }
  };
  const invoke = async () => {
    setIsRunning(true);
    setRefusal(null);
    try {
      const requestId = await link.ask<string>('invoke', { name, event });
      go({ page: 'invocation', requestId, from: { page: 'function', name } });
    } catch (error) {
      setRefusal((error as Error).message);
      setIsRunning(false);
    }
  };
  return (
    <Section title={trans.__('Invoke')}>
      <div className="jlm-invoke">
        <select
          className="jlm-field"
          aria-label={trans.__('Test event')}
          defaultValue=""
          onChange={it => choose(it.target.value)}
        >
          <option value="">{trans.__('Event as written below')}</option>
          {value && value.saved.length > 0 && (
            <optgroup label={trans.__('Saved')}>
              {value.saved.map(it => (
                <option key={it.name} value={`s${it.name}`}>
                  {it.name}
                </option>
              ))}
            </optgroup>
          )}
          <optgroup label={trans.__('Samples')}>
            {value?.samples.map(it => (
              <option key={it} value={`x${it}`}>
                {it}
              </option>
            ))}
          </optgroup>
        </select>
        <textarea
          aria-label={trans.__('Event, as JSON')}
          rows={Math.min(10, event.split('\n').length + 1)}
          spellCheck={false}
          value={event}
          onChange={it => setEvent(it.target.value)}
        />
        <ActionButton
          label={isRunning ? trans.__('Running …') : trans.__('Invoke')}
          isPrimary
          disabled={isRunning}
          onClick={() => void invoke()}
        />
        <div className="jlm-search">
          <input
            className="jlm-field"
            placeholder={trans.__('Name of the event')}
            aria-label={trans.__('Name of the event')}
            value={saved}
            onChange={it => setSaved(it.target.value)}
          />
          <ActionButton label={trans.__('Save Event')} disabled={saved === ''} onClick={save} />
        </div>
        <Refusal text={refusal} />
      </div>
    </Section>
  );
}
