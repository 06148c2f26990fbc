/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Refused members, by path.
 */
#include "rt2refused.h"

#include <string.h>

#include "rt2json.h"

#define PREFIX "session."

typedef struct {
  gchar **path;
  gchar *value;       /* JSON text of what was refused */
  JsonNode *accepted; /* what to have instead; NULL = nothing */
} Member;

struct _Rt2Refused {
  GPtrArray *members; /* Member, no two of one path */
};

static void
member_free (gpointer data)
{
  Member *member = data;

  g_strfreev (member->path);
  g_free (member->value);
  g_clear_pointer (&member->accepted, json_node_unref);
  g_free (member);
}

Rt2Refused *
rt2_refused_new (void)
{
  Rt2Refused *refused = g_new0 (Rt2Refused, 1);

  refused->members = g_ptr_array_new_with_free_func (member_free);
  return refused;
}

void
rt2_refused_free (Rt2Refused *refused)
{
  g_ptr_array_unref (refused->members);
  g_free (refused);
}

/* --- paths --- */

/* The object that has, or would have, the last name of @path; NULL if it is not
 * there. @name is set to that name. */
static JsonObject *
holder_of (JsonObject *object, gchar **path, const gchar **name)
{
  for (; object && path[1]; path++)
    object = rt2_json_object (object, *path);
  *name = *path;
  return object;
}

/* New string; NULL if it is not there. */
static gchar *
text_at (JsonObject *object, gchar **path)
{
  const gchar *name;
  JsonObject *holder = holder_of (object, path, &name);

  return holder ? rt2_json_member_text (holder, name) : NULL;
}

/* What is inside an array stands and falls with it. NULL if nothing is left. */
static gchar **
parse_path (const gchar *param)
{
  gchar *text, **path;

  if (!param)
    return NULL;
  if (g_str_has_prefix (param, PREFIX))
    param += strlen (PREFIX);
  text = g_strndup (param, strcspn (param, "["));
  path = g_strsplit (text, ".", -1);
  g_free (text);
  if (!*path)
    g_clear_pointer (&path, g_strfreev);
  return path;
}

static void
shorten (gchar **path)
{
  guint n = g_strv_length (path);

  g_clear_pointer (&path[n - 1], g_free);
}

/* Whether @sent has something at @path that @accepted has not. */
static gboolean
differs (JsonObject *sent, JsonObject *accepted, gchar **path)
{
  gchar *now = text_at (sent, path);
  gchar *before = text_at (accepted, path);
  gboolean result = now && g_strcmp0 (now, before) != 0;

  g_free (now);
  g_free (before);
  return result;
}

/* --- noting --- */

static gboolean
same_path (gconstpointer member, gconstpointer path)
{
  return g_strv_equal (
      (const gchar *const *) ((const Member *) member)->path, path);
}

/* Takes @path. */
static void
add (Rt2Refused *refused, gchar **path, JsonObject *sent, JsonObject *accepted)
{
  Member *member = g_new0 (Member, 1);
  const gchar *name;
  JsonObject *before = holder_of (accepted, path, &name);
  guint i;

  if (g_ptr_array_find_with_equal_func (refused->members, path, same_path, &i))
    g_ptr_array_remove_index (refused->members, i);
  member->path = path;
  member->value = text_at (sent, path);
  if (json_object_has_member (before, name))
    member->accepted = json_node_copy (json_object_get_member (before, name));
  g_ptr_array_add (refused->members, member);
}

gboolean
rt2_refused_note (Rt2Refused *refused, const gchar *param, JsonObject *sent,
    JsonObject *accepted)
{
  gchar **path = parse_path (param);
  const gchar *name;

  if (!path)
    return FALSE;
  /* A member that is said to be missing is missing in another. */
  if (!differs (sent, accepted, path) && path[1])
    shorten (path);
  if (!differs (sent, accepted, path)) {
    g_strfreev (path);
    return FALSE;
  }
  /* What came with its member goes with it. */
  while (path[1] && !holder_of (accepted, path, &name))
    shorten (path);
  add (refused, path, sent, accepted);
  return TRUE;
}

/* --- using --- */

static gboolean
is_asked_for (const Member *member, JsonObject *session)
{
  gchar *value = text_at (session, member->path);
  gboolean result = g_strcmp0 (value, member->value) == 0;

  g_free (value);
  return result;
}

void
rt2_refused_review (Rt2Refused *refused, JsonObject *wanted)
{
  for (guint i = refused->members->len; i > 0; i--)
    if (!is_asked_for (g_ptr_array_index (refused->members, i - 1), wanted))
      g_ptr_array_remove_index (refused->members, i - 1);
}

static void
put_back (const Member *member, JsonObject *session)
{
  const gchar *name;
  JsonObject *holder = holder_of (session, member->path, &name);

  if (member->accepted)
    json_object_set_member (holder, name, json_node_copy (member->accepted));
  else
    json_object_remove_member (holder, name);
}

void
rt2_refused_apply (Rt2Refused *refused, JsonObject *session)
{
  for (guint i = 0; i < refused->members->len; i++) {
    const Member *member = g_ptr_array_index (refused->members, i);

    if (is_asked_for (member, session))
      put_back (member, session);
  }
}
