/** What the panel shows where there are no functions yet: the first three steps. */
import * as React from 'react';
import { useScene } from './context';
import { ActionButton } from './parts';

const CELL = `%%lambda hello
def handler(event, context):
    return f"Hello {event}"`;

export function FirstSteps(): React.ReactElement {
  const { actions, trans } = useScene();
  const steps: [string, string][] = [
    [trans.__('Deploy: run a cell that begins with %1 and a name.', '%%lambda'), CELL],
    [trans.__('Invoke: call it like any function.'), 'hello("Ada")'],
    [
      trans.__('Start it by events: it appears here with what it does.'),
      '%lambda trigger add hello "rate(1 minute)"'
    ]
  ];
  return (
    <div className="jlm-page jlm-steps">
      <h2>{trans.__('No functions yet')}</h2>
      <ol>
        {steps.map(([text, code]) => (
          <li key={text}>
            <p>{text}</p>
            <div className="jlm-code">
              <pre>{code}</pre>
              <button
                type="button"
                className="jlm-button"
                aria-label={trans.__('Copy: %1', text)}
                onClick={() => actions.copy(code)}
              >
                {trans.__('Copy')}
              </button>
            </div>
          </li>
        ))}
      </ol>
      <p>
        <ActionButton
          label={trans.__('Open a notebook with these steps')}
          onClick={actions.newNotebook}
        />
      </p>
    </div>
  );
}
