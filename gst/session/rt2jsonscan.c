/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A walk over JSON text by the grammar of RFC 8259. It recurses, but never
 * deeper than RT2_JSON_MAX_DEPTH. Valid text that json-glib 1.6 misreads is
 * rewritten on the way:
 *   "\u0000" (cuts the string), lone surrogates (invalid UTF-8) -> "\ufffd"
 *   integers beyond 64 bits (wrap around)                       -> doubles
 *   numbers beyond the range of doubles (become inf)            -> null
 */
#include "rt2jsonscan.h"

#include <math.h>
#include <string.h>
#include "rt2json.h"

typedef struct {
  const gchar *start, *end; /* the text, not NUL-terminated */
  const gchar *at;          /* the next byte to read */
  const gchar *copied;      /* all text before it is in `rewritten` */
  GString *rewritten;       /* NULL while the text is good as it is */
  guint depth;              /* open arrays and objects */
  guint n_values;
  GError **error;
} Scan;

static gboolean scan_value (Scan *scan);

static gboolean
fail (Scan *scan, Rt2JsonError code, const gchar *what)
{
  g_set_error (scan->error, RT2_JSON_ERROR, code, "%s at byte %" G_GSIZE_FORMAT,
      what, (gsize) (scan->at - scan->start));
  return FALSE;
}

static gboolean
fail_syntax (Scan *scan, const gchar *what)
{
  return fail (scan, RT2_JSON_ERROR_SYNTAX, what);
}

/* Puts @with in the place of the text from @from up to where the scan is. */
static void
rewrite (Scan *scan, const gchar *from, const gchar *with)
{
  if (!scan->rewritten)
    scan->rewritten = g_string_sized_new (scan->end - scan->start + 16);
  g_string_append_len (scan->rewritten, scan->copied, from - scan->copied);
  g_string_append (scan->rewritten, with);
  scan->copied = scan->at;
}

/* The next byte; 0, which is nowhere valid, at the end. */
static gchar
peek (const Scan *scan)
{
  return scan->at < scan->end ? *scan->at : 0;
}

static gboolean
take (Scan *scan, gchar c)
{
  if (scan->at >= scan->end || *scan->at != c)
    return FALSE;
  scan->at++;
  return TRUE;
}

static void
skip_space (Scan *scan)
{
  while (scan->at < scan->end
      && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r'
          || *scan->at == '\t'))
    scan->at++;
}

static gboolean
scan_literal (Scan *scan, const gchar *word)
{
  gsize length = strlen (word);

  if ((gsize) (scan->end - scan->at) < length
      || memcmp (scan->at, word, length) != 0)
    return fail_syntax (scan, "an unknown word");
  scan->at += length;
  return TRUE;
}

/* One or more digits. */
static gboolean
scan_digits (Scan *scan)
{
  if (!g_ascii_isdigit (peek (scan)))
    return fail_syntax (scan, "a digit is missing");
  while (g_ascii_isdigit (peek (scan)))
    scan->at++;
  return TRUE;
}

/* Whether the integer from @from to @to, maybe negative, fits in a gint64. */
static gboolean
fits_int64 (const gchar *from, const gchar *to)
{
  guint64 limit = (guint64) G_MAXINT64 + (*from == '-');
  guint64 value = 0;

  for (from += *from == '-'; from < to; from++) {
    guint digit = *from - '0';

    if (value > (limit - digit) / 10)
      return FALSE;
    value = value * 10 + digit;
  }
  return TRUE;
}

/* Rewrites the number that begins at @from if json-glib would misread it. */
static void
check_range (Scan *scan, const gchar *from, gboolean whole, gboolean exponent)
{
  gboolean wraps = whole && !fits_int64 (from, scan->at);

  /* Only an exponent, or hundreds of digits, can leave the range. */
  if (exponent || scan->at - from > 300) {
    g_autofree gchar *number = g_strndup (from, scan->at - from);

    if (!isfinite (g_ascii_strtod (number, NULL))) {
      rewrite (scan, from, "null");
      return;
    }
  }
  if (wraps)
    rewrite (scan, scan->at, ".0");
}

static gboolean
scan_number (Scan *scan)
{
  const gchar *from = scan->at;
  gboolean fraction = FALSE, exponent = FALSE;

  take (scan, '-');
  if (!take (scan, '0') && !scan_digits (scan))
    return FALSE;
  if (take (scan, '.')) {
    fraction = TRUE;
    if (!scan_digits (scan))
      return FALSE;
  }
  if (take (scan, 'e') || take (scan, 'E')) {
    exponent = TRUE;
    if (!take (scan, '+'))
      take (scan, '-');
    if (!scan_digits (scan))
      return FALSE;
  }
  check_range (scan, from, !fraction && !exponent, exponent);
  return TRUE;
}

/* Reads the "\uXXXX" at @at, if there is one, into *unit. */
static gboolean
read_unit (const Scan *scan, const gchar *at, guint *unit)
{
  if (scan->end - at < 6 || at[0] != '\\' || at[1] != 'u')
    return FALSE;
  *unit = 0;
  for (guint i = 2; i < 6; i++) {
    gint digit = g_ascii_xdigit_value (at[i]);

    if (digit < 0)
      return FALSE;
    *unit = *unit << 4 | digit;
  }
  return TRUE;
}

static gboolean
scan_unit (Scan *scan)
{
  const gchar *from = scan->at;
  guint unit, low;

  if (!read_unit (scan, from, &unit))
    return fail_syntax (scan, "\\u without four hexadecimal digits");
  scan->at += 6;
  if ((unit & 0xfc00) == 0xd800 && read_unit (scan, scan->at, &low)
      && (low & 0xfc00) == 0xdc00)
    scan->at += 6;
  else if (unit == 0 || (unit & 0xf800) == 0xd800)
    rewrite (scan, from, "\\ufffd");
  return TRUE;
}

static gboolean
scan_escape (Scan *scan)
{
  gchar c = scan->end - scan->at > 1 ? scan->at[1] : 0;

  if (c == 'u')
    return scan_unit (scan);
  if (c == 0 || !strchr ("\"\\/bfnrt", c))
    return fail_syntax (scan, "an unknown escape");
  scan->at += 2;
  return TRUE;
}

static gboolean
scan_string (Scan *scan)
{
  if (!take (scan, '"'))
    return fail_syntax (scan, "a quote is missing");
  while (scan->at < scan->end) {
    guchar c = *scan->at;

    if (c == '"') {
      scan->at++;
      return TRUE;
    }
    if (c < 0x20)
      return fail_syntax (scan, "a control character in a string");
    if (c != '\\')
      scan->at++;
    else if (!scan_escape (scan))
      return FALSE;
  }
  return fail_syntax (scan, "a string without its closing quote");
}

/* The elements of an array, after its bracket. */
static gboolean
scan_elements (Scan *scan)
{
  skip_space (scan);
  if (take (scan, ']'))
    return TRUE;
  do {
    if (!scan_value (scan))
      return FALSE;
  } while (take (scan, ','));
  return take (scan, ']')
      || fail_syntax (scan, "a comma or closing bracket is missing");
}

/* The members of an object, after its brace. */
static gboolean
scan_members (Scan *scan)
{
  guint n_members = 0;

  skip_space (scan);
  if (take (scan, '}'))
    return TRUE;
  do {
    if (++n_members > RT2_JSON_MAX_MEMBERS)
      return fail (scan, RT2_JSON_ERROR_SIZE, "too many members");
    skip_space (scan);
    if (!scan_string (scan))
      return FALSE;
    skip_space (scan);
    if (!take (scan, ':'))
      return fail_syntax (scan, "a colon is missing");
    if (!scan_value (scan))
      return FALSE;
  } while (take (scan, ','));
  return take (scan, '}')
      || fail_syntax (scan, "a comma or closing brace is missing");
}

static gboolean
scan_container (Scan *scan)
{
  gboolean is_object = *scan->at == '{';
  gboolean good;

  if (scan->depth == RT2_JSON_MAX_DEPTH)
    return fail (scan, RT2_JSON_ERROR_DEPTH, "nested too deeply");
  scan->at++;
  scan->depth++;
  good = is_object ? scan_members (scan) : scan_elements (scan);
  scan->depth--;
  return good;
}

static gboolean
scan_bare_value (Scan *scan)
{
  switch (peek (scan)) {
    case '{':
    case '[':
      return scan_container (scan);
    case '"':
      return scan_string (scan);
    case 't':
      return scan_literal (scan, "true");
    case 'f':
      return scan_literal (scan, "false");
    case 'n':
      return scan_literal (scan, "null");
    case '-':
      return scan_number (scan);
    default:
      if (g_ascii_isdigit (peek (scan)))
        return scan_number (scan);
      return fail_syntax (scan, "a value is missing");
  }
}

/* One value and the white space around it. */
static gboolean
scan_value (Scan *scan)
{
  if (++scan->n_values > RT2_JSON_MAX_VALUES)
    return fail (scan, RT2_JSON_ERROR_SIZE, "too many values");
  skip_space (scan);
  if (!scan_bare_value (scan))
    return FALSE;
  skip_space (scan);
  return TRUE;
}

static gboolean
scan_text (Scan *scan)
{
  const gchar *invalid;

  if (scan->end - scan->start > G_MAXINT32)
    return fail (scan, RT2_JSON_ERROR_SIZE, "too long");
  if (!g_utf8_validate_len (scan->start, scan->end - scan->start, &invalid)) {
    scan->at = invalid;
    return fail (scan, RT2_JSON_ERROR_UTF8, "not valid UTF-8");
  }
  if (!scan_value (scan))
    return FALSE;
  return scan->at == scan->end || fail_syntax (scan, "text after the value");
}

gboolean
rt2_json_scan (
    const gchar *text, gsize size, GString **rewritten, GError **error)
{
  Scan scan = {
    .start = text,
    .end = text + size,
    .at = text,
    .copied = text,
    .error = error,
  };

  *rewritten = NULL;
  if (!scan_text (&scan)) {
    if (scan.rewritten)
      g_string_free (scan.rewritten, TRUE);
    return FALSE;
  }
  if (scan.rewritten)
    g_string_append_len (scan.rewritten, scan.copied, scan.end - scan.copied);
  *rewritten = scan.rewritten;
  return TRUE;
}
