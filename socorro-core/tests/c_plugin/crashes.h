/* Payloads and crashes of the storage in storage.c. */
#ifndef CRASHES_H
#define CRASHES_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socorro_plugin.h"
#include "text.h"

enum { ID_LEN = 36, NAME_MAX_LEN = 64, DAY_LEN = 6 };

/* ---- payloads: buffers that were moved to us, counted, given out again without a copy ---------------------- */

typedef struct blob {
  atomic_uint refs;
  socorro_buf buf;
} blob;

static void buf_release(socorro_buf buf) {
  if (buf.release != NULL) buf.release(buf.owner);
}

/* Takes the buffer over, also when it fails for want of memory. */
static blob *blob_take(socorro_buf buf) {
  blob *made = malloc(sizeof *made);
  if (made == NULL) {
    buf_release(buf);
    return NULL;
  }
  atomic_init(&made->refs, 1);
  made->buf = buf;
  return made;
}

static void blob_drop(void *owner) {
  blob *it = owner;
  if (it != NULL && atomic_fetch_sub(&it->refs, 1) == 1) {
    buf_release(it->buf);
    free(it);
  }
}

static socorro_buf blob_give(blob *it) {
  atomic_fetch_add(&it->refs, 1);
  return (socorro_buf){it->buf.ptr, it->buf.len, it, blob_drop};
}

/* Bytes from malloc, moved. */
static socorro_buf buf_of(void *bytes, size_t len) {
  return (socorro_buf){bytes, len, bytes, free};
}

/* ---- crashes, in the order of lists ------------------------------------------------------------------------ */

typedef struct dump {
  struct dump *next;
  char name[NAME_MAX_LEN + 1];
  blob *bytes;
  char *path; /* instead of bytes, until it is read */
} dump;

typedef struct crash {
  struct crash *next;
  char id[ID_LEN + 1];
  blob *raw;
  blob *processed;
  dump *dumps;
} crash;

static const char *day_of(const char *id) { return id + ID_LEN - DAY_LEN; }

static int compare_ids(const char *one, const char *other) {
  int days = strncmp(day_of(one), day_of(other), DAY_LEN);
  return days != 0 ? days : strcmp(one, other);
}

static void dumps_free(dump *it) {
  while (it != NULL) {
    dump *next = it->next;
    blob_drop(it->bytes);
    free(it->path);
    free(it);
    it = next;
  }
}

static void crash_free(crash *it) {
  blob_drop(it->raw);
  blob_drop(it->processed);
  dumps_free(it->dumps);
  free(it);
}

/* Where the crash is linked in, or would be. */
static crash **crash_place(crash **first, const char *id) {
  while (*first != NULL && compare_ids((*first)->id, id) < 0) first = &(*first)->next;
  return first;
}

static crash *crash_find(crash **first, const char *id) {
  crash *there = *crash_place(first, id);
  return there != NULL && strcmp(there->id, id) == 0 ? there : NULL;
}

/* The file's bytes; null when it cannot be read. */
static blob *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  text bytes = {0};
  if (file == NULL) return NULL;
  for (size_t got = 1; got != 0 && !bytes.failed; bytes.len += got) {
    if (bytes.room - bytes.len < 65536) {
      char *more = realloc(bytes.bytes, bytes.room * 2 + 65536);
      bytes.failed = more == NULL;
      if (bytes.failed) break;
      bytes.bytes = more;
      bytes.room = bytes.room * 2 + 65536;
    }
    got = fread(bytes.bytes + bytes.len, 1, bytes.room - bytes.len, file);
  }
  bool failed = ferror(file) != 0 || bytes.failed;
  fclose(file);
  if (!failed) return blob_take(buf_of(bytes.bytes, bytes.len));
  free(bytes.bytes);
  return NULL;
}

#endif
