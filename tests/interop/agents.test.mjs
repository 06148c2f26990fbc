/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OpenAI's agents SDK (@openai/agents-realtime) talks with the sandbox.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import {
  OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool,
} from '@openai/agents-realtime';
import {
  Events, inTime, PATIENT_VAD, PICTURE, RATE, SCRIPTS, SERVERS, startSandbox,
  TOOL, voicePieces,
} from './support.mjs';

async function connect (t, turns, { tools = [], config = {}, mcp } = {}) {
  const sandbox = await startSandbox(t, { turns, mcp });
  const agent = new RealtimeAgent({
    name: 'Tester',
    instructions: 'Be brief.',
    tools,
  });
  const session = new RealtimeSession(agent, {
    apiKey: 'sk-none',
    model: 'gpt-realtime-2',
    transport: new OpenAIRealtimeWebSocket({
      url: `${sandbox.uri}?model=gpt-realtime-2`,
    }),
    tracingDisabled: true,
    config,
  });
  const events = new Events();
  const faults = [];
  session.transport.on('*', events.put);
  session.on('error', (error) => faults.push(error));
  t.after(() => session.close());
  await inTime(session.connect({ apiKey: 'sk-none' }), 'the connection');
  await events.next('session.updated');
  return { sandbox, session, events, faults };
}

async function hangUp ({ sandbox, session, faults }) {
  assert.deepEqual(faults, []);
  session.close();
  await sandbox.finish();
}

function speak ({ session }) {
  for (const piece of voicePieces())
    session.sendAudio(piece.buffer);
}

/* What the SDK thinks was said, as [role, text]. */
function historyOf ({ session }) {
  return session.history.filter((item) => item.type === 'message')
    .map(({ role, content }) =>
      [role, content.map((part) => part.transcript ?? part.text).join('')]);
}

const SPOKEN = {
  outputModalities: ['audio'],
  audio: {
    input: {
      transcription: { model: 'gpt-4o-transcribe' },
      turnDetection: {
        ...PATIENT_VAD, createResponse: true, interruptResponse: true,
      },
    },
  },
};

test('agents: a voice turn', async (t) => {
  const call = await connect(t, SCRIPTS.voice, { config: SPOKEN });
  const { events, session } = call;
  let bytes = 0;
  session.on('audio', ({ data }) => { bytes += data.byteLength; });
  speak(call);
  const { response } = await events.next('response.done');
  await events.first('conversation.item.input_audio_transcription.completed');
  assert.equal(response.status, 'completed');
  assert.ok(bytes > RATE, 'two sentences are no click');
  assert.deepEqual(historyOf(call), [
    ['user', 'Front center.'],
    ['assistant', 'Let me think.'],
    ['assistant', 'That is the middle.'],
  ]);
  await hangUp(call);
});

test('agents: a text turn', async (t) => {
  const call = await connect(t, SCRIPTS.text,
    { config: { outputModalities: ['text'] } });
  call.session.sendMessage('What is two and two?');
  await call.events.next('response.done');
  assert.deepEqual(historyOf(call),
    [['user', 'What is two and two?'], ['assistant', 'Four.']]);
  await hangUp(call);
});

test('agents: a tool is called and answered', async (t) => {
  const asked = [];
  const call = await connect(t, SCRIPTS.tool, {
    tools: [tool({
      name: TOOL.name,
      description: TOOL.description,
      parameters: TOOL.parameters,
      strict: true,
      execute: async (input) => {
        asked.push(input);
        return '{"celsius":21}';
      },
    })],
  });
  call.session.sendMessage('How warm is Paris?');
  const first = await call.events.next('response.done');
  const second = await call.events.next('response.done');
  assert.deepEqual(asked, [{ city: 'Paris' }]);
  const [output] = call.sandbox.received('conversation.item.create')
    .filter(({ item }) => item.type === 'function_call_output');
  assert.equal(output.item.call_id, first.response.output[0].call_id);
  assert.equal(output.item.output, '{"celsius":21}');
  assert.equal(second.response.output[0].content[0].transcript,
    'It is 21 degrees.');
  await hangUp(call);
});

test('agents: two tools at once', async (t) => {
  const degrees = { Paris: 21, Rome: 30 };
  const call = await connect(t, SCRIPTS.tools, {
    tools: [tool({
      name: TOOL.name,
      description: TOOL.description,
      parameters: TOOL.parameters,
      strict: true,
      execute: async ({ city }) => JSON.stringify({ celsius: degrees[city] }),
    })],
  });
  const { events, session } = call;
  session.sendMessage('Where is it warmer?');
  const first = await events.next('response.done');
  assert.equal(first.response.output.length, 2);
  const { response } = await events.next('response.done');
  assert.equal(response.status, 'completed');
  assert.equal(response.output[0].content[0].transcript, 'Rome is warmer.');
  await hangUp(call);
});

test('agents: a tool of a server, with approval', async (t) => {
  const call = await connect(t, SCRIPTS.server, {
    mcp: SERVERS,
    tools: [{
      type: 'hosted_tool',
      name: 'hosted_mcp',
      providerData: {
        type: 'mcp',
        server_label: 'docs',
        server_url: 'https://mcp.example.net',
        require_approval: 'always',
      },
    }],
  });
  const { events, session } = call;
  const completed = [];
  session.on('tool_approval_requested', (context, agent, { approvalItem }) =>
    session.approve(approvalItem));
  session.on('mcp_tool_call_completed', (context, agent, item) =>
    completed.push([item.name, item.output]));
  await events.first('mcp_list_tools.completed');
  assert.deepEqual(session.availableMcpTools.map(({ name }) => name),
    ['search']);
  session.sendMessage('How many are there?');
  const asked = await events.next('response.done');
  assert.equal(asked.response.output[0].type, 'mcp_approval_request');
  const { response } = await events.next('response.done');
  assert.equal(response.output[0].approval_request_id,
    asked.response.output[0].id);
  assert.equal(response.output[1].content[0].transcript, 'There are three.');
  assert.ok(completed.length > 0);
  assert.deepEqual(completed[0], ['search', '3 hits']);
  await hangUp(call);
});

test('agents: an image', async (t) => {
  const call = await connect(t, SCRIPTS.image);
  call.session.addImage(PICTURE);
  const { response } = await call.events.next('response.done');
  assert.ok(response.usage.input_token_details.image_tokens > 0);
  await hangUp(call);
});

/* The SDK truncates by itself when the server hears speech. */
test('agents: a barge-in', async (t) => {
  const call = await connect(t, SCRIPTS.bargeIn, { config: SPOKEN });
  const { events, session } = call;
  let interruptions = 0;
  session.on('audio_interrupted', () => { interruptions++; });
  session.sendMessage('Sing.');
  const first = await events.next('response.output_audio.delta');
  speak(call);
  const { response } = await events.next('response.done');
  assert.equal(response.status_details.reason, 'turn_detected');
  const truncated = await events.first('conversation.item.truncated');
  assert.equal(truncated.item_id, first.item_id);
  const next = await events.next('response.done');
  assert.equal(next.response.output[0].content[0].transcript, 'I stopped.');
  assert.equal(interruptions, 1);
  await hangUp(call);
});

test('agents: a response outside the conversation', async (t) => {
  const call = await connect(t, []);
  call.session.transport.sendEvent({
    type: 'response.create',
    response: {
      conversation: 'none',
      output_modalities: ['text'],
      metadata: { purpose: 'classify' },
      input: [],
    },
  });
  const { response } = await call.events.next('response.done');
  assert.equal(response.conversation_id, null);
  assert.deepEqual(response.metadata, { purpose: 'classify' });
  assert.deepEqual(call.events.of('conversation.item.added'), []);
  await hangUp(call);
});
