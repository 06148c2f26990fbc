/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of tools in a prompt.
 */
#include "rt2promptcheck.h"

#include <string.h>

#include "rt2json.h"

/* Characters of the longest name that a tool may have. */
#define MAX_NAME 64

static gboolean
is_name_char (gchar c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-';
}

/* Whether @rest, what follows a word, makes it part of a file's name, a path,
 * or an address. */
static gboolean
goes_on (const gchar *rest)
{
  return *rest == '/' || *rest == '@'
      || (*rest == '.' && g_ascii_isalnum (rest[1]));
}

/* Whether the @n characters at @word, after @before, are meant as the name of a
 * tool. */
static gboolean
looks_like_tool (const gchar *word, gsize n, gchar before)
{
  if (n > MAX_NAME || !g_ascii_islower (*word))
    return FALSE;
  if (before == '`' && word[n] == '`')
    return TRUE;
  return memchr (word, '_', n) != NULL && !strchr (".@/?&$", before)
      && word[n - 1] != '_' && !goes_on (word + n);
}

/* Words that stand in back quotes as parameters do: what a tool that is offered
 * says of itself anywhere. */
static gboolean
is_of_a_tool (JsonArray *tools, const gchar *name)
{
  gboolean found = FALSE;

  for (guint i = 0; tools && !found && i < json_array_get_length (tools); i++) {
    JsonObject *tool = rt2_json_array_object (tools, i);
    gchar *text = tool ? rt2_json_to_text (tool) : g_strdup ("");

    found = rt2_prompt_mentions (text, name);
    g_free (text);
  }
  return found;
}

/* Whether @server brings tools whose names we do not know. */
static gboolean
is_open_server (JsonObject *server)
{
  return g_strcmp0 (rt2_json_string (server, "type"), "mcp") == 0
      && !rt2_json_array (server, "allowed_tools")
      && !rt2_json_array (
          rt2_json_object (server, "allowed_tools"), "tool_names");
}

static gboolean
has_open_server (JsonArray *tools)
{
  for (guint i = 0; tools && i < json_array_get_length (tools); i++)
    if (is_open_server (rt2_json_array_object (tools, i)))
      return TRUE;
  return FALSE;
}

GPtrArray *
rt2_prompt_unknown_tools (const gchar *instructions, JsonArray *tools)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const gchar *at = has_open_server (tools) ? "" : instructions;

  while (*at && names->len < RT2_PROMPT_MAX_NAMES) {
    gchar before = at > instructions ? at[-1] : ' ';
    gsize n = 0;
    gchar *name;

    while (is_name_char (at[n]))
      n++;
    if (n == 0) {
      at++;
      continue;
    }
    name = g_strndup (at, n);
    if (looks_like_tool (at, n, before) && !rt2_json_find (tools, "name", name)
        && !is_of_a_tool (tools, name)
        && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
      g_ptr_array_add (names, g_steal_pointer (&name));
    g_free (name);
    at += n;
  }
  return names;
}

gboolean
rt2_prompt_mentions (const gchar *instructions, const gchar *name)
{
  gsize n = strlen (name);

  for (const gchar *at = strstr (instructions, name); at;
       at = strstr (at + 1, name))
    if ((at == instructions || !is_name_char (at[-1])) && !is_name_char (at[n]))
      return TRUE;
  return FALSE;
}

static void
add_unknown (GPtrArray *complaints, const gchar *instructions, JsonArray *tools)
{
  GPtrArray *names = rt2_prompt_unknown_tools (instructions, tools);

  for (guint i = 0; i < names->len; i++)
    g_ptr_array_add (complaints,
        g_strdup_printf ("The instructions name \"%s\", but no such tool is "
                         "offered. Offer it in tools, or leave it out.",
            (const gchar *) g_ptr_array_index (names, i)));
  g_ptr_array_unref (names);
}

static void
add_unmentioned (
    GPtrArray *complaints, const gchar *instructions, guint builtin_tools)
{
  for (guint tool = 1; tool <= builtin_tools; tool <<= 1) {
    const gchar *name = builtin_tools & tool ? rt2_builtin_name (tool) : NULL;

    if (name && !rt2_prompt_mentions (instructions, name))
      g_ptr_array_add (complaints,
          g_strdup_printf ("The tool \"%s\" is offered, but the instructions "
                           "do not say when to use it. Add a line about it.",
              name));
  }
}

GPtrArray *
rt2_prompt_check (const Rt2SessionConfig *config)
{
  GPtrArray *complaints = g_ptr_array_new_with_free_func (g_free);
  JsonObject *session = rt2_session_config_build (config, FALSE);
  const gchar *instructions = rt2_json_string (session, "instructions");

  if (instructions && *instructions) {
    add_unknown (complaints, instructions, rt2_json_array (session, "tools"));
    add_unmentioned (complaints, instructions, config->builtin_tools);
  }
  json_object_unref (session);
  return complaints;
}
