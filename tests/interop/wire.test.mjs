/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this project sends is what the official types allow: the element's
 * events without exception, and the sandbox's.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { createJudge } from './judge.mjs';
import { runPipeline, VOICE } from './pipeline.mjs';
import {
  makeDirectory, readLogs, SCRIPTS, startSandbox, TOOL,
} from './support.mjs';
import { judgeLog, Report } from './validate.mjs';

const run = promisify(execFile);

/* Programs of tests/check whose client is not the element: their own words are
 * wrong on purpose. */
const STRANGE_CLIENTS = /^sandbox-/;
/* Tests that speak no Realtime, any text will do for them; those of settings
 * that no server takes; and long ones that say nothing that others do not. */
const LEFT_OUT = /^(transport|badsettings$|stall$|leaks$)/;
/* All tests together; what was said until then is judged. */
const SUITES_TIME = 120000;
/* What tests send wrong on purpose: [program, violation]. */
const DELIBERATE = [
  /* A value of a property that the server is to refuse. */
  [/^session-session-/, /^client session.update: session.reasoning.effort: /],
  /* Any text goes through "include", any field through "session-config". */
  [/^element-settings-/, /^client session.update: session.include/],
  [/^element-settings-/, /^client session.update: .*: unknown field [xy]/],
];
/* The least that the suites must have shown of the element. */
const CLIENT_TYPES = [
  'conversation.item.delete', 'conversation.item.truncate',
  'input_audio_buffer.append', 'input_audio_buffer.commit', 'response.create',
  'session.update',
];

/* [name, properties, fields of the session that they must make]. Each sets
 * what the others do not: together nearly all that the wire knows. */
function propertySets (directory) {
  const file = (name, value) => {
    const path = join(directory, `${name}.json`);
    writeFileSync(path, JSON.stringify(value));
    return `@${path}`;
  };
  return [
    ['server VAD', 'instructions=Brief voice=cedar vad-threshold=0.4 ' +
      'vad-prefix-padding=200000000 vad-silence-duration=700000000 ' +
      'idle-timeout=6000000000 noise-reduction=far-field speed=1.25 ' +
      'transcription-model=gpt-4o-transcribe transcription-language=en ' +
      'transcription-prompt=Words',
    ['instructions', 'audio.output.voice', 'audio.output.speed',
      'audio.input.noise_reduction.type', 'audio.input.transcription.language',
      'audio.input.transcription.prompt',
      'audio.input.turn_detection.threshold',
      'audio.input.turn_detection.idle_timeout_ms']],
    ['semantic VAD', 'turn-detection=semantic-vad vad-eagerness=high ' +
      'interrupt-response=false reasoning-effort=high max-output-tokens=900 ' +
      'include=item.input_audio_transcription.logprobs tracing=auto ' +
      'truncation=disabled',
    ['audio.input.turn_detection.eagerness', 'reasoning.effort', 'tracing',
      'max_output_tokens', 'include', 'truncation']],
    ['push to talk', 'turn-detection=none output-modality=text ' +
      `tools=${file('tools', [TOOL])} tool-choice=auto ` +
      'parallel-tool-calls=false reasoning-effort=minimal ' +
      `truncation=${file('truncation',
        { type: 'retention_ratio', retention_ratio: 0.5 })} ` +
      `tracing=${file('tracing', { workflow_name: 'interop' })} ` +
      `prompt=${file('prompt', { id: 'pmpt_1', variables: { a: 'b' } })} ` +
      `session-config=${file('session',
        { audio: { output: { voice: 'marin' } } })}`,
    ['tools', 'tool_choice', 'parallel_tool_calls', 'prompt.id',
      'tracing.workflow_name', 'truncation.retention_ratio']],
    ['mu-law', 'voice=alloy text_src_0::roles=user+assistant',
      ['audio.input.transcription.model']],
  ];
}

function valueAt (object, path) {
  return path.split('.').reduce((value, name) => value?.[name], object);
}

function judgeDirectory (judge, report, directory) {
  for (const [name, text] of readLogs(directory))
    judgeLog(judge, report, name, text,
      STRANGE_CLIENTS.test(name) ? 'server' : undefined);
}

/* The violations that nobody meant. */
function undesired (report) {
  return [...report.violations]
    .filter(([text, { place }]) => !DELIBERATE.some(
      ([program, violation]) => program.test(place) && violation.test(text)))
    .map(([text, { count, place }]) => `${text} (${count} times, ${place})`);
}

function diagnose (t, report) {
  for (const direction of ['client', 'server'])
    t.diagnostic(`${report.judged[direction]} events of the ${direction}, ` +
      `${report.types[direction].size} types`);
}

test('wire: the element, with nearly every property', async (t) => {
  const judge = await createJudge();
  for (const [name, properties, fields] of propertySets(makeDirectory(t)))
    await t.test(name, async (t2) => {
      const sandbox = await startSandbox(t2, { turns: SCRIPTS.voice });
      const law = name === 'mu-law'
        ? '! audio/x-raw,rate=8000,channels=1 ! mulawenc' : '';
      const said = await runPipeline(sandbox.uri, properties,
        `${VOICE} ${law}`);
      assert.deepEqual(
        said.filter(({ role }) => role === 'assistant').map(({ text }) => text),
        ['Let me think.', 'That is the middle.']);
      const [{ session }] = sandbox.received('session.update');
      assert.deepEqual(
        fields.filter((path) => valueAt(session, path) === undefined), []);
      const report = new Report();
      judgeDirectory(judge, report, sandbox.directory);
      await sandbox.finish();
      diagnose(t2, report);
      assert.deepEqual(undesired(report), []);
    });
});

/* Names of the tests that put events on a wire, as meson knows them. */
async function listTests (build) {
  const { stdout } = await run('meson', ['introspect', '--tests', build]);
  return JSON.parse(stdout)
    .filter(({ name, suite }) => !LEFT_OUT.test(name) &&
      suite.some((s) => /:(pipelines|element|sandbox|session)$/.test(s)) &&
      (/^session/.test(name) || !suite.some((s) => s.endsWith(':session'))))
    .map(({ name }) => name);
}

test('wire: everything that the test suites say', async (t) => {
  const build = process.env.RT2_BUILD;
  assert.ok(build, 'RT2_BUILD must be the build directory');
  const directory = makeDirectory(t);
  const names = await listTests(build);
  assert.ok(names.length > 5, 'the suites are not built');
  try {
    await run('meson', ['test', '-C', build, '--no-rebuild', ...names], {
      env: { ...process.env, RT2_WIRE_LOG: directory },
      timeout: SUITES_TIME,
      maxBuffer: 2 ** 26,
    });
  } catch (error) {
    /* tests/run is who judges them; what they said counts here. */
    t.diagnostic(error.killed ? 'the suites were ended before their time'
      : `some tests failed: ${error.stdout.match(/^Fail:.*/m)}`);
  }
  const report = new Report();
  judgeDirectory(await createJudge(), report, directory);
  diagnose(t, report);
  assert.deepEqual(undesired(report), []);
  assert.deepEqual(
    CLIENT_TYPES.filter((type) => !report.types.client.has(type)), []);
  assert.ok(report.types.server.size >= 30);
});
