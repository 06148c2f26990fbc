/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* realtime2-sandbox: the command. */
#include <glib-unix.h>
#include <locale.h>

#include "sandbox.h"

#define FAREWELL_MS 200 /* that clients get to see the close frame */
#define UNSET (-1.0)
#define STATUS_DIFFERS 3

static const gchar summary[] =
    "A small Realtime server on 127.0.0.1, for people without a key and for "
    "CI.\n\n"
    "Its first line on stdout is\n"
    "  listening on ws://127.0.0.1:PORT/v1/realtime\n"
    "and with --tls a second one follows:\n"
    "  certificate /path/to/certificate.pem\n"
    "Connect to it with ?model=gpt-realtime-2 or ?intent=transcription, or "
    "to\n"
    "/v1/realtime/translations?model=gpt-realtime-translate, with any key or "
    "none.";

static const gchar description[] =
    "It detects speech in the audio it gets, answers with a short commentary "
    "and a\nfinal answer in a synthetic voice, and checks every event as the "
    "service does. It\nunderstands no speech: without a script it says how "
    "long and how loud you spoke.\n\n"
    "A script is one JSON object:\n"
    "  {\"turns\": [\n"
    "     {\"hear\": \"What time is it?\",\n"
    "      \"say\": [{\"phase\": \"commentary\", \"text\": \"Let me look.\"},\n"
    "              {\"phase\": \"final_answer\", \"text\": \"Ten o'clock.\"}]},\n"
    "     {\"say\": [{\"call\": {\"name\": \"get_time\", "
    "\"arguments\": {\"zone\": \"UTC\"}}}]}],\n"
    "   \"loop\": false, \"scope\": \"connection\"}\n\n"
    "Each response uses up a turn; after the last the default answer comes "
    "again,\nor the first turn with \"loop\". With \"scope\": \"server\" a new "
    "connection goes on\nwhere the last one stopped.\n\n"
    "A turn may have, of what the user says:\n"
    "  hear              its transcript\n"
    "  segments          the same as [{speaker, text}], for the model that "
    "tells\n                    speakers apart\n"
    "  word_ms           of audio per word, for models that hear live (300)\n"
    "  hear_after_ms     from the commit to the end of the transcript\n"
    "  hear_error        {code, message}: it fails\n"
    "  stall_words       after so many words nothing more comes of it\n"
    "  hear_ms           on a call: the caller says a tone of that length\n"
    "  translate         in a translation: {text, from, tone_ms, lag_ms}; "
    "text is\n                    one text, or an object with a text per "
    "language\n"
    "and of the answer:\n"
    "  say               items, each with text, phase (commentary,\n"
    "                    final_answer), tone_ms (a tone of that length instead\n"
    "                    of a voice), modality (audio, text), or\n"
    "                    call {name, arguments or raw_arguments, call_id,\n"
    "                    delta_chars}, or mcp_call {label, name, arguments or\n"
    "                    raw_arguments, delta_chars}\n"
    "  delay_ms          wait before the first item\n"
    "  hold              true: create the response and send nothing until it "
    "is\n                    cancelled; a number: for so many ms\n"
    "  delta_ms          size of the audio deltas (default: uneven)\n"
    "  transcript_first  true: all text of an item before its audio\n"
    "  overlap           false: an item ends before the next one begins\n"
    "  phase_on          where the phase is shown: added, done, "
    "response_done,\n                    none (default: the first three); or only on\n"
    "                    output_added, output_done, item_added, item_done\n"
    "  status            completed, failed or incomplete\n"
    "  error             {code, message, type}: sent instead of a response, "
    "or\n                    the reason of a failed one\n"
    "  close             {code, reason, after_ms}: end the connection after "
    "so\n                    much audio; code 0 cuts it without a close "
    "frame\n"
    "and of how it comes, whatever the answer is:\n"
    "  expect_outputs    what functions returned since the last response, a "
    "list;\n                    if it is anything else the response fails\n"
    "  delay_created_ms  from response.create to response.created\n"
    "  race              create: when the client's response.create comes, the\n"
    "                    server has just begun a response of its own\n\n"
    "Beside the turns a script may have:\n"
    "  translation       {lag_ms (800), delta_bytes (9600 or 19200), burst_ms "
    "(200),\n                    close_delay_ms (200), elapsed (model, deltas, "
    "null, none)}\n"
    "  calls             ids, as with --call\n"
    "  mcp               {LABEL: {tools, list_after_ms, list_error, results}}:\n"
    "                    MCP servers; tools are [{name, description,\n"
    "                    input_schema, annotations}], results by a tool's name\n"
    "                    a text or {error: {type, code, message}}\n"
    "  faults            [{code, at, nth, type, message, close, status,\n"
    "                    retry_after}], as with --fault\n\n"
    "A fault is CODE, CODE@PLACE or CODE@PLACE:N. The place is http (the "
    "upgrade is\nrefused), connect (an error, then the close), response (it "
    "fails), transcription\n(it fails), or the type of a client event, which "
    "is refused. With N only the Nth\noccasion of the server. Without a place: "
    "where the code belongs.\n\n"
    "Oddities are a list of unknown (events and fields that nobody knows), "
    "parts\n(audio and output_audio change places), created "
    "(conversation.item.created in\nplace of added), no-usage (null), no-phase, "
    "conversation (conversation.created),\npings (one a second), no-metadata "
    "(of responses); or all.\n\n"
    "A log that the property event-log of realtime2 made is played with "
    "--replay: what\nthe server sent follows the same event of the client's as "
    "in the log, by as much\ntime; a tone stands for audio that is not in it. "
    "The next connection in the log is\nfor the next client. What the client "
    "sends is compared by type and order, each\ndifference goes to stderr, and "
    "at the end their number to stdout. Of the other\noptions only --port, "
    "--tls, --pace, --verbose and --strict count then.\n\n"
    "Examples:\n"
    "  realtime2-sandbox --port 8080 --verbose\n"
    "  realtime2-sandbox --fault slow_down@http:1 --fault rate_limit_exceeded\n"
    "  realtime2-sandbox --tls --script dialogue.json --pace 1\n"
    "  realtime2-sandbox --replay field.jsonl --strict";

typedef struct {
  GMainLoop *loop;
  Sandbox *sandbox;
} Command;

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_signal (gpointer data)
{
  Command *command = data;

  sandbox_close_all (command->sandbox, 1001, "The sandbox is going away.");
  g_timeout_add (FAREWELL_MS, quit, command->loop);
  return G_SOURCE_CONTINUE;
}

/* As GOption reads them; all strings owned. */
typedef struct {
  gint port, seed, session_seconds, secret_seconds, rate_limit;
  gboolean strict;
  gchar *script, *api_key, *strange, *replay;
  gchar **calls, **faults;
} Arguments;

static void
arguments_clear (Arguments *given)
{
  g_free (given->script);
  g_free (given->replay);
  g_free (given->api_key);
  g_free (given->strange);
  g_strfreev (given->calls);
  g_strfreev (given->faults);
}

static gboolean
take_over (const Arguments *given, SandboxOptions *options, GError **error)
{
  if (options->pace == UNSET)
    options->pace = given->replay != NULL ? 1 : 8;
  if (given->port < 0 || given->port > 65535 || options->pace < 0
      || given->session_seconds < 0 || given->secret_seconds < 0
      || given->rate_limit < 0 || options->upload_limit < 0) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "A number is out of range.");
    return FALSE;
  }
  if (given->replay != NULL && given->script != NULL) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "It can follow a script or replay a log, not both.");
    return FALSE;
  }
  options->script_file = given->script;
  options->replay_file = given->replay;
  options->api_key = given->api_key;
  options->strange = given->strange;
  options->port = given->port;
  options->seed = given->seed;
  options->session_seconds = given->session_seconds;
  options->secret_seconds = given->secret_seconds;
  options->token_limit = given->rate_limit;
  options->calls = (const gchar *const *) given->calls;
  options->faults = (const gchar *const *) given->faults;
  return TRUE;
}

static gboolean
parse (int *argc, char ***argv, Arguments *given, SandboxOptions *options,
    GError **error)
{
  gboolean fine;
  GOptionEntry entries[] = {
    { "port", 'p', 0, G_OPTION_ARG_INT, &given->port,
        "Port on 127.0.0.1 (default 0: any free one)", "N" },
    { "tls", 't', 0, G_OPTION_ARG_NONE, &options->tls,
        "wss:// with a self-signed certificate made at start", NULL },
    { "script", 's', 0, G_OPTION_ARG_FILENAME, &given->script,
        "What to hear and say, see below", "FILE" },
    { "pace", 0, 0, G_OPTION_ARG_DOUBLE, &options->pace,
        "Send audio X times faster than real time (default 8; 0: at once); "
        "replay X times faster than recorded (default 1)",
        "X" },
    { "replay", 'r', 0, G_OPTION_ARG_FILENAME, &given->replay,
        "Play the server's side of a log made by event-log, see below", "LOG" },
    { "strict", 0, 0, G_OPTION_ARG_NONE, &given->strict,
        "With --replay: exit status 3 if the client did otherwise", NULL },
    { "verbose", 'v', 0, G_OPTION_ARG_NONE, &options->verbose,
        "One line per event on stderr, audio left out", NULL },
    { "seed", 0, 0, G_OPTION_ARG_INT, &given->seed,
        "Seed of ids and of the sizes of deltas (default 0)", "N" },
    { "api-key", 'k', 0, G_OPTION_ARG_STRING, &given->api_key,
        "Let nobody in without this key", "KEY" },
    { "session-seconds", 0, 0, G_OPTION_ARG_INT, &given->session_seconds,
        "Life of a session (default 3600)", "N" },
    { "secret-seconds", 0, 0, G_OPTION_ARG_INT, &given->secret_seconds,
        "Life of a client secret (default: as it is asked for)", "N" },
    { "rate-limit", 0, 0, G_OPTION_ARG_INT, &given->rate_limit,
        "Tokens per minute; beyond them responses fail", "N" },
    { "upload-limit", 0, 0, G_OPTION_ARG_DOUBLE, &options->upload_limit,
        "Lose audio that comes more than X times faster than real time", "X" },
    { "call", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given->calls,
        "A call in progress, for ?call_id=; may be repeated", "rtc_ID" },
    { "fault", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &given->faults,
        "An error on demand, see below; may be repeated", "CODE[@PLACE[:N]]" },
    { "strange", 0, 0, G_OPTION_ARG_STRING, &given->strange,
        "Oddities that a client must bear, see below", "LIST" },
    { NULL },
  };
  GOptionContext *context = g_option_context_new (NULL);

  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, NULL);
  fine = g_option_context_parse (context, argc, argv, error);
  g_option_context_free (context);
  if (fine && *argc > 1) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
        "There are no arguments beside the options.");
    return FALSE;
  }
  return fine && take_over (given, options, error);
}

static void
run (Sandbox *sandbox)
{
  Command command = { g_main_loop_new (NULL, FALSE), sandbox };
  const gchar *certificate = sandbox_get_certificate_path (sandbox);
  guint interrupt = g_unix_signal_add (SIGINT, on_signal, &command);
  guint terminate = g_unix_signal_add (SIGTERM, on_signal, &command);

  g_print ("listening on %s\n", sandbox_get_uri (sandbox));
  if (certificate != NULL)
    g_print ("certificate %s\n", certificate);
  g_main_loop_run (command.loop);
  g_source_remove (interrupt);
  g_source_remove (terminate);
  g_main_loop_unref (command.loop);
}

/* What came of a replay; FALSE if the client did otherwise than in the log. */
static gboolean
sum_up (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) differences = sandbox_dup_differences (sandbox);
  guint unsent = sandbox_count_unsent (sandbox);

  g_print ("replay: %u differences, %u events of the log not sent\n",
      differences->len, unsent);
  return differences->len == 0 && unsent == 0;
}

/* The exit status. */
static gint
serve (const SandboxOptions *options, gboolean strict)
{
  gboolean alike;
  g_autoptr (GError) error = NULL;
  Sandbox *sandbox = sandbox_new (options, &error);

  if (sandbox == NULL) {
    g_printerr ("realtime2-sandbox: %s\n", error->message);
    return 1;
  }
  run (sandbox);
  alike = options->replay_file == NULL || sum_up (sandbox);
  sandbox_free (sandbox);
  return strict && !alike ? STATUS_DIFFERS : 0;
}

int
main (int argc, char **argv)
{
  SandboxOptions options = { .pace = UNSET };
  Arguments given = { 0 };
  g_autoptr (GError) error = NULL;
  gint status = 2;

  setlocale (LC_ALL, "");
  if (parse (&argc, &argv, &given, &options, &error))
    status = serve (&options, given.strict);
  else
    g_printerr ("realtime2-sandbox: %s\nTry realtime2-sandbox --help.\n",
        error->message);
  arguments_clear (&given);
  return status;
}
