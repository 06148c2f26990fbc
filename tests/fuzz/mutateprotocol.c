/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How libFuzzer mutates a message: mostly as JSON.
 */
#include "fuzz.h"

#include <string.h>

FUZZ_VISIBLE size_t LLVMFuzzerMutate (
    uint8_t *data, size_t size, size_t max_size);

size_t
LLVMFuzzerCustomMutator (
    uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
  GRand *random = g_rand_new_with_seed (seed);
  gchar *text = NULL;
  gsize length;

  if (g_rand_int_range (random, 0, 3) > 0)
    text = fuzz_mutate_json ((const gchar *) data, size, random);
  g_rand_free (random);
  length = text ? strlen (text) : 0;
  if (!text || length > max_size) {
    g_free (text);
    return LLVMFuzzerMutate (data, size, max_size);
  }
  memcpy (data, text, length);
  g_free (text);
  return length;
}
