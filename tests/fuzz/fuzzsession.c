/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes are a script of what happens to a session, a step in each line:
 *
 *   = N       how the session is set up: bits of FuzzSetup; in the first line
 *   {...}     the server says so; "<" before what is no JSON
 *   * N       the next line N times, each "#" in it a number that grows
 *   + N       N ms pass
 *   d N       the connection is closed with the code N (0: cut), or refused
 *   a N, z N  the user speaks, is silent, for N ms
 *   p N       the loudspeaker plays N ms
 *   c, x, k   commit-input, clear-input, cancel-response
 *   t R TEXT  send-text in the role R; T: within a second, i: without an answer
 *   r JSON    create-response
 *   f ID TEXT send-function-result
 *   m ID      approve-mcp
 *   e JSON    send-client-event
 *   v         send-image
 *   u JSON    update-session
 *   g ID      nobody heard the item
 *   n NAME    the session is to be elsewhere, with the model NAME
 *   $         there is more to be spent
 *   /         the other server speaks: that of the connection in use, or of one
 *             in the background
 *   !         what plays is protected, or not any more
 *   E         the user will say nothing more
 *
 * Others do nothing. Before each line but "d" the servers serve.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fuzzworld.h"

/* More tells nothing new and takes time. */
#define MAX_LINES 300
#define MAX_FRAMES 600
#define MAX_REPEAT 300
#define MAX_PASS_MS 30000
#define MAX_SAY_MS 1000

typedef struct {
  FuzzWorld *world;
  guint frames; /* delivered */
  guint repeat; /* of the next line */
  guint number; /* the next for "#" */
  guint passed; /* ms */
} Script;

static guint
number_of (const gchar *rest, guint max)
{
  return MIN (strtoul (rest, NULL, 10), max);
}

/* --- the server --- */

/* @frame with each "#" replaced. */
static gchar *
fill_in (const gchar *frame, guint number)
{
  gchar **parts = g_strsplit (frame, "#", 20);
  gchar *digits = g_strdup_printf ("%u", number);
  gchar *filled = g_strjoinv (digits, parts);

  g_strfreev (parts);
  g_free (digits);
  return filled;
}

static void
do_frame (Script *script, const gchar *frame)
{
  guint n = MAX (script->repeat, 1);

  script->repeat = 0;
  for (; n > 0 && script->frames < MAX_FRAMES; n--, script->frames++) {
    gchar *filled = fill_in (frame, script->number++);

    fuzz_world_deliver (script->world, filled, strlen (filled));
    g_free (filled);
  }
}

/* --- the application --- */

/* Takes @command over, which may be NULL: then it was none. */
static void
command (Script *script, Rt2Command *asked)
{
  if (!asked)
    return;
  rt2_session_command (script->world->session, asked);
  fuzz_world_run (script->world);
}

/* The first word of @rest; *after it is the rest of the rest. */
static gchar *
first_word (const gchar *rest, const gchar **after)
{
  const gchar *space = strchr (rest, ' ');

  *after = space ? space + 1 : "";
  return space ? g_strndup (rest, space - rest) : g_strdup (rest);
}

static void
do_text (Script *script, gchar op, const gchar *rest)
{
  const gchar *text;
  gchar *role = first_word (rest, &text);
  Rt2Command *asked = rt2_command_new_text (role, text, NULL);

  g_free (role);
  if (!asked)
    return;
  asked->respond = op != 'i';
  if (op == 'T') {
    asked->expires = fakeclock_now () + G_USEC_PER_SEC;
    asked->interrupt = RT2_INTERRUPT_NO;
    asked->priority = 1;
  }
  command (script, asked);
}

static void
do_result (Script *script, const gchar *rest)
{
  const gchar *output;
  gchar *id = first_word (rest, &output);

  command (script, rt2_command_new_result (id, output, NULL));
  g_free (id);
}

static void
do_event (Script *script, const gchar *rest)
{
  Rt2Command *asked = rt2_command_new_event (rest, NULL);

  if (asked)
    g_hash_table_add (script->world->verbatim, g_strdup (asked->text));
  command (script, asked);
}

static void
do_image (Script *script)
{
  static const guint8 jpeg[] = { 0xff, 0xd8, 0xff, 0xe0, 0, 0, 'J', 'F', 'I',
    'F' };
  GBytes *bytes = g_bytes_new_static (jpeg, sizeof jpeg);

  command (script, rt2_command_new_image (bytes, "image/jpeg", "auto", NULL));
  g_bytes_unref (bytes);
}

static void
set_config (Script *script)
{
  rt2_session_set_config (script->world->session, script->world->config);
  fuzz_world_run (script->world);
}

static void
do_update (Script *script, const gchar *rest)
{
  Rt2SessionConfig *config = script->world->config;
  gchar *update = rt2_session_config_merge_update (config->update, rest, NULL);

  if (!update)
    return;
  g_free (config->update);
  config->update = update;
  set_config (script);
}

/* --- steps --- */

static void
do_pass (Script *script, guint ms)
{
  script->passed += ms;
  if (script->passed <= 10 * MAX_PASS_MS)
    fuzz_world_advance (script->world, ms);
}

static void
do_protect (Script *script)
{
  FuzzWorld *world = script->world;

  world->is_protected = !world->is_protected;
  rt2_session_wake (world->session);
  fuzz_world_run (world);
}

static void
do_move (Script *script, const gchar *model)
{
  Rt2TransportConfig *config = rt2_transport_config_new ();

  config->url = g_strdup_printf (
      "wss://user:%s@127.0.0.2/v1/realtime?k=%s", FUZZ_SECRET, FUZZ_SECRET);
  config->api_key = g_strdup (FUZZ_SECRET);
  rt2_session_move (script->world->session, config, model, RT2_MOVE_SETTINGS);
  rt2_transport_config_free (config);
  fuzz_world_run (script->world);
}

static void
do_application (Script *script, gchar op, const gchar *rest)
{
  switch (op) {
    case 'c':
      command (script, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
      break;
    case 'x':
      command (script, rt2_command_new (RT2_COMMAND_CLEAR_INPUT));
      break;
    case 'k':
      command (script, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
      break;
    case 't':
    case 'T':
    case 'i':
      do_text (script, op, rest);
      break;
    case 'r':
      command (script, rt2_command_new_response (rest, NULL));
      break;
    case 'f':
      do_result (script, rest);
      break;
    case 'm':
      command (script, rt2_command_new_approval (rest, TRUE, NULL));
      break;
    case 'e':
      do_event (script, rest);
      break;
    case 'v':
      do_image (script);
      break;
    case 'u':
      do_update (script, rest);
      break;
    default:
      break;
  }
}

static void
do_world (Script *script, gchar op, const gchar *rest)
{
  FuzzWorld *world = script->world;

  switch (op) {
    case '*':
      script->repeat = number_of (rest, MAX_REPEAT);
      break;
    case '+':
      do_pass (script, number_of (rest, MAX_PASS_MS));
      break;
    case 'd':
      fuzz_world_close (world, number_of (rest, 4999));
      break;
    case 'a':
    case 'z':
      fuzz_owner_say (world, number_of (rest, MAX_SAY_MS), op == 'a');
      break;
    case 'p':
      fuzz_owner_play (world, number_of (rest, MAX_PASS_MS));
      break;
    case 'g':
      rt2_session_forget_item (world->session, rest);
      fuzz_world_run (world);
      break;
    case '!':
      do_protect (script);
      break;
    case 'n':
      do_move (script, rest);
      break;
    case '$':
      fuzz_owner_pay (world);
      break;
    case '/':
      world->server = 1 - world->server;
      break;
    case 'E':
      fuzz_owner_finish (world);
      break;
    default:
      do_application (script, op, rest);
      break;
  }
}

static void
do_line (Script *script, const gchar *line)
{
  if (*line != 'd')
    fuzz_world_serve (script->world);
  if (*line == '{')
    do_frame (script, line);
  else if (*line == '<')
    do_frame (script, line + 1);
  else if (*line)
    do_world (script, *line, line + (line[1] == ' ' ? 2 : 1));
  fuzz_world_check (script->world);
}

/* Time passes until nothing is awaited any more. */
static void
run (gchar *const *lines)
{
  gboolean sets_up = lines[0] && lines[0][0] == '=';
  Script script = { .world = fuzz_world_new (
                        sets_up ? strtoul (lines[0] + 1, NULL, 10) : 0) };

  for (guint i = sets_up; lines[i] && i < MAX_LINES; i++)
    do_line (&script, lines[i]);
  fuzz_world_serve (script.world);
  fuzz_world_advance (script.world, 5000);
  fuzz_world_free (script.world);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  gchar *text = g_utf8_make_valid (
      (const gchar *) data, data ? strnlen ((const gchar *) data, size) : 0);
  gchar **lines = g_strsplit (text, "\n", MAX_LINES);

  fuzz_init ();
  run (lines);
  g_strfreev (lines);
  g_free (text);
  return 0;
}
