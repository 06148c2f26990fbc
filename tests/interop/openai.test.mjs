/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The official SDK (openai, OpenAIRealtimeWS) talks with the sandbox.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import OpenAI, { AzureOpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import {
  decodedLength, Events, inTime, PATIENT_VAD, PICTURE, RATE, SCRIPTS, SERVERS,
  startSandbox, toBase64, TOOL, voicePieces,
} from './support.mjs';

const MODEL = { model: 'gpt-realtime-2' };

/* It dials wss:// only. */
async function connect (t, turns, session, target = MODEL, mcp = undefined) {
  const sandbox = await startSandbox(t, { turns, mcp, tls: true });
  const client = new OpenAI({
    apiKey: 'sk-none',
    baseURL: `https://127.0.0.1:${sandbox.port}/v1`,
  });
  const realtime = new OpenAIRealtimeWS(
    { ...target, options: { ca: sandbox.certificate } }, client);
  t.after(() => realtime.socket.terminate());
  const events = new Events();
  realtime.on('event', events.put);
  /* Server errors are events too; what else there is fails a wait. */
  realtime.on('error', (error) => {
    if (!error.error)
      events.put({ type: 'fault', message: error.message });
  });
  await events.next('session.created');
  realtime.send({
    type: 'session.update',
    session: { type: 'realtime', ...session },
  });
  await events.next('session.updated');
  return { sandbox, realtime, events };
}

async function hangUp ({ sandbox, realtime, events }) {
  const closed = once(realtime.socket, 'close');
  realtime.close();
  await inTime(closed, 'the end of the connection');
  assert.deepEqual(events.of('fault'), []);
  await sandbox.finish();
}

function say ({ realtime }, content) {
  realtime.send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content },
  });
}

function speak ({ realtime }) {
  for (const piece of voicePieces())
    realtime.send({
      type: 'input_audio_buffer.append',
      audio: toBase64(piece),
    });
}

test('openai: a voice turn', async (t) => {
  const call = await connect(t, SCRIPTS.voice, {
    audio: {
      input: {
        transcription: { model: 'gpt-4o-transcribe' },
        turn_detection: PATIENT_VAD,
      },
    },
  });
  const { events, realtime } = call;
  const spoken = new Map();
  realtime.on('response.output_audio.delta', ({ item_id: id, delta }) =>
    spoken.set(id, (spoken.get(id) ?? 0) + decodedLength(delta)));
  speak(call);
  const started = await events.next('input_audio_buffer.speech_started');
  const stopped = await events.next('input_audio_buffer.speech_stopped');
  const committed = await events.next('input_audio_buffer.committed');
  assert.equal(started.item_id, committed.item_id);
  assert.ok(stopped.audio_end_ms > started.audio_start_ms);
  const { response } = await events.next('response.done');
  const heard = await events.first(
    'conversation.item.input_audio_transcription.completed');
  assert.equal(heard.item_id, committed.item_id);
  assert.equal(heard.transcript, 'Front center.');
  assert.equal(response.status, 'completed');
  assert.deepEqual(
    response.output.map((item) => [item.phase, item.content[0].transcript]),
    [['commentary', 'Let me think.'], ['final_answer', 'That is the middle.']]);
  for (const { id } of response.output)
    assert.ok(spoken.get(id) > RATE / 5, 'a sentence is no click');
  assert.ok(response.usage.output_token_details.audio_tokens > 0);
  assert.ok(response.usage.input_token_details.audio_tokens > 0);
  await hangUp(call);
});

test('openai: a text turn', async (t) => {
  const call = await connect(t, SCRIPTS.text, { output_modalities: ['text'] });
  const { events, realtime } = call;
  say(call, [{ type: 'input_text', text: 'What is two and two?' }]);
  realtime.sendResponseCreate({ type: 'response.create' });
  const text = await events.next('response.output_text.done');
  assert.equal(text.text, 'Four.');
  const deltas = events.of('response.output_text.delta');
  assert.equal(deltas.map(({ delta }) => delta).join(''), 'Four.');
  const { response } = await events.next('response.done');
  assert.deepEqual(response.output_modalities, ['text']);
  assert.equal(response.output[0].content[0].text, 'Four.');
  assert.deepEqual(events.of('response.output_audio.delta'), []);
  await hangUp(call);
});

test('openai: a tool is called and answered', async (t) => {
  const call = await connect(t, SCRIPTS.tool,
    { tools: [TOOL], tool_choice: 'auto' });
  const { events, realtime } = call;
  say(call, [{ type: 'input_text', text: 'How warm is Paris?' }]);
  realtime.send({ type: 'response.create' });
  const wanted = await events.next('response.function_call_arguments.done');
  assert.equal(wanted.name, TOOL.name);
  assert.deepEqual(JSON.parse(wanted.arguments), { city: 'Paris' });
  const { item } = await events.next('response.output_item.done');
  assert.equal(item.call_id, wanted.call_id);
  await events.next('response.done');
  realtime.send({
    type: 'conversation.item.create',
    item: {
      type: 'function_call_output',
      call_id: wanted.call_id,
      output: '{"celsius":21}',
    },
  });
  await events.next('conversation.item.done',
    (event) => event.item.type === 'function_call_output');
  realtime.send({ type: 'response.create' });
  const { response } = await events.next('response.done');
  assert.equal(response.output[0].content[0].transcript, 'It is 21 degrees.');
  await hangUp(call);
});

test('openai: two tools at once', async (t) => {
  const call = await connect(t, SCRIPTS.tools, { tools: [TOOL] });
  const { events, realtime } = call;
  realtime.send({ type: 'response.create' });
  const { response } = await events.next('response.done');
  const degrees = { Paris: 21, Rome: 30 };
  assert.equal(response.output.length, 2);
  for (const wanted of response.output) {
    const { city } = JSON.parse(wanted.arguments);
    realtime.send({
      type: 'conversation.item.create',
      item: {
        type: 'function_call_output',
        call_id: wanted.call_id,
        output: JSON.stringify({ celsius: degrees[city] }),
      },
    });
  }
  realtime.send({ type: 'response.create' });
  const { response: answer } = await events.next('response.done');
  assert.equal(answer.status, 'completed');
  assert.equal(answer.output[0].content[0].transcript, 'Rome is warmer.');
  await hangUp(call);
});

test('openai: a tool of a server, with approval', async (t) => {
  const call = await connect(t, SCRIPTS.server, {
    tools: [{
      type: 'mcp',
      server_label: 'docs',
      server_url: 'https://mcp.example.net',
      require_approval: 'always',
    }],
  }, MODEL, SERVERS);
  const { events, realtime } = call;
  const { item: list } = await events.next('conversation.item.done');
  assert.deepEqual(list.tools.map(({ name }) => name), ['search']);
  const listed = await events.next('mcp_list_tools.completed');
  assert.equal(listed.item_id, list.id);
  realtime.send({ type: 'response.create' });
  const { response: asked } = await events.next('response.done');
  const [request] = asked.output;
  assert.equal(request.type, 'mcp_approval_request');
  realtime.send({
    type: 'conversation.item.create',
    previous_item_id: request.id,
    item: {
      id: 'approval_1',
      type: 'mcp_approval_response',
      approval_request_id: request.id,
      approve: true,
    },
  });
  const done = await events.next('response.mcp_call_arguments.done');
  assert.deepEqual(JSON.parse(done.arguments), { q: 'x' });
  await events.next('response.mcp_call.completed');
  const { response } = await events.next('response.done');
  assert.equal(response.output[0].approval_request_id, request.id);
  assert.equal(response.output[0].output, '3 hits');
  assert.equal(response.output[1].content[0].transcript, 'There are three.');
  await hangUp(call);
});

test('openai: an image', async (t) => {
  const call = await connect(t, SCRIPTS.image, { output_modalities: ['text'] });
  const { events, realtime } = call;
  say(call, [
    { type: 'input_text', text: 'What is on this picture?' },
    { type: 'input_image', image_url: PICTURE, detail: 'low' },
  ]);
  const { item } = await events.next('conversation.item.done');
  assert.equal(item.content[1].image_url, PICTURE);
  realtime.send({ type: 'response.create' });
  const { response } = await events.next('response.done');
  assert.ok(response.usage.input_token_details.image_tokens > 0);
  await hangUp(call);
});

test('openai: a barge-in, truncated to what was heard', async (t) => {
  const call = await connect(t, SCRIPTS.bargeIn,
    { audio: { input: { turn_detection: PATIENT_VAD } } });
  const { events, realtime } = call;
  say(call, [{ type: 'input_text', text: 'Sing.' }]);
  realtime.send({ type: 'response.create' });
  const first = await events.next('response.output_audio.delta');
  speak(call);
  await events.next('input_audio_buffer.speech_started');
  const { response } = await events.next('response.done');
  assert.equal(response.status, 'cancelled');
  assert.equal(response.status_details.reason, 'turn_detected');
  assert.equal(response.output[0].status, 'incomplete');
  const truncate = {
    type: 'conversation.item.truncate',
    item_id: first.item_id,
    content_index: 0,
  };
  realtime.send({ ...truncate, event_id: 'too-much', audio_end_ms: 20001 });
  const { error } = await events.next('error');
  assert.equal(error.event_id, 'too-much');
  realtime.send({ ...truncate, audio_end_ms: 40 });
  const truncated = await events.next('conversation.item.truncated');
  assert.equal(truncated.item_id, first.item_id);
  assert.equal(truncated.audio_end_ms, 40);
  const next = await events.next('response.done');
  assert.equal(next.response.status, 'completed');
  assert.equal(next.response.output[0].content[0].transcript, 'I stopped.');
  await hangUp(call);
});

test('openai: a response outside the conversation', async (t) => {
  const call = await connect(t, [], {});
  const { events, realtime } = call;
  realtime.send({
    type: 'response.create',
    response: {
      conversation: 'none',
      output_modalities: ['text'],
      metadata: { purpose: 'classify' },
      instructions: 'Sales or support? One word.',
      input: [{
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: 'My radio is broken.' }],
      }],
    },
  });
  const created = await events.next('response.created');
  assert.equal(created.response.conversation_id, null);
  const { response } = await events.next('response.done');
  assert.deepEqual(response.metadata, { purpose: 'classify' });
  assert.equal(response.conversation_id, null);
  assert.equal(response.output.length > 0, true);
  assert.deepEqual(events.of('conversation.item.added'), []);
  await hangUp(call);
});

test('openai: a transcription session', async (t) => {
  const call = await connect(t, [{ hear: 'Front center.' }], {
    type: 'transcription',
    audio: {
      input: {
        transcription: { model: 'gpt-realtime-whisper' },
        turn_detection: null,
      },
    },
  }, { intent: 'transcription' });
  const { events, realtime } = call;
  assert.equal(events.all[0].session.type, 'transcription');
  speak(call);
  realtime.send({ type: 'input_audio_buffer.commit' });
  const committed = await events.next('input_audio_buffer.committed');
  const completed = await events.next(
    'conversation.item.input_audio_transcription.completed');
  assert.equal(completed.item_id, committed.item_id);
  assert.equal(completed.transcript, 'Front center.');
  assert.equal(completed.usage.type, 'duration');
  const deltas = events.of('conversation.item.input_audio_transcription.delta');
  assert.deepEqual([...new Set(deltas.map((e) => e.item_id))],
    [committed.item_id]);
  assert.equal(deltas.map((e) => e.delta).join('').trim(), 'Front center.');
  await hangUp(call);
});

test('openai: a wrong key is an event and a close', async (t) => {
  const sandbox = await startSandbox(t,
    { tls: true, args: ['--api-key', 'sk-a'] });
  const client = new OpenAI({
    apiKey: 'sk-b',
    baseURL: `https://127.0.0.1:${sandbox.port}/v1`,
  });
  const realtime = new OpenAIRealtimeWS(
    { ...MODEL, options: { ca: sandbox.certificate } }, client);
  t.after(() => realtime.socket.terminate());
  const refused = new Promise((resolve) => realtime.on('error', resolve));
  const closed = once(realtime.socket, 'close');
  assert.equal((await inTime(refused, 'the refusal')).error.code,
    'invalid_api_key');
  assert.equal((await inTime(closed, 'the close'))[0], 3000);
  await sandbox.finish();
});

test('openai: the Azure client', async (t) => {
  const sandbox = await startSandbox(t,
    { turns: SCRIPTS.text, tls: true, args: ['--api-key', 'azure-key'] });
  const client = new AzureOpenAI({
    endpoint: `https://127.0.0.1:${sandbox.port}`,
    apiKey: 'azure-key',
    apiVersion: '2025-04-01-preview',
    deployment: 'my-own-name',
  });
  const realtime = await OpenAIRealtimeWS.azure(client,
    { options: { ca: sandbox.certificate } });
  t.after(() => realtime.socket.terminate());
  const events = new Events();
  realtime.on('event', events.put);
  realtime.on('error', () => {});
  const { session } = await events.next('session.created');
  assert.equal(session.model, 'my-own-name');
  realtime.send({
    type: 'response.create',
    response: { output_modalities: ['text'] },
  });
  const { response } = await events.next('response.done');
  assert.equal(response.output[0].content[0].text, 'Four.');
  await hangUp({ sandbox, realtime, events });
});
