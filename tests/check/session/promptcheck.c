/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prompts and tools: names that nothing stands behind are found, and what is
 * only English is left alone.
 */
#include "rt2promptcheck.h"

#include <string.h>

#include "rt2json.h"

#define TOOL(NAME) "{\"type\":\"function\",\"name\":\"" NAME "\"}"

/* Names that @instructions mention and @tools, JSON or NULL, do not offer, with
 * blanks between. Caller frees it. */
static gchar *
find (const gchar *instructions, const gchar *tools)
{
  g_autofree gchar *text = g_strdup_printf ("{\"tools\":%s}", tools ?: "null");
  g_autoptr (GError) error = NULL;
  JsonObject *object = rt2_json_parse_object (text, strlen (text), &error);
  GPtrArray *names;
  gchar *joined;

  g_assert_no_error (error);
  names = rt2_prompt_unknown_tools (
      instructions, rt2_json_array (object, "tools"));
  g_ptr_array_add (names, NULL);
  joined = g_strjoinv (" ", (gchar **) names->pdata);
  g_ptr_array_unref (names);
  json_object_unref (object);
  return joined;
}

static const struct {
  const gchar *instructions;
  const gchar *tools;
  const gchar *names;
} table[] = {
  { "", NULL, "" },
  { "You are a friendly agent.", NULL, "" },
  { "Call look_up_order first.", NULL, "look_up_order" },
  { "Call look_up_order first.", "[]", "look_up_order" },
  { "Call look_up_order first.", "[" TOOL ("look_up_order") "]", "" },
  { "Call look_up_orders first.", "[" TOOL ("look_up_order") "]",
      "look_up_orders" },
  { "Call look_up first.", "[" TOOL ("look_up_order") "]", "look_up" },
  { "look_up_order", NULL, "look_up_order" },
  { "Call `weather` for it.", NULL, "weather" },
  { "Call `weather` for it.", "[" TOOL ("weather") "]", "" },
  { "Call `get-weather` for it.", NULL, "get-weather" },
  { "Ends with `weather`", NULL, "weather" },
  { "Use get_time, get_date (or get_zone).", "[" TOOL ("get_date") "]",
      "get_time get_zone" },
  { "get_time. Then get_time! And \"get_time\"?", NULL, "get_time" },
  { "First get_time() and then get_date({}).", NULL, "get_time get_date" },
  { "- get_time: the time\n- get_date: the date\n", NULL, "get_time get_date" },
  { "**get_time** and _soon_", NULL, "get_time" },
  { "\xe2\x80\x9cget_time\xe2\x80\x9d \xe2\x80\x94 get_date\xe2\x80\xa6", NULL,
      "get_time get_date" },
  /* A parameter of a tool that is offered. */
  { "Give get_time the time_zone.",
      "[{\"type\":\"function\",\"name\":\"get_time\",\"parameters\":{"
      "\"type\":\"object\",\"properties\":{\"time_zone\":{}}}}]",
      "" },
  /* What is no name of a tool. */
  { "See notes_of_2024.txt and my_notes.pdf, ./run_me.sh, a_b/c_d.md.", NULL,
      "" },
  { "Send it to sales_team@example.com.", NULL, "" },
  { "It is on https://example.com/order_page/by_id.html?order_id=5.", NULL,
      "" },
  { "Set $HOME_DIR, OPENAI_API_KEY and MAX_SPEED.", NULL, "" },
  { "Fill in ____ and say __nothing__.", NULL, "" },
  { "A well-known, state-of-the-art do-it-yourself guide.", NULL, "" },
  { "Answer `Yes` or `No`, never `maybe so`.", NULL, "" },
  { "Say \"I'm here\" at 10:30, not 22_30.", NULL, "" },
};

static void
test_table (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree gchar *names = find (table[i].instructions, table[i].tools);

    if (!g_str_equal (names, table[i].names))
      g_error ("found \"%s\", not \"%s\", in: %s", names, table[i].names,
          table[i].instructions);
  }
}

/* A prompt as people write them. */
static const gchar realistic[] =
    "# Role and objective\n"
    "You are Robin, the voice of the Harbour Hotel's front desk. Guests call "
    "to book rooms, change dates and ask about the house; your job is to get "
    "them what they need in as few words as possible.\n\n"
    "# Personality and tone\n"
    "- Warm, quick, never sing-song. 2-3 sentences per turn.\n"
    "- Speak English unless the guest speaks another language; don't switch "
    "back and forth.\n"
    "- Don't say \"um\"; DON'T read out URLs such as "
    "https://harbour-hotel.example/rooms/sea_view/index.html.\n\n"
    "# Unclear audio\n"
    "- Only respond to clear speech. If it's noisy, silent, or half-heard, ask "
    "again: \"Sorry, the line is bad -- could you say that once more?\"\n\n"
    "# Tools\n"
    "- Before any tool call say one short line, then call at once.\n"
    "- check_rooms: needs `arrival` and `nights`. Never guess the "
    "`arrival_date`; ask for it.\n"
    "- book_room: only after the guest has said yes (yes/yeah/sure/ok).\n"
    "- If a tool fails twice in a row, apologise & hand over with "
    "`escalate_to_human`.\n\n"
    "# Numbers\n"
    "- Read codes digit by digit: \"4-1-5\", e.g. room 1_204 is \"one two oh "
    "four\".\n"
    "- Prices: 149.00 EUR -> \"a hundred and forty-nine euros\".\n\n"
    "# Safety\n"
    "If somebody is in danger, say \"Please call one-one-two now.\" and stop. "
    "Reports go to front_desk@harbour-hotel.example; the log is kept in "
    "/var/log/front_desk/calls.txt (see also notes_for_staff.md).\n";

#define HOTEL_TOOLS                                                            \
  TOOL ("book_room")                                                           \
  ",{\"type\":\"function\",\"name\":\"check_rooms\",\"parameters\":{"          \
  "\"type\":\"object\",\"properties\":{\"arrival\":{\"type\":\"string\","      \
  "\"description\":\"arrival_date as YYYY-MM-DD\"},\"nights\":{\"type\":"      \
  "\"integer\"}}}}"

static void
test_realistic (void)
{
  g_autofree gchar *all = find (
      realistic, "[" TOOL ("escalate_to_human") "," HOTEL_TOOLS "]");
  g_autofree gchar *but_one = find (realistic, "[" HOTEL_TOOLS "]");

  g_assert_cmpstr (all, ==, "");
  g_assert_cmpstr (but_one, ==, "escalate_to_human");
}

static void
test_many (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GPtrArray *names;

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (text, "tool_%u ", i);
  names = rt2_prompt_unknown_tools (text->str, NULL);
  g_assert_cmpuint (names->len, ==, RT2_PROMPT_MAX_NAMES);
  g_assert_cmpstr (g_ptr_array_index (names, 15), ==, "tool_15");
  g_ptr_array_unref (names);
}

/* A megabyte of names does not take a minute, nor does nonsense. */
static void
test_large (void)
{
  gint64 begin = g_get_monotonic_time ();
  g_autofree gchar *one = g_strnfill (1024 * 1024, '_');
  g_autofree gchar *quotes = g_strnfill (1024 * 1024, '`');
  g_autoptr (GString) same = g_string_new (NULL);
  g_autofree gchar *none = find (one, "[" HOTEL_TOOLS "]");
  g_autofree gchar *nothing = find (quotes, "[" HOTEL_TOOLS "]");
  g_autofree gchar *found = NULL;

  while (same->len < 1024 * 1024)
    g_string_append (same, "do_it ");
  found = find (same->str, NULL);
  g_assert_cmpstr (none, ==, "");
  g_assert_cmpstr (nothing, ==, "");
  g_assert_cmpstr (found, ==, "do_it");
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 20 * G_USEC_PER_SEC);
}

static void
test_mentions (void)
{
  static const gchar *const yes[] = { "end_session", "Call end_session.",
    "`end_session`", "(end_session)", "end_session: after goodbye",
    "end_sessions, no: end_session", "x_end_session end_session",
    "\xe2\x80\x9c"
    "end_session\xe2\x80\x9d" };
  static const gchar *const no[] = { "", "end session", "end_sessions",
    "the_end_session", "End_session", "end_sessio", "bend_session",
    "end_session_now" };

  for (guint i = 0; i < G_N_ELEMENTS (yes); i++)
    if (!rt2_prompt_mentions (yes[i], "end_session"))
      g_error ("not found in: %s", yes[i]);
  for (guint i = 0; i < G_N_ELEMENTS (no); i++)
    if (rt2_prompt_mentions (no[i], "end_session"))
      g_error ("found in: %s", no[i]);
}

/* --- a whole configuration --- */

/* Makes the config say @instructions, and complains about @n things of which
 * number i names names[i]. */
static void
assert_complaints (Rt2SessionConfig *config, const gchar *instructions,
    const gchar *const *names)
{
  GPtrArray *complaints;

  g_free (config->instructions);
  config->instructions = g_strdup (instructions);
  complaints = rt2_prompt_check (config);
  for (guint i = 0; i < complaints->len; i++)
    g_test_message ("%s", (gchar *) g_ptr_array_index (complaints, i));
  g_assert_cmpuint (complaints->len, ==, g_strv_length ((gchar **) names));
  for (guint i = 0; i < complaints->len; i++)
    g_assert_nonnull (strstr (g_ptr_array_index (complaints, i), names[i]));
  g_ptr_array_unref (complaints);
}

#define ASSERT_COMPLAINTS(CONFIG, INSTRUCTIONS, ...)                           \
  assert_complaints (                                                          \
      CONFIG, INSTRUCTIONS, (const gchar *const[]){ __VA_ARGS__ })

static void
test_check (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  ASSERT_COMPLAINTS (config, NULL, NULL);
  ASSERT_COMPLAINTS (config, "", NULL);
  ASSERT_COMPLAINTS (config, "Be brief.", NULL);
  ASSERT_COMPLAINTS (config, "Call book_room.", "\"book_room\"", NULL);
  ASSERT_COMPLAINTS (config, "Call book_room or end_session.", "book_room",
      "end_session", NULL);
  config->tools = g_strdup ("[" HOTEL_TOOLS "]");
  ASSERT_COMPLAINTS (config, "Call book_room.", NULL);
  ASSERT_COMPLAINTS (config, "Call book_rooms.", "\"book_rooms\"", NULL);
}

static void
test_check_builtins (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  config->builtin_tools = RT2_BUILTIN_WAIT_FOR_USER | RT2_BUILTIN_END_SESSION;
  ASSERT_COMPLAINTS (config, "Be brief.", "wait_for_user", "end_session", NULL);
  ASSERT_COMPLAINTS (
      config, "Say bye, then end_session.", "wait_for_user", NULL);
  ASSERT_COMPLAINTS (
      config, "Say bye, then end_session. If it's noise: wait_for_user.", NULL);
  ASSERT_COMPLAINTS (config,
      "Say bye, then end_session. If it's noise: wait_for_user; send_dtmf.",
      "send_dtmf", NULL);
  config->builtin_tools = RT2_BUILTIN_SET_PROPERTY | RT2_BUILTIN_SEND_DTMF;
  config->settable = g_strdup ("mix.sink_0::volume");
  ASSERT_COMPLAINTS (config, "Be brief.", "set_property", "send_dtmf", NULL);
  ASSERT_COMPLAINTS (config,
      "Turn the music down with set_property, press keys with send_dtmf.",
      NULL);
}

/* What is laid over the session counts as what it is laid over. */
static void
test_check_overlay (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  config->overlay = g_strdup ("{\"tools\":[" TOOL ("book_room") "]}");
  ASSERT_COMPLAINTS (config, "Call book_room.", NULL);
  config->update = g_strdup ("{\"instructions\":\"Call sell_room.\"}");
  ASSERT_COMPLAINTS (config, "Call book_room.", "sell_room", NULL);
}

/* What a server's tools are called is not known beforehand, unless we say. */
static void
test_check_mcp (void)
{
  g_autoptr (Rt2SessionConfig) config = rt2_session_config_new ();

  config->tools = g_strdup (
      "[{\"type\":\"mcp\",\"server_label\":\"docs\",\"server_url\":"
      "\"https://example.net\"}]");
  ASSERT_COMPLAINTS (config, "Call search_pages.", NULL);
  g_free (config->tools);
  config->tools = g_strdup (
      "[{\"type\":\"mcp\",\"server_label\":\"docs\",\"server_url\":"
      "\"https://example.net\",\"allowed_tools\":[\"search_pages\"]}]");
  ASSERT_COMPLAINTS (config, "Call search_pages.", NULL);
  ASSERT_COMPLAINTS (config, "Call erase_pages.", "erase_pages", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/promptcheck/table", test_table);
  g_test_add_func ("/promptcheck/realistic", test_realistic);
  g_test_add_func ("/promptcheck/many", test_many);
  g_test_add_func ("/promptcheck/large", test_large);
  g_test_add_func ("/promptcheck/mentions", test_mentions);
  g_test_add_func ("/promptcheck/check", test_check);
  g_test_add_func ("/promptcheck/builtins", test_check_builtins);
  g_test_add_func ("/promptcheck/overlay", test_check_overlay);
  g_test_add_func ("/promptcheck/mcp", test_check_mcp);
  return g_test_run ();
}
