/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this project sends is what the official types allow: the element's
 * events in pipelines, in every suite of tests/check and in every example, and
 * the sandbox's.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  readdirSync, readFileSync, realpathSync, rmSync, writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createJudge } from './judge.mjs';
import { runPipeline, VOICE } from './pipeline.mjs';
import {
  makeDirectory, readLogs, RECORDING, SCRIPTS, startSandbox, TOOL,
} from './support.mjs';
import { judgeLog, Report } from './validate.mjs';

const run = promisify(execFile);

/* Programs without libsoup talk to nobody; these take only its words, or talk
 * to servers that keep no log. */
const SILENT = new RegExp("^(?:element-(?:configure|threads)|" +
  "session-(?:delta|endpoints|fault|logline|protocol|schedules|" +
  "sessionthreads|toolbox|toolhttp)|pipelines-evil[a-z]+)$");
/* What is below the events: any text will do there, and none is an event. */
const NO_EVENTS =
  /^(?:session-(?:transport.*|halfopen|standby)|sandbox-replays)$/;
/* Their client is not ours, and its words are wrong on purpose. */
const STRANGE_CLIENTS = /^sandbox-/;
/* Their server says what a log says, and that may be wrong on purpose. */
const STRANGE_SERVERS = /^pipelines-replay$/;
/* Most of their time the suites wait: more of them at once than there are
 * processors. */
const SUITES_AT_ONCE = 4;
/* All of them together; only a fault lasts that long. */
const SUITES_TIME = 300000;
/* An example may have to be built first. */
const EXAMPLE_TIME = 180000;
/* What tests send wrong on purpose: [program, violation]. */
const DELIBERATE = [
  /* A value of a property that the server is to refuse. */
  [/^session-session$/, /^client session.update: session.reasoning.effort: /],
  /* A transcription with no transcriber: the element always has one. */
  [/^session-(notices|sessionturnend)$/,
    /^client session.update: session.audio.input.transcription: must be obj/],
  /* Words that are no JSON go through as words: servers have new ones. */
  [/^element-badsettings$/, /^client session.update: session.tool_choice: /],
  [/^element-badsettings$/, /^client session.update: session.truncation: /],
  [/^element-badsettings$/, /^client session.update: session.tracing: /],
  /* Any text goes through "include", any field through "session-config". */
  [/^element-badsettings$/, /^client session.update: session.include\[\]: /],
  [/^element-settings$/, /^client session.update: session.include\[\]: /],
  [/^element-settings$/, /^client session.update: .*: unknown field [xy]$/],
  /* Any event goes through send-client-event, any field through the JSON of a
   * command. */
  [/^session-sessioncommands$/,
    /^client (a|b|c|made\.up): no such event from the client/],
  [/^session-sessioncommands$/,
    /^client response.create: response: unknown field x$/],
  [/^element-commands$/, /^client x\.y: no such event from the client/],
  [/^element-commands$/,
    /^client response.create: response: unknown field x$/],
  [/^element-commands$/,
    /^client session.update: session: unknown field [aosx]$/],
  /* A field that the server refuses. */
  [/^pipelines-conversation$/,
    /^client session.update: session: unknown field temperature$/],
];
/* The least that the suites must have shown of the element. */
const CLIENT_TYPES = [
  'conversation.item.delete', 'conversation.item.truncate',
  'input_audio_buffer.append', 'input_audio_buffer.commit', 'response.create',
  'session.close', 'session.update',
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

/* The only side that is judged; undefined: both are. */
function judgedAlone (program) {
  if (STRANGE_CLIENTS.test(program))
    return 'server';
  return STRANGE_SERVERS.test(program) ? 'client' : undefined;
}

/* One report for each program that wrote something. */
function judgePrograms (judge, directory) {
  const reports = new Map();
  for (const [name, text] of readLogs(directory)) {
    const program = name.replace(/-\d+\.jsonl$/, '');
    if (!reports.has(program))
      reports.set(program, new Report());
    if (!NO_EVENTS.test(program))
      judgeLog(judge, reports.get(program), name, text,
        judgedAlone(program));
  }
  return reports;
}

/* The violations that nobody meant. Takes those that somebody did out of
 * `unused`, a set of DELIBERATE. */
function undesired (program, report, unused = new Set()) {
  const texts = [];
  for (const [text, { count, place }] of report.violations) {
    const meant = DELIBERATE.find(
      ([who, what]) => who.test(program) && what.test(text));
    unused.delete(meant);
    if (!meant)
      texts.push(`${text} (${count} times, ${place})`);
  }
  return texts;
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
      const [[program, report]] = judgePrograms(judge, sandbox.directory);
      await sandbox.finish();
      diagnose(t2, report);
      assert.deepEqual(undesired(program, report), []);
    });
});

/* Whether it could talk to anybody. */
async function mayTalk (path) {
  const { stdout } = await run('readelf', ['--dynamic', path]);
  return /NEEDED.*libsoup-3/.test(stdout) && !SILENT.test(basename(path));
}

/* The tests of tests/check as meson knows them: [{ name, program, talks }]. */
async function listTests (build) {
  const { stdout } = await run('meson', ['introspect', '--tests', build]);
  const room = join(realpathSync(build), 'tests', 'check');
  return Promise.all(JSON.parse(stdout)
    .filter(({ cmd }) => cmd[0].startsWith(room))
    .map(async ({ name, cmd: [path] }) =>
      ({ name, program: basename(path), talks: await mayTalk(path) })));
}

/* What meson wrote down of the programs of tests/check: [name, result]. */
function readResults (build, log) {
  const room = join(realpathSync(build), 'tests', 'check');
  return readFileSync(join(build, 'meson-logs', log), 'utf8').split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ command: [path] }) => path.startsWith(room))
    .map(({ name, result }) => [name.split(/[ /]+/).pop(), result]);
}

/* Runs them, whatever becomes of them: [name, result], as meson has it. The
 * log of its own leaves alone that of who runs the suites for their results. */
async function runSuites (build, names, directory) {
  let cut = false;
  rmSync(join(build, 'meson-logs', 'interop.json'), { force: true });
  try {
    await run('meson', ['test', '-C', build, '--no-rebuild',
      '--logbase', 'interop', '--num-processes', SUITES_AT_ONCE,
      /* Meson fails if it is told the same name twice. */
      ...new Set(names)], {
      env: { ...process.env, RT2_WIRE_LOG: directory },
      timeout: SUITES_TIME,
      maxBuffer: 2 ** 26,
    });
  } catch (error) {
    cut = error.killed;
  }
  assert.ok(!cut, `the suites did not end within ${SUITES_TIME / 1000} s`);
  return readResults(build, 'interop.json');
}

/* What one program of a suite must have written. */
function checkProgram ({ program, talks }, report, unused) {
  if (!talks) {
    assert.equal(report, undefined,
      `${program} is said to talk to nobody, and does`);
    return;
  }
  assert.ok(report, `${program} wrote nothing down`);
  if (NO_EVENTS.test(program))
    return;
  const direction = judgedAlone(program) ?? 'client';
  assert.ok(report.judged[direction] > 0,
    `${program} wrote no event of the ${direction}`);
  assert.deepEqual(undesired(program, report, unused), []);
}

function typesOf (reports, direction) {
  return new Set([...reports.values()]
    .flatMap(({ types }) => [...types[direction].keys()]));
}

test('wire: everything that the test suites say', async (t) => {
  const build = process.env.RT2_BUILD;
  assert.ok(build, 'RT2_BUILD must be the build directory');
  /* Who has just run them all may have had them write it down. */
  const directory = process.env.RT2_SUITES_WIRE || makeDirectory(t);
  const tests = await listTests(build);
  assert.ok(tests.length > 5, 'the suites are not built');
  const results = process.env.RT2_SUITES_WIRE
    ? readResults(build, 'testlog.json')
    : await runSuites(build, tests.map(({ name }) => name), directory);
  /* What broke off has not said all that it says. */
  assert.deepEqual(results.filter(([, result]) => result !== 'OK'), []);
  assert.equal(results.length, tests.length);

  const reports = judgePrograms(await createJudge(), directory);
  const unused = new Set(DELIBERATE);
  for (const each of tests)
    await t.test(each.program, () =>
      checkProgram(each, reports.get(each.program), unused));
  assert.deepEqual([...unused], [], 'nobody sends this any more');
  const client = typesOf(reports, 'client');
  const server = typesOf(reports, 'server');
  t.diagnostic(`${client.size} types of the client: ${[...client].sort()}`);
  t.diagnostic(`${server.size} types of the server`);
  assert.deepEqual(CLIENT_TYPES.filter((type) => !client.has(type)), []);
  assert.ok(server.size >= 30);
});

/* -- the examples --------------------------------------------------------- */

const TOP = fileURLToPath(new URL('../..', import.meta.url));

/* How each is run, with the sandbox as its server: [arguments]. An echo that
 * nothing is done about says most. */
/* tests/check/examples.sh runs these, and judges what they say. */
const JUDGED_THERE = ['c', 'camera', 'prompt', 'python', 'run', 'shell',
  'speak'];
const EXAMPLES = {
  echo: [['none']],
  quickstart: [[], ['--vad', RECORDING]],
};

/* An example has an environment of its own, not that of these tests. */
function exampleEnvironment (directory) {
  const environment = { ...process.env, RT2_WIRE_LOG: directory };
  for (const name of ['GST_PLUGIN_PATH_1_0', 'GST_REGISTRY',
    'GST_REGISTRY_FORK', 'RT2_BUILD', 'RT2_SANDBOX'])
    delete environment[name];
  return environment;
}

/* All but what they are explained with and what belongs to one. */
test('wire: no example is forgotten', () => {
  const names = readdirSync(join(TOP, 'examples'))
    .filter((name) => !/^README\.md$|\.d$/.test(name));
  assert.deepEqual(names.sort(),
    [...Object.keys(EXAMPLES), ...JUDGED_THERE].sort());
});

for (const [name, runs] of Object.entries(EXAMPLES))
  for (const words of runs)
    test(`wire: example ${[name, ...words].join(' ')}`, async (t) => {
      const directory = makeDirectory(t);
      /* It ends well and leaves its files in the current directory. */
      await run(join(TOP, 'examples', name), words, {
        cwd: directory,
        env: exampleEnvironment(directory),
        timeout: EXAMPLE_TIME,
      });
      const reports = judgePrograms(await createJudge(), directory);
      assert.equal(reports.size, 1);
      const [[program, report]] = reports;
      diagnose(t, report);
      assert.ok(report.judged.client > 0 && report.judged.server > 0);
      assert.deepEqual(undesired(program, report), []);
    });
