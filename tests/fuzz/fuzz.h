/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the fuzz targets share. A target is one function that takes bytes and
 * ends the program if a rule is broken; libFuzzer calls it, or replay.c.
 */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

G_BEGIN_DECLS

#define FUZZ_VISIBLE __attribute__ ((visibility ("default")))

/* Names that libFuzzer knows. */
FUZZ_VISIBLE int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
FUZZ_VISIBLE size_t LLVMFuzzerCustomMutator (
    uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* Fails the program unless @condition. */
#define FUZZ_CHECK(condition)                                                  \
  do {                                                                         \
    if (G_UNLIKELY (!(condition)))                                             \
      fuzz_fail (G_STRLOC, #condition);                                        \
  } while (0)
void fuzz_fail (const gchar *where, const gchar *what) G_GNUC_NORETURN;

/* A warning of GLib's ends the program; g_debug() says nothing. To be called
 * first in each input. */
void fuzz_init (void);

/* @text is NULL, or UTF-8. */
void fuzz_check_text (const gchar *text);

/* Mutates one JSON object of @size bytes: members are replaced, taken out,
 * renamed, swapped. New text, or NULL if @text is none. */
gchar *fuzz_mutate_json (const gchar *text, gsize size, GRand *random);

G_END_DECLS
