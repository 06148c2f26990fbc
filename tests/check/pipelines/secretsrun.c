/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A run of the element with secrets in it, as loud as it can be, and then a
 * look for what is left of them in this process. The secrets come masked and
 * are kept so: what is found in clear is somebody else's copy.
 *
 * secretsrun STEPS [PROPERTY=VALUE | @NAME=MASKED-SECRET | +CA-FILE]...
 *
 * STEPS, with commas between, are names of messages to wait for, and
 * !new-key: the secret of that name is set for `api-key`.
 *
 * Writes to stdout all messages of the bus, and all that can be read of the
 * element: each property, and what gst-launch-1.0 -v writes. The last lines are
 * "ready NAME N" and "left NAME N", copies in READY and at the end in the
 * writable memory of this process, "freed NAME N", blocks that code of the
 * element gave back with a copy in them, and "others NAME N", likewise
 * libraries; before them "stack NAME ...", who.
 *
 * With SECRETS_OVERWRITE in the environment what is freed is overwritten.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <gio/gio.h>
#include <gst/gst.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MASK 0x5a
/* Over what is freed. */
#define FREED 0xa5
#define MAX_SECRETS 8
#define MAX_SECRET 256
/* Frames of a stack that are looked at. */
#define DEPTH 16
#define MAX_STACKS 32

/* Who freed a block with a copy in it. */
typedef struct {
  gpointer frames[DEPTH];
  gint n;
  guint times;
} Stack;

typedef struct {
  const gchar *name; /* of the arguments */
  guint8 masked[MAX_SECRET];
  gsize size;
  guint ready;  /* copies in memory once the element is in READY */
  guint left;   /* at the end */
  guint freed;  /* blocks that the element freed with a copy */
  guint others; /* likewise libraries */
  Stack stacks[MAX_STACKS];
  guint n_stacks;
} Secret;

static Secret secrets[MAX_SECRETS];
static guint n_secrets;
static gint watching; /* blocks that are freed are looked at */
static __thread gboolean looking;
static gboolean overwriting; /* what is freed: libc does not, see the head */

extern void __libc_free (void *block);
extern void *__libc_realloc (void *block, size_t size);

/* --- looking --- */

static gboolean
is_at (const guint8 *at, const Secret *secret)
{
  for (gsize i = 0; i < secret->size; i++)
    if ((at[i] ^ MASK) != secret->masked[i])
      return FALSE;
  return TRUE;
}

static guint
count_in (const guint8 *from, gsize size, const Secret *secret)
{
  const guint8 *end = from + size;
  guint n = 0;

  while (secret->size > 0 && (gsize) (end - from) >= secret->size) {
    from = memchr (from, secret->masked[0] ^ MASK, end - from);
    if (!from || (gsize) (end - from) < secret->size)
      break;
    n += is_at (from, secret);
    from++;
  }
  return n;
}

static const gchar *
module_of (gpointer address)
{
  Dl_info info;
  const gchar *slash;

  if (!dladdr (address, &info) || !info.dli_fname)
    return "?";
  slash = strrchr (info.dli_fname, '/');
  return slash ? slash + 1 : info.dli_fname;
}

static void
note_stack (Secret *secret, gpointer *frames, gint n)
{
  Stack *stack = secret->stacks;

  while (stack < secret->stacks + secret->n_stacks
      && (stack->n != n || memcmp (stack->frames, frames, n * sizeof *frames)))
    stack++;
  if (stack == secret->stacks + MAX_STACKS)
    return;
  if (stack == secret->stacks + secret->n_stacks)
    secret->n_stacks++;
  memcpy (stack->frames, frames, n * sizeof *frames);
  stack->n = n;
  stack->times++;
}

/* Whose block it is: of who called GLib or libc to give it back. */
static void
blame (Secret *secret)
{
  gpointer frames[DEPTH];
  gint n = backtrace (frames, DEPTH);

  note_stack (secret, frames, n);
  for (gint i = 2; i < n; i++) {
    const gchar *module = module_of (frames[i]);

    if (g_str_has_prefix (module, "libglib")
        || g_str_has_prefix (module, "libc."))
      continue;
    if (strstr (module, "realtime2"))
      secret->freed++;
    else
      secret->others++;
    return;
  }
  secret->others++;
}

static void
look_at_freed (void *block, gsize size)
{
  if (!block || looking || !g_atomic_int_get (&watching))
    return;
  looking = TRUE;
  for (guint i = 0; i < n_secrets; i++)
    if (count_in (block, size, &secrets[i]) > 0)
      blame (&secrets[i]);
  looking = FALSE;
}

/* In place of libc's, for all of this process. */
__attribute__ ((visibility ("default"))) void
free (void *block)
{
  gsize size = block ? malloc_usable_size (block) : 0;

  if (block)
    look_at_freed (block, size);
  if (block && overwriting)
    memset (block, FREED, size);
  __libc_free (block);
}

/* A block that grows may have to be moved, and then the old one is given back.
 * So it always is here. */
__attribute__ ((visibility ("default"))) void *
realloc (void *block, size_t size)
{
  gsize before = block ? malloc_usable_size (block) : 0;
  void *moved;

  if (!block || size == 0 || size <= before)
    return __libc_realloc (block, size);
  moved = malloc (size);
  if (moved)
    memcpy (moved, block, before);
  if (moved)
    free (block);
  return moved;
}

/* --- what is left --- */

/* Everything that may be written to, but the stacks of this program's own
 * threads and what the kernel keeps for itself. */
static gboolean
is_writable (const gchar *line, gulong *from, gulong *to)
{
  gchar rights[8];

  return sscanf (line, "%lx-%lx %7s", from, to, rights) == 3 && rights[0] == 'r'
      && rights[1] == 'w' && !strstr (line, "[vvar]")
      && !strstr (line, "[vsyscall]") && !strstr (line, "/dev/");
}

/* In place: a copy of the memory would be one more copy. */
static void
look_at_memory (gboolean at_end)
{
  static gchar lines[4096][160];
  FILE *maps = fopen ("/proc/self/maps", "re");
  guint n = 0;
  gulong from, to;

  while (n < G_N_ELEMENTS (lines) && fgets (lines[n], sizeof lines[n], maps))
    n++;
  fclose (maps);
  for (guint i = 0; i < n; i++)
    if (is_writable (lines[i], &from, &to))
      for (guint k = 0; k < n_secrets; k++)
        *(at_end ? &secrets[k].left : &secrets[k].ready) += count_in (
            (const guint8 *) from, to - from, &secrets[k]);
}

static void
print_stack (const gchar *name, const Stack *stack)
{
  printf ("stack %s %u times:", name, stack->times);
  for (gint i = 2; i < stack->n; i++) {
    Dl_info info;
    gboolean known = dladdr (stack->frames[i], &info) && info.dli_fname;

    printf (" %s(%s+0x%tx)", module_of (stack->frames[i]),
        known && info.dli_sname ? info.dli_sname : "",
        known ? (gchar *) stack->frames[i] - (gchar *) info.dli_fbase : 0);
  }
  printf ("\n");
}

static void
report (void)
{
  for (guint i = 0; i < n_secrets; i++) {
    const Secret *secret = &secrets[i];

    for (guint k = 0; k < secret->n_stacks; k++)
      print_stack (secret->name, &secret->stacks[k]);
    printf ("ready %s %u\nleft %s %u\nfreed %s %u\nothers %s %u\n",
        secret->name, secret->ready, secret->name, secret->left, secret->name,
        secret->freed, secret->name, secret->others);
  }
}

/* --- the run --- */

static void
take_secret (const gchar *name, const gchar *hex)
{
  Secret *secret = &secrets[n_secrets++];

  g_assert (n_secrets <= MAX_SECRETS);
  secret->name = name;
  secret->size = strlen (hex) / 2;
  g_assert (secret->size < MAX_SECRET);
  for (gsize i = 0; i < secret->size; i++)
    secret->masked[i] = g_ascii_xdigit_value (hex[2 * i]) * 16
        + g_ascii_xdigit_value (hex[2 * i + 1]);
}

static const Secret *
find_secret (const gchar *name)
{
  for (guint i = 0; i < n_secrets; i++)
    if (g_str_equal (secrets[i].name, name))
      return &secrets[i];
  return NULL;
}

/* In clear, until put_away(). */
static gchar clear[MAX_SECRET];

static const gchar *
take_out (const gchar *name)
{
  const Secret *secret = find_secret (name);

  for (gsize i = 0; i < secret->size; i++)
    clear[i] = secret->masked[i] ^ MASK;
  clear[secret->size] = '\0';
  return clear;
}

static void
put_away (void)
{
  explicit_bzero (clear, sizeof clear);
}

static void
set_secret (GstElement *ai, const gchar *property, const gchar *name)
{
  if (find_secret (name))
    g_object_set (ai, property, take_out (name), NULL);
  put_away ();
}

/* This program's own. */
static void
wipe_field (GstStructure *fields, const gchar *name)
{
  const gchar *value = gst_structure_get_string (fields, name);

  explicit_bzero ((gpointer) value, strlen (value));
}

static void
set_token (GstElement *ai)
{
  GstStructure *headers = gst_structure_new (
      "headers", "X-Token", G_TYPE_STRING, take_out ("token"), NULL);

  g_object_set (ai, "extra-headers", headers, NULL);
  wipe_field (headers, "X-Token");
  gst_structure_free (headers);
  put_away ();
}

static void
trust (GstElement *ai, const gchar *ca)
{
  GTlsDatabase *database = g_tls_file_database_new (ca, NULL);

  g_object_set (ai, "tls-database", database, NULL);
  g_object_unref (database);
}

static void
configure (GstElement *ai, gchar **arguments)
{
  gboolean in_file = FALSE;

  g_object_set (ai, "post-server-events", TRUE, "retry-backoff-max",
      50 * GST_MSECOND, "tool-exec",
      "{\"look\": [\"sh\", \"-c\", \"tr '\\\\000' '\\\\n' "
      "< /proc/self/environ; tr '\\\\000' '\\\\n' < /proc/$PPID/cmdline\"]}",
      "tools", "[{\"type\":\"function\",\"name\":\"look\"}]", NULL);
  for (guint i = 0; arguments[i]; i++) {
    g_auto (GStrv) parts = g_strsplit (arguments[i], "=", 2);

    if (arguments[i][0] == '+')
      trust (ai, arguments[i] + 1);
    else if (arguments[i][0] != '@')
      gst_util_set_object_arg (G_OBJECT (ai), parts[0], parts[1]);
    in_file |= g_str_equal (parts[0], "api-key-file");
  }
  set_token (ai);
  set_secret (ai, "proxy", "proxy");
  set_secret (ai, "fallback-api-key", "fallback-key");
  if (!in_file)
    set_secret (ai, "api-key", "key");
}

/* As an application does that writes them down. */
static void
show_property (GObject *ai, const GParamSpec *pspec)
{
  GValue value = G_VALUE_INIT;
  gchar *text;

  if (!(pspec->flags & G_PARAM_READABLE)) {
    printf ("property %s: can't be read\n", pspec->name);
    return;
  }
  g_value_init (&value, pspec->value_type);
  g_object_get_property (ai, pspec->name, &value);
  text = g_strdup_value_contents (&value);
  printf ("property %s: %s\n", pspec->name, text);
  g_free (text);
  g_value_unset (&value);
}

/* All there is to be seen of @pipeline from outside. */
static void
show (GstElement *pipeline, GstElement *ai, const gchar *when)
{
  guint n;
  GParamSpec **pspecs = g_object_class_list_properties (
      G_OBJECT_GET_CLASS (ai), &n);

  GST_DEBUG_BIN_TO_DOT_FILE_WITH_TS (
      GST_BIN (pipeline), GST_DEBUG_GRAPH_SHOW_ALL, when);
  for (guint i = 0; i < n; i++)
    show_property (G_OBJECT (ai), pspecs[i]);
  g_free (pspecs);
}

static void
print_message (GstMessage *message)
{
  const GstStructure *fields = gst_message_get_structure (message);
  gchar *text = fields ? gst_structure_to_string (fields) : NULL;

  printf ("%s %s\n", GST_MESSAGE_TYPE_NAME (message), text ? text : "");
  g_free (text);
}

/* Until the message @name, or an error. */
static void
run_to (GstElement *pipeline, const gchar *name)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  gboolean over = FALSE;

  while (!over) {
    GstMessage *message = gst_bus_timed_pop (bus, 20 * GST_SECOND);

    if (!message)
      g_error ("no %s came", name);
    print_message (message);
    over = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR
        || gst_message_has_name (message, name);
    gst_message_unref (message);
  }
  gst_object_unref (bus);
}

static void
converse (gchar **steps, gchar **arguments)
{
  GstElement *pipeline = gst_parse_launch (
      "audiotestsrc is-live=true wave=ticks ! realtime2 name=ai ! fakesink",
      NULL);
  GstElement *ai = gst_bin_get_by_name (GST_BIN (pipeline), "ai");

  g_signal_connect (pipeline, "deep-notify",
      G_CALLBACK (gst_object_default_deep_notify), NULL);
  configure (ai, arguments);
  show (pipeline, ai, "before");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  for (guint i = 0; steps[i]; i++)
    if (steps[i][0] == '!')
      set_secret (ai, "api-key", steps[i] + 1);
    else
      run_to (pipeline, steps[i]);
  show (pipeline, ai, "playing");
  gst_element_set_state (pipeline, GST_STATE_READY);
  look_at_memory (FALSE);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  show (pipeline, ai, "after");
  gst_object_unref (ai);
  gst_object_unref (pipeline);
}

/* What must be found: one copy that is kept, and one that is freed. */
static gchar *
leave_control (void)
{
  gchar *kept = g_strdup (take_out ("control"));

  g_free (g_strdup (clear));
  put_away ();
  return kept;
}

static void
take_secrets (gchar **arguments)
{
  for (guint i = 0; arguments[i]; i++) {
    gchar *hex = strchr (arguments[i], '=');

    if (arguments[i][0] != '@')
      continue;
    take_secret (g_strndup (arguments[i] + 1, hex - arguments[i] - 1), hex + 1);
  }
}

int
main (int argc, char **argv)
{
  gpointer frames[DEPTH];
  gchar **steps, *kept;

  overwriting = g_getenv ("SECRETS_OVERWRITE") != NULL;
  take_secrets (argv + 2);
  backtrace (frames, DEPTH); /* which loads a library the first time */
  gst_init (NULL, NULL);
  steps = g_strsplit (argv[1], ",", -1);
  g_atomic_int_set (&watching, 1);
  kept = leave_control ();
  converse (steps, argv + 2);
  g_atomic_int_set (&watching, 0);
  g_strfreev (steps);
  fflush (stdout);
  look_at_memory (TRUE);
  report ();
  g_free (kept);
  return 0;
}
