/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The official SDK's translation client (OpenAIRealtimeTranslationWS) has the
 * sandbox interpret.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import OpenAI from 'openai';
import { OpenAIRealtimeTranslationWS } from 'openai/realtime/translations/ws';
import {
  decodedLength, Events, inTime, PATIENCE, RATE, startSandbox, toBase64,
  voicePieces,
} from './support.mjs';

const TURNS = [
  { hear: 'Front center.', translate: { text: 'Au milieu, devant.' } },
];

async function connect (t) {
  const sandbox = await startSandbox(t, { turns: TURNS, tls: true });
  const client = new OpenAI({
    apiKey: 'sk-none',
    baseURL: `https://127.0.0.1:${sandbox.port}/v1`,
  });
  const realtime = await OpenAIRealtimeTranslationWS.create(client, {
    model: 'gpt-realtime-translate',
    options: { ca: sandbox.certificate },
  });
  t.after(() => realtime.socket.platformSocket.terminate());
  const events = new Events();
  const faults = [];
  realtime.on('event', events.put);
  realtime.on('error', (error) => faults.push(error));
  await events.next('session.created');
  return { sandbox, realtime, events, faults };
}

function configure ({ realtime }, audio) {
  realtime.send({ type: 'session.update', session: { audio } });
}

/* What the client passes on as events of their kind: those that it takes for
 * complete. */
function count (realtime, type) {
  const counter = { value: 0 };
  realtime.on(type, () => { counter.value++; });
  return counter;
}

test('translation: heard, spoken and written, to the last word', async (t) => {
  const call = await connect(t);
  const { sandbox, realtime, events, faults } = call;
  configure(call, {
    output: { language: 'fr' },
    input: { transcription: { model: 'gpt-realtime-whisper' } },
  });
  const { session } = await events.next('session.updated');
  assert.equal(session.audio.output.language, 'fr');
  const complete = count(realtime, 'session.output_audio.delta');
  const pieces = voicePieces();
  for (const piece of pieces)
    realtime.send({
      type: 'session.input_audio_buffer.append',
      audio: toBase64(piece),
    });
  await inTime(realtime.finish({ timeoutMs: PATIENCE }), 'session.closed');
  const text = (type) =>
    events.of(type).map(({ delta }) => delta).join('').trim();
  assert.equal(text('session.input_transcript.delta'), 'Front center.');
  assert.equal(text('session.output_transcript.delta'), 'Au milieu, devant.');
  const audio = events.of('session.output_audio.delta');
  assert.equal(complete.value, audio.length);
  const heard = pieces.reduce((sum, { length }) => sum + length, 0);
  const spoken = audio
    .reduce((sum, { delta }) => sum + decodedLength(delta), 0) / 2;
  assert.ok(spoken >= heard - RATE / 5, `${spoken} samples for ${heard}`);
  assert.ok(
    audio.some(({ delta }) => Buffer.from(delta, 'base64').some(Boolean)),
    'there is a voice in it');
  assert.equal(events.all.at(-1).type, 'session.closed');
  assert.deepEqual(faults, []);
  await sandbox.finish();
});

test('translation: what is refused changes nothing', async (t) => {
  const call = await connect(t);
  const { sandbox, realtime, events, faults } = call;
  configure(call, { output: { language: 'de' } });
  await events.next('session.updated');
  configure(call, { output: { language: 'zho' } });
  const { error } = await events.next('error');
  assert.equal(error.code, 'invalid_value');
  configure(call, { input: { noise_reduction: { type: 'near_field' } } });
  const { session } = await events.next('session.updated');
  assert.equal(session.audio.output.language, 'de');
  assert.equal(faults.length, 1);
  await inTime(realtime.finish({ timeoutMs: PATIENCE }), 'session.closed');
  await sandbox.finish();
});
