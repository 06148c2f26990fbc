/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What both parts of the preloaded library are made of: functions of GLib's
 * names, found before its own, that call them.
 */
#pragma once

#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <gst/gst.h>
#include <stdlib.h>

#pragma GCC visibility push(default)

static inline void *
find_real (void **real, const char *name)
{
  void *found = __atomic_load_n (real, __ATOMIC_RELAXED);

  if (found == NULL) {
    found = dlsym (RTLD_NEXT, name);
    if (found == NULL)
      abort ();
    __atomic_store_n (real, found, __ATOMIC_RELAXED);
  }
  return found;
}

/* The function of this name in the library. */
#define REAL(name)                                                             \
  ({                                                                           \
    static void *real;                                                         \
    (__typeof__ (&name)) find_real (&real, #name);                             \
  })
