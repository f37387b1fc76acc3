/** A new notebook with the first steps. */
import type { Contents } from '@jupyterlab/services';

const CELLS: ['code' | 'markdown', string][] = [
  [
    'markdown',
    '# A first Lambda function\nRun the cells one after the other; the panel with the λ shows what happens.'
  ],
  ['code', '%load_ext jlambda'],
  [
    'code',
    '%%lambda hello --memory 256\ndef handler(event, context):\n    print("called with", event)\n    return {"hello": event.get("name", "world")}'
  ],
  ['code', 'hello({"name": "Ada"})'],
  ['markdown', 'Have it started by something: every file that comes into a bucket.'],
  ['code', '%lambda trigger add hello "s3://uploads/*.csv"'],
  [
    'code',
    'import jlambda\n\njlambda.client("s3").put_object(Bucket="uploads", Key="people.csv", Body=b"name\\nAda\\n")\njlambda.wait("1 minute")\nhello.invocations()[["started_at", "trigger", "status", "duration_ms", "cost_usd"]]'
  ]
];

/** Write the notebook into a folder, and give its path. */
export async function newQuickstart(contents: Contents.IManager, folder: string): Promise<string> {
  const made = await contents.newUntitled({ path: folder, type: 'notebook' });
  await contents.save(made.path, {
    type: 'notebook',
    format: 'json',
    content: {
      cells: CELLS.map(([kind, source], number) => ({
        id: `step-${number}`,
        cell_type: kind,
        metadata: {},
        source,
        ...(kind === 'code' ? { execution_count: null, outputs: [] } : {})
      })),
      metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
      nbformat: 4,
      nbformat_minor: 5
    }
  });
  return made.path;
}
