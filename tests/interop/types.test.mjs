/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The judge itself: what the real service sent passes, what is wrong in one
 * place does not.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { createJudge } from './judge.mjs';
import { judgeLog, Report } from './validate.mjs';

const CAPTURE = new URL('../check/session/data/real-capture.jsonl',
  import.meta.url);
const judge = await createJudge();

function captured () {
  return readFileSync(CAPTURE, 'utf8').split('\n').filter(Boolean)
    .map((line) => JSON.parse(line));
}

test('types: events of the real service pass', () => {
  const events = captured();
  assert.ok(events.length > 10);
  for (const event of events)
    assert.deepEqual(judge('realtime', 'server', event), [], event.type);
});

test('types: an unknown field anywhere is refused', () => {
  for (const event of captured()) {
    const spoil = (object) => judge('realtime', 'server', object).join();
    assert.match(spoil({ ...event, extra: 1 }), /unknown field extra/,
      event.type);
    for (const name of ['item', 'part', 'session', 'response'])
      if (event[name])
        assert.match(spoil({ ...event, [name]: { ...event[name], extra: 1 } }),
          new RegExp(`${name}: unknown field extra`), event.type);
  }
});

test('types: a field that the wire always has is missed', () => {
  for (const event of captured())
    for (const name of Object.keys(event)) {
      const { [name]: _, ...rest } = event;
      /* Of what is no constant of all sightings nothing is known. */
      const free = ['delta', 'obfuscation'].includes(name);
      if (!free)
        assert.notDeepEqual(judge('realtime', 'server', rest), [],
          `${event.type} without ${name}`);
    }
});

/* [session, event, what is said about it] */
const WRONG = [
  ['realtime', { type: 'session.update', session: {
    type: 'realtime', turn_detection: null } },
  ['session: unknown field turn_detection']],
  ['realtime', { type: 'session.update', session: { audio: {} } },
    ["session: must have required property 'type'"]],
  ['realtime', { type: 'response.create', response: {
    output_modalities: ['video'] } },
  ['response.output_modalities[]: must be one of ["text","audio"]']],
  ['realtime', { type: 'response.create', response: { modalities: ['text'] } },
    ['response: unknown field modalities']],
  ['realtime', { type: 'conversation.item.create', item: {
    type: 'function_call_output', call_id: 'c'.repeat(33), output: 'x' } },
  ['item.call_id: must NOT have more than 32 characters']],
  ['realtime', { type: 'conversation.item.create', item: {
    type: 'function_call_output', call_id: 'c', output: {} } },
  ['item.output: must be string']],
  ['realtime', { type: 'conversation.item.truncate', item_id: 'i',
    content_index: 0, audio_end_ms: 1.5 },
  ['audio_end_ms: must be integer']],
  ['realtime', { type: 'conversation.item.create', item: {
    type: 'message', role: 'user', content: [{ type: 'text', text: 'x' }] } },
  ['item.content[].type: must be one of ' +
    '["input_text","input_audio","input_image"]']],
  ['realtime', { type: 'session.close' },
    ['no such event from the client in a realtime session']],
  ['translation', { type: 'session.update', session: { type: 'translation' } },
    ['session: unknown field type']],
  ['translation', { type: 'input_audio_buffer.append', audio: 'AAAA' },
    ['no such event from the client in a translation session']],
];

test('types: each wrong event is called by its fault, and only that', () => {
  for (const [session, event, expected] of WRONG)
    assert.deepEqual(judge(session, 'client', event), expected);
});

test('types: audio that is no base64 is refused', () => {
  for (const audio of ['AAA', 'AA=A', 'A-A=', 'AAAA\n', '===='])
    assert.equal(judge('realtime', 'client',
      { type: 'input_audio_buffer.append', audio }).length, 1, audio);
  assert.deepEqual(judge('realtime', 'client',
    { type: 'input_audio_buffer.append', audio: 'AAA=' }), []);
});

test('types: a log is judged by the session of its connection', () => {
  const report = new Report();
  const created = { type: 'session.created', session: { type: 'translation' } };
  const append = { type: 'session.input_audio_buffer.append', audio: 'AAAA' };
  const update = { type: 'session.update', session: { audio: {} } };
  const typed = { type: 'session.update', session: { type: 'realtime' } };
  const lines = [
    [1, 'scripted', created], [1, 'client', update], [1, 'client', append],
    [2, 'client', append],
    [3, 'scripted', created], [3, 'client', typed], [3, 'client', append],
    [4, 'server', { ...created, session: { type: 'realtime' } }],
    [4, 'client', update],
  ].map(([connection, dir, event]) =>
    JSON.stringify({ connection, dir, event }));
  judgeLog(judge, report, 'log', [...lines, '{"dir":"client",', ''].join('\n'),
    'client');
  assert.deepEqual(report.judged, { client: 7, server: 0 });
  assert.deepEqual([...report.violations].map(
    ([text, { count, place }]) => [text.split(':')[0], count, place]), [
    ['client session.input_audio_buffer.append', 2, 'log:4'],
    ['client session.update', 1, 'log:9'],
    ['client (not an event)', 1, 'log:10'],
  ]);
});
