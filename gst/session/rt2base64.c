/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Base64 by one table each way. Every second of conversation passes here twice,
 * so the loops hold no branch but their own.
 */
#include "rt2base64.h"

/* Marks a byte that is no base64 character; all values have these bits clear.
 */
#define INVALID 0xc0

static const gchar alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define XX INVALID
/* clang-format off */
static const guint8 values[256] = {
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, 62, XX, XX, XX, 63,
  52, 53, 54, 55, 56, 57, 58, 59, 60, 61, XX, XX, XX, XX, XX, XX,
  XX, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
  15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, XX, XX, XX, XX, XX,
  XX, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
  41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
  XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
};
/* clang-format on */
#undef XX

/* Encodes the last 1 or 2 bytes, with padding. */
static void
encode_tail (gchar *out, const guint8 *in, gsize n)
{
  guint bits = in[0] << 16 | (n > 1 ? in[1] << 8 : 0);

  out[0] = alphabet[bits >> 18];
  out[1] = alphabet[bits >> 12 & 63];
  out[2] = n > 1 ? alphabet[bits >> 6 & 63] : '=';
  out[3] = '=';
}

void
rt2_base64_append (GString *out, const guint8 *data, gsize size)
{
  gsize before = out->len;
  const guint8 *end = data + size - size % 3;
  gchar *to;

  g_string_set_size (out, before + (size / 3 + (size % 3 != 0)) * 4);
  to = out->str + before;
  for (; data < end; data += 3, to += 4) {
    guint bits = data[0] << 16 | data[1] << 8 | data[2];

    to[0] = alphabet[bits >> 18];
    to[1] = alphabet[bits >> 12 & 63];
    to[2] = alphabet[bits >> 6 & 63];
    to[3] = alphabet[bits & 63];
  }
  if (size % 3)
    encode_tail (to, data, size % 3);
}

/* The length of @text without its padding, or G_MAXSIZE if no base64 has such a
 * length or such padding. */
static gsize
strip_padding (const gchar *text, gsize size)
{
  gsize padding = 0;

  while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
    padding++;
  if (padding && size % 4 != 0)
    return G_MAXSIZE;
  if ((size - padding) % 4 == 1)
    return G_MAXSIZE;
  return size - padding;
}

/* Decodes the last 2 or 3 characters; returns their marks of invalidity. */
static guint8
decode_tail (guint8 *out, const guint8 *in, gsize n)
{
  guint8 a = values[in[0]], b = values[in[1]];
  guint8 c = n > 2 ? values[in[2]] : 0;

  out[0] = a << 2 | b >> 4;
  if (n > 2)
    out[1] = b << 4 | c >> 2;
  return a | b | c;
}

GBytes *
rt2_base64_decode (const gchar *text, gsize size)
{
  gsize length = strip_padding (text, size);
  const guint8 *from = (const guint8 *) text;
  guint8 *data, *to;
  guint8 marks = 0;
  gsize n_bytes;

  if (length == G_MAXSIZE)
    return NULL;
  n_bytes = length / 4 * 3 + (length % 4 ? length % 4 - 1 : 0);
  data = to = g_malloc (n_bytes);
  for (gsize i = length / 4; i > 0; i--, from += 4, to += 3) {
    guint8 a = values[from[0]], b = values[from[1]];
    guint8 c = values[from[2]], d = values[from[3]];

    marks |= a | b | c | d;
    to[0] = a << 2 | b >> 4;
    to[1] = b << 4 | c >> 2;
    to[2] = c << 6 | d;
  }
  if (length % 4)
    marks |= decode_tail (to, from, length % 4);
  if (marks & INVALID) {
    g_free (data);
    return NULL;
  }
  return g_bytes_new_take (data, n_bytes);
}
